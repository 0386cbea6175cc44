"""Fine-tuning on another English task than a target's own training set, where that is not at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crosslift.errors import StudyError
from crosslift.sources.labelled.english import check_english
from crosslift.sources.labelled.training import hold_out
from crosslift.sources.published import DatasetRecords
from crosslift.sources.record import Record
from crosslift.targets.target_settings import LabelledSettings
from crosslift.tasks.all_tasks import find_task
from crosslift.tasks.task import FormSpec, IntermediateTask


@dataclass(frozen=True, slots=True)
class OtherEnglish:
    """The English records of another task, with the labels of the target.

    Its own dev records are left aside: a target may score them (XQuAD's questions are SQuAD's). A fixed
    part of its training records is held out of training and chosen by.

    Args:
        task: the other task.
        labels: label of that task -> label of the target; others stay as they are.
    """

    task: IntermediateTask
    labels: tuple[tuple[str, str], ...]

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev"), and how many rows of the data were left out.

        Raises:
            DataError: the data cannot be had, are at fault or not English.
        """
        source = self.task.source
        read = getattr(source, "read", None)
        found = read("train") if read is not None else DatasetRecords(source.train(), {})
        check_english(found.records, f"the records of {self.task.name}")
        parts = dict(zip(("train", "dev"), hold_out(found.records), strict=True))
        return DatasetRecords(self._named(parts[split]), found.skipped if split == "train" else {})

    def train(self) -> list[Record]:
        """The training records."""
        return self.read("train").records

    def dev(self) -> list[Record]:
        """The records that weights are chosen by."""
        return self.read("dev").records

    def checksum(self) -> str:
        """Of the other task's data and of what is made of them."""
        return f"{self.task.source.checksum()} {sorted(self.labels)}"

    def _named(self, records: list[Record]) -> list[Record]:
        named = dict(self.labels)
        return [
            replace(
                r,
                label=named.get(r.label or "", r.label),
                tags=tuple(named.get(tag, tag) for tag in r.tags),
            )
            for r in records
        ]


def other_english(
    target: str, form: FormSpec, settings: LabelledSettings
) -> tuple[IntermediateTask, str]:
    """The task that `english_task` of a target's settings names, with the target's labels.

    Args:
        target: name of the target.
        form: of the target.
        settings: with `english_task`, and `english` and `english_labels` where they are given.

    Returns:
        The task, and what weights are chosen by in words.

    Raises:
        UnknownNameError: no such task.
        StudyError: a task of another form or with other labels.
        DataError: its data cannot be had.
    """
    name = settings.english_task or ""
    task = find_task(name, settings.english)
    fixed = [
        (bool(f.options.get("unanswerable")), f.options.get("choices")) for f in (task.form, form)
    ]
    if task.form.name != form.name or fixed[0] != fixed[1]:
        kind = "whose questions all have an answer" if form.passage is not None else ""
        if fixed[1][1] is not None:
            kind = f"with {fixed[1][1]} choices"
        raise StudyError(
            f"english_task {name!r} of target {target!r} is of the form {task.form.name}",
            f"a task of the form {form.name} {kind}".rstrip(),
        )
    labels = tuple(sorted(settings.english_labels.items()))
    _check_labels(target, name, task.form, form, dict(labels))
    source = OtherEnglish(task, labels)
    made = replace(task, name=f"{target} from {name}", form=form, source=source)
    return made, f"a tenth of the training examples of {name}, held out of training"


def _check_labels(
    target: str, name: str, given: FormSpec, wanted: FormSpec, named: dict[str, str]
) -> None:
    there = set(given.classes)
    unknown = sorted(set(named) - there)
    made = {named.get(label, label) for label in there}
    right = set(wanted.classes)
    if unknown or not made <= right:
        wrong = unknown or sorted(made - right)
        raise StudyError(
            f"english_task {name!r} of target {target!r}: label {wrong[0]!r}",
            f"labels of {name} ({', '.join(sorted(there))}) that are, or that english_labels turns "
            f"into, those of {target} ({', '.join(sorted(right))})",
            "such as `english_labels: {equivalent: '1', not-equivalent: '0'}`",
        )
