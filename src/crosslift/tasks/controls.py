"""Control arms that a study names in one word: they train on something else with the same budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, groupby
from typing import Any, Literal

import numpy as np

from crosslift.errors import StudyError
from crosslift.forms.declared_forms import form_facts
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.forms.form_facts import Partners
from crosslift.sources.record import Record
from crosslift.sources.stored_records import hold_records
from crosslift.tasks.task import FormSpec, IntermediateTask, Source, texts_read

Control = Literal[
    "shuffled-pictures",
    "same-kind-pictures",
    "captions-only",
    "same-updates-no-task",
    "random-features",
    "placebo-labels",
]

CONTROLS: Mapping[Control, str] = {
    "shuffled-pictures": "every picture goes to a wrong text",
    "same-kind-pictures": "every text goes to another picture of the same ImageNet class, by the "
    "frozen embedded tower",
    "captions-only": "the same captions as text pairs, without the pictures: two captions of one "
    "picture, or one caption twice with different dropout where a picture has no second",
    "same-updates-no-task": "masked LM on the same texts",
    "random-features": "the image tower has random weights and stays as it is",
    "placebo-labels": "labels, grades, answers or partners are drawn from other records",
}
"""Control -> what is trained on instead."""


PICTURE_CONTROLS: tuple[Control, ...] = (
    "shuffled-pictures",
    "same-kind-pictures",
    "captions-only",
    "same-updates-no-task",
    "random-features",
)
PARTNERS: Mapping[Control | None, Partners] = {
    "shuffled-pictures": "wrong",
    "same-kind-pictures": "same-kind",
}
"""Control -> the picture that it pairs a text with; others: its own."""


def legal_controls(form: str) -> tuple[Control, ...]:
    """The controls that a task of a form can have."""
    facts = form_facts(form)
    if facts.pictures is not None:
        return PICTURE_CONTROLS
    return ("placebo-labels", "same-updates-no-task") if facts.placebo is not None else ()


def automatic_controls(form: str) -> tuple[Control, ...]:
    """The controls that `auto` means: those that are required to distinguish the effect of a task
    of this form from the effect of its updates."""
    facts = form_facts(form)
    if facts.pictures is not None:
        return ("shuffled-pictures", "captions-only")
    return ("placebo-labels",) if facts.placebo is not None else ()


def check_control(task: str, form: str, control: Control) -> None:
    """Raises if a task of a form has no such control.

    Raises:
        StudyError: there is no such control; the error names those that exist.
    """
    legal = legal_controls(form)
    if control not in legal:
        raise StudyError(
            f"task {task!r} is a {form} task, which has no control {control!r}",
            f"one of {', '.join(legal)}" if legal else "no control",
            "remove it, or name a control that the task has",
        )


def controlled(task: IntermediateTask, control: Control) -> IntermediateTask:
    """The control task, under the name of the task itself.

    Other pictures and placebo labels are drawn for each seed, so these controls do not change the task
    here (see `placebo`, and `PARTNERS`).

    Args:
        task: the task.
        control: control of the task.

    Raises:
        StudyError: the task's form has no such control.
    """
    check_control(task.name, task.form.name, control)
    if control == "captions-only":
        pairs = {"anchor": "anchor", "positive": "positive"}
        options: dict[str, Any] = {"one_of_a_group": True}
        if first := task.form.options.get("first_temperature"):
            options["temperature"] = first  # the control differs in the pictures, not in the loss
        form = FormSpec("text-pairs", pairs, options=options)
        source: Source = _CaptionPairs(task.source, task.form.columns["text"])
        return replace(task, form=form, source=source)
    if control == "same-updates-no-task":
        form = FormSpec("masked-lm", {"text": "text"})
        return replace(task, form=form, source=_SingleTexts(task))
    if control == "random-features":
        frozen = task.form.changed({"tower_weights": "random", "tower_side": "frozen"})
        return replace(task, form=frozen)
    return task


@dataclass(frozen=True, slots=True)
class _CaptionPairs:
    """The captions of captioned pictures as pairs: each caption with the next of its picture."""

    source: Source
    column: str

    def check(self) -> None:
        """Checks the captions."""
        self.source.check()

    def train(self) -> list[Record]:
        """One pair per caption."""
        return _pairs(self.source.train(), self.column)

    def dev(self) -> list[Record]:
        """One pair per caption."""
        return _pairs(self.source.dev(), self.column)

    def checksum(self) -> str:
        """A checksum of the captions and their pictures."""
        return self.source.checksum()


def _pairs(records: Sequence[Record], column: str) -> list[Record]:
    pairs = []
    for _, group in groupby(records, key=lambda record: record.group or record.id):
        captions = list(group)
        for record, other in zip(captions, [*captions[1:], captions[0]], strict=True):
            texts = {"anchor": record.texts[column], "positive": other.texts[column]}
            pairs.append(replace(record, texts=texts, image=None))
    return pairs


@dataclass(frozen=True, slots=True)
class _SingleTexts:
    """Every text of a task's records, as separate records."""

    task: IntermediateTask

    def check(self) -> None:
        """Checks the records of the task."""
        self.task.source.check()

    def train(self) -> Sequence[Record]:
        """The distinct texts; those of a picture are one group."""
        return _single_texts(self.task.source.train(), self.task.form)

    def dev(self) -> Sequence[Record]:
        """The distinct texts."""
        return _single_texts(self.task.source.dev(), self.task.form)

    def checksum(self) -> str:
        """A checksum of the records."""
        return self.task.source.checksum()


def _single_texts(records: Sequence[Record], form: FormSpec) -> Sequence[Record]:
    """The texts of records, each text once. For records with pictures: once per picture, so that a
    limit selects the same pictures for the task and for its control."""

    def every() -> Iterator[Record]:
        for record in records:
            group = record.group if record.image is not None else ""
            for number, text in enumerate(texts_read(record, form)):
                name = f"{record.id}/{number}"
                yield Record(name, {"text": text}, language=record.language, group=group)

    numbers = equal_numbers(f"{len(one.group)} {one.group}{one.texts['text']}" for one in every())
    is_first = np.diff(np.maximum.accumulate(numbers), prepend=-1) > 0
    return hold_records(lambda: compress(every(), is_first))


def placebo(records: Sequence[Record], form: FormSpec, seed: int) -> Sequence[Record]:
    """Records with meaningless labels.

    Labels, grades and partners are shuffled among records, so that each occurs as often as before. The
    answer of a multiple choice is drawn from its choices, the answer spans of a passage are moved
    within it, and tags are shuffled among the words of their sentence.

    Args:
        records: records of a task.
        form: its form.
        seed: seed of the shuffling.

    Raises:
        StudyError: the form has no placebo labels.
    """
    change = form.facts.placebo
    if change is None:
        raise StudyError(f"placebo labels of a {form.name} task", "a form with labels")

    def changed() -> Iterator[Record]:
        generator = np.random.default_rng((seed, 7))
        order = generator.permutation(len(records))
        for record, other in zip(records, order, strict=True):
            yield change(record, records[int(other)], form.columns, generator)

    return hold_records(changed)
