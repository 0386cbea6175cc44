"""Fine-tuning on another English task if a target's own training set is not available."""

from __future__ import annotations

from collections.abc import Sequence
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

    The dev records of the task are not used: a target may score them (XQuAD's questions are SQuAD's). A
    fixed part of its training records is held out of training for model selection.

    Args:
        task: the other task.
        labels: label of that task -> label of the target; other labels stay the same.
    """

    task: IntermediateTask
    labels: tuple[tuple[str, str], ...]

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev"), and how many rows of the data were left out.

        Raises:
            DataError: the data cannot be found or fetched, have faults, or are not English.
        """
        source = self.task.source
        read = getattr(source, "read", None)
        dataset = read("train") if read is not None else DatasetRecords(source.train(), {})
        check_english(dataset.records, f"the records of {self.task.name}")
        parts = dict(zip(("train", "dev"), hold_out(dataset.records), strict=True))
        return DatasetRecords(
            self._with_target_labels(parts[split]), dataset.skipped if split == "train" else {}
        )

    def check(self) -> None:
        """Checks the data of the other task."""
        self.task.source.check()

    def train(self) -> Sequence[Record]:
        """The training records."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """The records of model selection."""
        return self.read("dev").records

    def checksum(self) -> str:
        """A checksum of the other task's data and of the changes to their labels."""
        return f"{self.task.source.checksum()} {sorted(self.labels)}"

    def _with_target_labels(self, records: list[Record]) -> list[Record]:
        target_label = dict(self.labels)
        return [
            replace(
                r,
                label=target_label.get(r.label or "", r.label),
                tags=tuple(target_label.get(tag, tag) for tag in r.tags),
            )
            for r in records
        ]


def other_english(
    target: str, form: FormSpec, settings: LabelledSettings
) -> tuple[IntermediateTask, str]:
    """The task that `english_task` of a target's settings names, with the target's labels.

    Args:
        target: name of the target.
        form: form of the target.
        settings: with `english_task`, and optionally `english` and `english_labels`.

    Returns:
        The task, and the records of model selection in words.

    Raises:
        UnknownNameError: there is no such task.
        StudyError: the task has another form or other labels.
        DataError: its data cannot be found or fetched.
    """
    name = settings.english_task or ""
    task = find_task(name, settings.english)
    structures = [
        (bool(spec.options.get("unanswerable")), spec.options.get("choices"))
        for spec in (task.form, form)
    ]
    if task.form.name != form.name or structures[0] != structures[1]:
        kind = "whose questions all have an answer" if form.passage is not None else ""
        if structures[1][1] is not None:
            kind = f"with {structures[1][1]} choices"
        raise StudyError(
            f"english_task {name!r} of target {target!r} is of the form {task.form.name}",
            f"a task of the form {form.name} {kind}".rstrip(),
        )
    labels = tuple(sorted(settings.english_labels.items()))
    _check_labels(target, name, task.form, form, dict(labels))
    source = OtherEnglish(task, labels)
    with_labels = replace(task, name=f"{target} from {name}", form=form, source=source)
    return with_labels, f"a tenth of the training examples of {name}, held out of training"


def _check_labels(
    target: str, name: str, task_form: FormSpec, target_form: FormSpec, label_map: dict[str, str]
) -> None:
    task_labels = set(task_form.classes)
    unknown = sorted(set(label_map) - task_labels)
    target_labels = {label_map.get(label, label) for label in task_labels}
    legal = set(target_form.classes)
    if unknown or not target_labels <= legal:
        illegal = unknown or sorted(target_labels - legal)
        raise StudyError(
            f"english_task {name!r} of target {target!r}: label {illegal[0]!r}",
            f"labels of {name} ({', '.join(sorted(task_labels))}) that are, or that english_labels "
            f"turns into, those of {target} ({', '.join(sorted(legal))})",
            "such as `english_labels: {equivalent: '1', not-equivalent: '0'}`",
        )
