"""Makes the outcomes of every query of a target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.vectors import (
    OWN_READING,
    open_lookup,
    open_lookups,
    roles_of,
    side_lookups,
)
from crosslift.results.mined_languages import MINING_FILE
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate import Lookup, Outcomes, evaluate_bitexts
from crosslift.targets.evaluate_mining import evaluate_mining
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.target import BitextData, MiningData, PictureData


def evaluate_target(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `outcomes.parquet`, one row a query and protocol; `mining.json` where pairs are mined."""
    loaded: LoadedTarget = step.context
    encoded = {role: each for role, each in step.inputs.items() if role != "pictures"}
    by_role = open_lookups(encoded, loaded, workplace.store)
    lookups = {p: side_lookups(by_role, roles_of(p, loaded)) for p in loaded.protocols}
    if isinstance(loaded.data, PictureData):
        names = list(loaded.data.pictures)
        shown = open_lookup(step.inputs["pictures"], names, workplace.store)
        texts = _mapped(by_role[OWN_READING], step.inputs["pictures"], workplace)
        found = list(evaluate_pictures(loaded.protocols, loaded.data, texts, shown))
    elif isinstance(loaded.data, BitextData):
        steps = step.settings["postprocessing"]
        found = list(evaluate_bitexts(lookups, loaded.data, steps))
    elif isinstance(loaded.data, MiningData):
        mined = list(evaluate_mining(lookups, loaded.data))
        found = [outcomes for outcomes, _ in mined]
        details = [detail.to_json() for _, detail in mined if detail is not None]
        (folder / MINING_FILE).write_text(json.dumps(details), encoding="utf-8")
    else:
        raise TypeError(f"target {loaded.target.name} is answered after fine-tuning")
    pq.write_table(outcome_table(found), folder / "outcomes.parquet")


def _mapped(texts: Lookup, pictures: Step, workplace: Workplace) -> Lookup:
    """Texts in the space of the pictures: mapped there, where the task learned a map of its own."""
    path = pictures.open(workplace.store) / "text_map.npz"
    if not path.is_file():
        return texts
    with np.load(path) as found:
        weight, bias = found["weight"], found["bias"]
    return lambda asked: texts(asked) @ weight.T + bias


def outcome_table(found: Sequence[Outcomes]) -> pa.Table:
    """Outcomes as one table, a row a query; null where a protocol has no such outcome."""
    tables = [
        pa.table(
            {
                "language": pa.array([o.language] * len(o.items)),
                "protocol": pa.array([o.protocol] * len(o.items)),
                "item": pa.array(o.items),
                "cluster": pa.array(o.clusters or o.items),
                **{name: pa.array(values, pa.float32()) for name, values in o.values.items()},
                "retrieved": pa.array(o.retrieved),
            }
        )
        for o in found
    ]
    return pa.concat_tables(tables, promote_options="default")
