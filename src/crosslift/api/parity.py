"""Measures what an export changed: the same texts and queries, before and after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crosslift.api.compare import compare_outcomes
from crosslift.api.compared_sides import with_seed
from crosslift.api.session import outcomes_of_loaded
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import with_prompt_text
from crosslift.encoders.encoder_settings import EncoderSettings, Precision, Side
from crosslift.encoders.graphs.graph_facts import graph_in
from crosslift.errors import EncoderError, StudyError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.trained import Trained
from crosslift.planning.load_target import load_target
from crosslift.planning.text_steps import encode_steps
from crosslift.results.parity import Parity
from crosslift.targets.all_targets import find_target
from crosslift.targets.protocol import OURS
from crosslift.targets.target_settings import TargetSettings

_SIDES: tuple[Side, ...] = ("src", "tgt")
_POINTS = 100


def measure_parity(
    before: Trained, folder: Path, target: TargetSettings, allowed_loss: float, store: Store
) -> Parity:
    """Compares an exported encoder with the encoder that it was exported from, in float32.

    Args:
        before: the encoder that was exported.
        folder: folder of the export.
        target: settings of a target of texts.
        allowed_loss: points that the export may lose.
        store: holds the artifacts of the encoder, and keeps the vectors.

    Raises:
        StudyError: an encoder alone cannot be measured on the target.
        DataError, EncoderError: data or export cannot be used.
    """
    whole = replace(before, settings=before.settings.model_copy(update={"precision": "float32"}))
    exported = Trained.untouched(_settings(folder))
    loaded = _loaded(target, before.settings)
    outcomes = tuple(with_seed(outcomes_of_loaded(e, loaded, store)) for e in (whole, exported))
    compared = compare_outcomes(
        target.name,
        loaded.target.metric,
        (before.name, str(folder)),
        (outcomes[0], outcomes[1]),
        trained=False,
    )
    cosines = _cosines(whole, exported, loaded, store)
    change = compared.macro
    return Parity(
        target=target.name,
        metric=compared.metric,
        protocol=compared.protocol,
        queries=change.n_queries,
        before=change.first,
        after=change.second,
        change=change.difference,
        low=change.low,
        high=change.high,
        texts=len(cosines),
        mean_cosine=float(cosines.mean()),
        least_cosine=float(cosines.min()),
        allowed_loss=allowed_loss,
    )


def check_parity(parity: Parity) -> None:
    """Raises if an export lost more than it may.

    Raises:
        EncoderError: it lost more.
    """
    loss = -parity.change * _POINTS
    if loss > parity.allowed_loss:
        low, high = -parity.high * _POINTS, -parity.low * _POINTS
        raise EncoderError(
            f"the export loses {loss:.2f} points [{low:.2f}, {high:.2f}] of {parity.metric} on "
            f"{parity.target}, from {parity.before * _POINTS:.2f} to {parity.after * _POINTS:.2f}",
            f"at most {parity.allowed_loss:g} points",
            "nothing is written: export it in a higher precision or with more dimensions, or allow the "
            "loss with `--allow-loss`",
        )


def _settings(folder: Path) -> EncoderSettings:
    """Settings that read an export with torch in float32, so that only the written weights differ."""
    precision: Precision = "float32" if graph_in(folder) is None else "auto"
    return EncoderSettings(name=str(folder), precision=precision)


def _loaded(target: TargetSettings, encoder: EncoderSettings) -> LoadedTarget:
    """The target under its primary protocol, with the texts of the prompts that it names. Without
    prompts of sides, each encoder reads texts with its own prompt, which an export keeps."""
    declared = find_target(target.name)
    declared.check_encoder_alone(encoder.name)
    changes: dict[str, Any] = {"protocols": (OURS,)}
    if target.side_prompts:
        for side in _SIDES:
            read = with_prompt_text(target.encoder_of_side(encoder, side))
            changes |= {f"prompt_{side}": read.prompt, f"prompt_name_{side}": None}
    return load_target(target.model_copy(update=changes))


def _cosines(
    whole: Trained, exported: Trained, loaded: LoadedTarget, store: Store
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The cosine between the two vectors of each text."""
    steps = [encode_steps(encoder, loaded) for encoder in (whole, exported)]
    places = {
        steps[0][language][role].key: (language, role)
        for language in steps[0]
        for role in steps[0][language]
    }
    parts = []
    for language, role in places.values():
        before, after = (
            np.load(each[language][role].open(store) / "vectors.npy").astype(np.float64)
            for each in steps
        )
        before = before[:, : after.shape[1]]
        lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        parts.append((before * after).sum(axis=1) / np.maximum(lengths, 1e-30))
    if not parts:
        raise StudyError(f"target {loaded.target.name} has no texts", "a target of texts")
    return np.concatenate(parts)
