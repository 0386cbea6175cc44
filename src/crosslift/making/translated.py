"""Reads the artifact of a translation step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.sources.record import Record
from crosslift.sources.stored_records import hold_records
from crosslift.sources.translation.record_lines import read_lines
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.steps.step import Step
from crosslift.tasks.task import IntermediateTask


@dataclass(frozen=True, slots=True)
class Translation:
    """The job of a translation step."""

    task: IntermediateTask
    settings: TranslationSettings


def translated_records(step: Step, store: Store) -> Sequence[Record]:
    """All records to train on, exactly as the step made them.

    Paths of pictures are the present ones of the task's source.

    Args:
        step: finished translation step.
        store: store with its artifact.

    Raises:
        ArtifactError: the artifact is missing or corrupt.
    """
    job = step.job_as(Translation)
    path = step.open(store) / "records.jsonl"
    if not job.task.pictures:
        return hold_records(lambda: read_lines(path))
    shown = job.task.source.train()

    def with_pictures() -> Iterator[Record]:
        rows = {record.id: row for row, record in enumerate(shown)}
        for record in read_lines(path):
            original = record.id.removesuffix(f":{record.language}")
            row = rows.get(record.id, rows.get(original))
            yield record if row is None else replace(record, image=shown[row].image)

    return hold_records(with_pictures)


def dropped_counts(step: Step, store: Store) -> dict[str, int]:
    """Language and reason ("es: nothing came out") -> how many records were dropped.

    Args:
        step: finished translation step.
        store: store with its artifact.

    Raises:
        ArtifactError: the artifact is missing or corrupt.
    """
    path = step.open(store) / "translation.json"
    facts_of = parse_json(path.read_bytes(), str(path))["languages"]
    return {
        f"{language}: {reason}": count
        for language, facts in facts_of.items()
        for reason, count in facts["dropped"].items()
    }
