"""The data of its records' pictures that a training step reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.forms.form import Split, pictures_of
from crosslift.making.decode_pictures import FramedPictures
from crosslift.making.frozen_features import Teaching
from crosslift.making.picture_arrays import open_features, open_pictures, open_skipped
from crosslift.sources.record import Record
from crosslift.sources.stored_records import ChosenRecords
from crosslift.steps.step import Step


def picture_role(name: str, split: str) -> str:
    """The role of the step that makes the picture data of a task's form, among the inputs of a training
    step."""
    return f"{name}: {split} pictures"


def teaching_role(name: str) -> str:
    """The role of the step with a teacher's vectors, among the inputs of a training step."""
    return f"{name}: train teachings"


def open_split(
    step: Step, store: Store, name: str, split: str, records: Sequence[Record]
) -> tuple[Split, dict[str, int]]:
    """Records with the picture data that their form reads, and reason -> number of records left out.

    Args:
        step: the training step.
        store: store with the inputs of the step.
        name: name of the task in its stage.
        split: "train" or "dev".
        records: N records.
    """
    made = step.inputs.get(picture_role(name, split))
    if made is None:
        return Split(records), {}
    frozen = made.kind == "features"
    decoded = made.inputs["pictures"] if frozen else made
    row = {
        picture: number for number, picture in enumerate(decoded.job_as(FramedPictures).pictures)
    }
    broken = np.array([int(n) for n in open_skipped(made, store)], np.int64)
    places = np.fromiter((row[picture] for picture in pictures_of(records)), np.int64)
    usable = records
    if (faulty := np.isin(places, broken)).any():
        usable = ChosenRecords(records, np.flatnonzero(~faulty))
        places = places[~faulty]
    distinct, where = np.unique(places, return_inverse=True)
    content: Any = open_features(made, store) if frozen else open_pictures(made, store)
    if len(distinct) < len(content):
        content = content[distinct]
    teachings = _teachings(step, store, name, usable) if split == "train" else None
    left_out = {"picture damaged": len(records) - len(usable)} if len(usable) < len(records) else {}
    pictures, features = (None, content) if frozen else (content, None)
    return Split(usable, pictures, where, features, teachings), left_out


def _teachings(
    step: Step, store: Store, name: str, records: Sequence[Record]
) -> NDArray[np.float32] | None:
    """The teacher's vectors of records, float32 [N, E]; a translated record has its original's
    vector."""
    made = step.inputs.get(teaching_role(name))
    if made is None:
        return None
    run = made.job_as(Teaching).run
    row = {record.id: number for number, record in enumerate(run.task.source.train())}
    ids = [r.id if r.id in row else r.id.removesuffix(f":{r.language}") for r in records]
    vectors: NDArray[np.float32] = np.load(made.open(store) / "features.npy")
    return vectors[[row[i] for i in ids]]
