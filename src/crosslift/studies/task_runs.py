"""A task as a stage trains on it: its records, translated where asked, and how many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crosslift.artifacts.store import Store
from crosslift.sources.record import Record
from crosslift.studies.steps import Step
from crosslift.studies.translation_steps import dropped_counts, translate_step, translated_records
from crosslift.tasks.registry import find_task
from crosslift.tasks.task import IntermediateTask
from crosslift.training.settings import MixedTaskSettings

_TEXTS_OF_FORM = {"span-qa": 12.0, "multiple-choice": 16.0, "classification": 3.0}
_TEXTS_OF_FORM |= {"tagging": 3.0, "image-text": 1.0}
_DECIDES = {"weight", "loss_weight", "limit", "dev_limit"}


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task as a stage trains on it.

    Args:
        settings: as the study has them.
        task: the task.
        translated: the step that translates its training records; None: they stay as they are.
    """

    settings: MixedTaskSettings
    task: IntermediateTask
    translated: Step | None = None

    @classmethod
    def of(cls, settings: MixedTaskSettings) -> TaskRun:
        """The task that settings name, with its translation.

        Raises:
            UnknownNameError, StudyError, DataError: it cannot be had.
        """
        task = find_task(settings.task, settings.data, settings.columns, settings.options)
        translated = translate_step(task, settings.translate) if settings.translate else None
        return cls(settings, task, translated)

    @property
    def facts(self) -> dict[str, Any]:
        """What decides what is learned, beside its translation."""
        own = self.settings.model_dump(mode="json", include=_DECIDES)
        form = {"form": asdict(self.task.form), "records": self.task.source.checksum()}
        return {"task": self.task.name, **form, **own}

    @property
    def words(self) -> float:
        """Texts of a dozen tokens that one record is like, by its form: a guess."""
        return _TEXTS_OF_FORM.get(self.task.form.name) or max(1, len(self.task.form.columns))

    def train(self, store: Store) -> tuple[list[Record], dict[str, int]]:
        """The training records, and reason -> number of those left out."""
        records, left_out = _read_training(self.task)
        if self.translated is not None:
            records = translated_records(self.translated, store)
            left_out |= dropped_counts(self.translated, store)
        return _some(records, self.settings.limit), left_out

    def dev(self) -> list[Record]:
        """The dev records."""
        return _some(self.task.source.dev(), self.settings.dev_limit)


def _some(records: list[Record], limit: int | None) -> list[Record]:
    """So many records at most, in their order; which ones does not depend on a run's seed."""
    if limit is None or limit >= len(records):
        return records
    chosen = np.random.default_rng(0).permutation(len(records))[:limit]
    return [records[row] for row in sorted(chosen)]


def _read_training(task: IntermediateTask) -> tuple[list[Record], dict[str, int]]:
    read = getattr(task.source, "read", None)
    found = read("train") if read is not None else None
    if found is None or not found.records:
        return task.source.train(), {}
    return found.records, dict(found.skipped)


def names_of(tasks: Sequence[TaskRun]) -> list[str]:
    """The tasks' names; one that stands twice is numbered from the second on."""
    found: list[str] = []
    for run in tasks:
        same = sum(name.partition(" (")[0] == run.task.name for name in found)
        found.append(f"{run.task.name} ({same + 1})" if same else run.task.name)
    return found
