"""The steps of a task of MTEB, which `mteb` runs: they encode the texts that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from crosslift.encoders.encoder_settings import Side
from crosslift.making.evaluate_mteb import MtebJob, evaluate_mteb_task
from crosslift.making.loaded_target import Loaded
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.steps.step import Step
from crosslift.targets.evaluate_mteb import Role

_SIDES: Mapping[Role, Side] = {"query": "src", "document": "tgt"}


def mteb_steps(encoder: Trained | ObjectEncoder, loaded: Loaded[Any]) -> dict[str, Step]:
    """Scores each subset of a task: `outcomes.parquet`, one row for each item, `mteb.json` with all
    scores of MTEB, and `reading.json`, how the texts were read.

    Which texts are encoded follows from the task: a clustering samples a few of them.

    Args:
        encoder: the encoder.
        loaded: the task.

    Returns:
        Language -> its step.
    """
    encoders: dict[Role, Trained | ObjectEncoder] = {"": encoder}
    for role, side in _SIDES.items():
        encoders[role] = encoder.of_side(loaded.settings, side)
    protocols = [protocol.facts() for protocol in loaded.protocols]
    return {
        language: Step(
            kind="mteb",
            label=f"{loaded.target.name}, {language}",
            settings={
                "target": loaded.target.name,
                "protocols": protocols,
                "data": part.checksum,
                "encoder": encoder.facts,
                "roles": {role: each.facts for role, each in encoders.items() if role},
                "mteb": version("mteb"),
            },
            inputs=encoder.inputs,
            make=evaluate_mteb_task,
            work=len(part.texts),
            job=MtebJob(part, encoders),
            group=loaded.target.name,
            devices=encoder.devices,
        )
        for language, part in loaded.by_language.items()
    }
