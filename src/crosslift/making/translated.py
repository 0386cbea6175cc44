"""Reads what a translation step has made."""

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
    """What a translation step is asked for."""

    task: IntermediateTask
    settings: TranslationSettings


def translated_records(step: Step, store: Store) -> Sequence[Record]:
    """All records to train on, exactly as the step made them.

    Pictures are where the task's source has them now.

    Args:
        step: a translation step that is made.
        store: its store.

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
        step: a translation step that is made.
        store: its store.

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
