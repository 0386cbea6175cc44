"""The files in which a training step records its cost and its records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, TypeAdapter

from crosslift.artifacts.manifest import TIMINGS
from crosslift.artifacts.parse import parse_json
from crosslift.results.arm_facts import Augmentation
from crosslift.results.result_record import ResultRecord

if TYPE_CHECKING:
    from crosslift.training.checkpoint import Progress

_SPENT = "spent.json"
_CURVE = "curve.json"
_RECORDS = "records.json"

TRAINING_FILES = (_SPENT, _CURVE, _RECORDS, TIMINGS)


class Spent(ResultRecord):
    """The cost of a training step: ``spent.json``, and the seconds of ``timings.json``."""

    updates: int
    """Optimizer updates."""
    examples: int
    """Number of draws of training records: a record that is drawn twice counts twice."""
    tokens: int
    """Tokens through the text encoder."""
    flops: float
    """Floating-point operations, estimated."""
    taken: dict[str, int]
    """Task -> records drawn from it."""
    best_update: int
    """The update with the best dev score; 0: none was taken."""
    cost: dict[str, float]
    """Task -> operations of an update, relative to one without robust training."""
    seconds: float
    """Time that training took, without interruptions."""
    devices: list[int] = Field(default_factory=lambda: [1])
    """Number of devices that trained it; several numbers if it was resumed with another one."""

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """The cost of a finished stage."""
        return cls(**{name: getattr(progress, name) for name in cls.model_fields})


class TaskRecords(ResultRecord):
    """The records of a task of a stage: an entry of ``records.json``."""

    train: int
    """Number of training records."""
    dev: int
    """Number of dev records."""
    rows: int
    """Number of rows that training draws from."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Reason -> number of records that training leaves out."""
    augmentation: Augmentation | None = None
    """Copies of the records with synonyms; None: there are none."""


_RECORDS_OF_TASKS = TypeAdapter(dict[str, TaskRecords])


def write_training_files(folder: Path, progress: Progress, records: dict[str, TaskRecords]) -> None:
    """Writes the four files of `TRAINING_FILES`.

    Args:
        folder: folder of the step.
        progress: progress of the stage, at its end.
        records: task -> its records.
    """
    spent = Spent.of(progress).to_json()
    seconds = spent.pop("seconds")
    if spent["devices"] == [1]:
        del spent["devices"]
    counts = {name: each.model_dump(exclude_none=True) for name, each in records.items()}
    contents: dict[str, Any] = {
        _SPENT: spent,
        _CURVE: progress.curve,
        _RECORDS: counts,
        TIMINGS: {"seconds": seconds},
    }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def read_spent(folder: Path) -> Spent:
    """The cost of the training step of a folder.

    Args:
        folder: folder of a training step, or of the answers of an encoder that it fine-tuned.
    """
    return Spent.model_validate(_content(folder / _SPENT) | _content(folder / TIMINGS))


def read_curve(folder: Path) -> list[tuple[int, str, str, float]]:
    """Rows of update, task, metric and value, of the training step of a folder."""
    return [tuple(row) for row in _content(folder / _CURVE)]


def read_task_records(folder: Path) -> dict[str, TaskRecords]:
    """Task -> its records, of the training step of a folder (as `read_spent`)."""
    return _RECORDS_OF_TASKS.validate_python(_content(folder / _RECORDS))


def _content(path: Path) -> Any:
    return parse_json(path.read_bytes(), str(path))
