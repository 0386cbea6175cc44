"""A task as a stage trains on it: its records, their translation if any, and their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from crosslift.artifacts.read_once import read_once
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import check_encoder
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.forms.further_encoder import further_settings
from crosslift.images.tower_facts import check_tower
from crosslift.making.trained import Trained
from crosslift.making.translated import dropped_counts, translated_records
from crosslift.sources.labelled.english import english_share
from crosslift.sources.record import Record
from crosslift.sources.stored_records import ChosenRecords
from crosslift.steps.code_behind import HeldByManySteps
from crosslift.steps.step import Step
from crosslift.tasks.controls import placebo
from crosslift.tasks.own_records import FileRecords
from crosslift.tasks.task import IntermediateTask
from crosslift.training.task_settings import MixedTaskSettings

_MOST_CHECKED = 5000
_IN_THE_TASK = {"task", "data", "hub", "columns", "options", "translate", "language"}
"""Settings whose effect is in the form and the records of the task, or in its translation."""
_PROMPTS = set(SidePrompts.model_fields)


@dataclass(frozen=True)
class TaskRun(HeldByManySteps):
    """A task as a stage trains on it.

    Args:
        settings: settings of the task in the study.
        task: the task.
        translated: step that translates its training records; None: they stay as they are.
        chooses_by_dev: whether its dev records choose the weights that are kept, so that training
            also learns from them.
        limited_by: unit that a limit counts: whole pictures for a task with pictures and for its
            controls without pictures, so that an arm and its controls have the same captions; else
            records.
    """

    settings: MixedTaskSettings
    task: IntermediateTask
    translated: Step | None = None
    chooses_by_dev: bool = False
    limited_by: Literal["pictures", "records"] = "records"

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that decide what is learned, besides the translation and the texts of prompts."""
        settings = self.settings.model_dump(mode="json", exclude=_IN_THE_TASK | _PROMPTS)
        if self.limited_by == "pictures" and (self.settings.limit or self.settings.dev_limit):
            settings["limited_by"] = self.limited_by
        encoders = {n: Trained.untouched(e).facts for n, e in self.further_encoders.items()}
        of_form = asdict(self.task.form)
        options = of_form["options"].items()
        of_form["options"] = {n: v for n, v in options if n not in encoders}  # their files decide
        form = {"form": of_form, "records": self.checksum}
        further = {"encoders": encoders} if encoders else {}
        return {"task": self.task.name, **form, **further, **settings}

    @property
    def further_encoders(self) -> dict[str, EncoderSettings]:
        """Option -> the encoder that it names, such as a guide."""
        form = self.task.form
        names = {option: form.options.get(option) for option in form.facts.encoders}
        return {option: further_settings(name) for option, name in names.items() if name}

    def columns_read(self, option: str) -> tuple[str, ...]:
        """The columns of the records whose texts a further encoder reads.

        Args:
            option: option that names the encoder.
        """
        form = self.task.form
        return tuple(form.columns[n] for n in form.facts.encoders[option] if n in form.columns)

    @cached_property
    def checksum(self) -> str:
        """Checksum of all files that the records come from."""
        return self.task.source.checksum()

    @cached_property
    def has_dev(self) -> bool:
        """Whether it has dev records."""
        return bool(self.task.source.dev())

    def shown(self) -> dict[str, Sequence[Record]]:
        """Split -> the records whose pictures are decoded: the training records or, if they are
        translated, all records."""
        train = self.task.source.train()
        limit = self.settings.limit if self.translated is None else None
        return {"train": self._some(train, limit), "dev": self.dev()}

    @property
    def labelled_languages(self) -> tuple[str, ...]:
        """Languages of its labels, captions and pairs; empty for texts without any of these."""
        if not self.task.form.facts.labelled:
            return ()
        translate = self.settings.translate
        return (*self.task.languages, *(translate.to if translate else ()))

    @cached_property
    def english_share(self) -> float | None:
        """The share of its training records whose texts read as English, from at most 5,000 records;
        None if their language is stated, or if they are published data."""
        assumed = isinstance(self.task.source, FileRecords) and self.task.source.assumes_english
        if not assumed or self.settings.language is not None or not self.task.form.facts.labelled:
            return None
        return english_share(self._some(self.task.source.train(), _MOST_CHECKED))

    @property
    def at_hand(self) -> Sequence[Record] | None:
        """The training records before translation; None: planning cannot read them in a moment."""
        return self.shown()["train"] if self.task.pictures or self.task.at_hand else None

    def read(self, store: Store) -> tuple[Sequence[Record], dict[str, int]]:
        """The training records with their own labels, and reason -> number of records left out.

        Args:
            store: store with the translation.
        """
        records, left_out = _read_training(self.task)
        if self.translated is not None:
            records = translated_records(self.translated, store)
            left_out |= dropped_counts(self.translated, store)
        return self._some(records, self.settings.limit), left_out

    def train(self, store: Store, seed: int = 0) -> tuple[Sequence[Record], dict[str, int]]:
        """The training records, and reason -> number of records left out.

        Args:
            store: store with the translation.
            seed: seed of labels that are drawn at random, if any are.
        """
        records, left_out = self.read(store)
        if self.settings.control == "placebo-labels":
            records = placebo(records, self.task.form, seed)
        return records, left_out

    def check_needs(self) -> None:
        """Raises if its records or its image tower cannot be found or fetched.

        Raises:
            DataError, EncoderError: the reason.
        """
        _check_needs(self.task)
        for encoder in self.further_encoders.values():
            check_encoder(encoder)

    def at_temperature(self, temperature: float) -> TaskRun:
        """The task at another temperature; itself if its loss has none."""
        form = self.task.form
        if form.temperature is None:
            return self
        at = form.changed({form.temperature: temperature})
        return replace(self, task=replace(self.task, form=at))

    def whole(self) -> TaskRun:
        """The task with all its records, even if a stage takes only a few of them."""
        every = {"limit": None, "dev_limit": None}
        return replace(self, settings=self.settings.model_copy(update=every))

    def dev(self) -> Sequence[Record]:
        """The dev records."""
        return self._some(self.task.source.dev(), self.settings.dev_limit)

    def _some(self, records: Sequence[Record], limit: int | None) -> Sequence[Record]:
        """At most `limit` records, in their order; the choice does not depend on a run's seed."""
        if limit is None or limit >= len(records):
            return records
        if self.limited_by == "pictures":
            return _of_some_groups(records, limit)
        chosen = np.random.default_rng(0).permutation(len(records))[:limit]
        return ChosenRecords(records, np.sort(chosen))


@read_once(key=id)
def _check_needs(task: IntermediateTask) -> None:
    task.source.check()
    form: Any = task.form.open() if task.pictures else None
    if form is not None:
        check_tower(form.tower_settings)


def _of_some_groups(records: Sequence[Record], limit: int) -> Sequence[Record]:
    """The records of groups drawn at random, in their order: whole groups as long as they find room,
    and as many records of the next group as do."""
    names = [record.group or record.id for record in records]
    sizes = Counter(names)
    order = list(sizes)
    room = dict[str, int]()
    remaining = limit
    for number in np.random.default_rng(0).permutation(len(order)):
        room[order[number]] = min(sizes[order[number]], remaining)
        remaining -= room[order[number]]
    counted = Counter[str]()
    rows = []
    for row, name in enumerate(names):
        counted[name] += 1
        if counted[name] <= room[name]:
            rows.append(row)
    return ChosenRecords(records, np.array(rows, np.int64))


def _read_training(task: IntermediateTask) -> tuple[Sequence[Record], dict[str, int]]:
    read = getattr(task.source, "read", None)
    training = read("train") if read is not None else None
    if training is None or not training.records:
        return task.source.train(), {}
    return training.records, dict(training.skipped)
