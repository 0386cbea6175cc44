"""The step that translates a task's training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import StudyError
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record
from crosslift.sources.translation.engines import Advance, Engine, engine_facts, open_engine
from crosslift.sources.translation.marks import Piece
from crosslift.sources.translation.record_lines import read_lines, write_lines
from crosslift.sources.translation.records import (
    Translated,
    check_form,
    group_of,
    translate_records,
)
from crosslift.sources.translation.settings import TranslationSettings
from crosslift.studies.steps import Step, Workplace
from crosslift.tasks.task import IntermediateTask

_CHUNK = 2048  # texts whose translation is kept at once; part of what decides a batch


@dataclass(frozen=True, slots=True)
class _Job:
    task: IntermediateTask
    settings: TranslationSettings


def translate_step(task: IntermediateTask, settings: TranslationSettings) -> Step:
    """Translates the English training records of a task; nothing is translated yet, and nothing is
    fetched but what a key cannot be made without.

    Its artifact: `records.jsonl`, all that is trained on (English records where they are kept, then
    those of each language), and `translation.json`: facts of the engine and, for each language, how
    many records were translated and dropped, by reason.

    Raises:
        StudyError: the task has no English texts, or texts that cannot be translated.
        DataError: the engine, a language pair or the model is missing.
    """
    check_form(task.form.name)
    facts = engine_facts(settings)
    if not any(code.partition("-")[0] == "en" for code in task.languages):
        raise StudyError(
            f"task {task.name!r} has no English records to translate",
            "a task with English texts",
            "take `translate` out of this task",
        )
    return Step(
        kind="translate",
        label=f"{task.name} in {', '.join(settings.to)}",
        settings={
            "task": task.name,
            "form": asdict(task.form),
            "records": task.source.checksum(),
            "translation": settings.model_dump(mode="json", exclude={"model", "revision"}),
            "engine": facts,
        },
        inputs={},
        make=_translate,
        work=_most_records(task, settings.limit) * len(settings.to),
        context=_Job(task, settings),
    )


def _most_records(task: IntermediateTask, limit: int | None) -> int:
    """About how many records go into each language; data of the hub are not read for that."""
    told = getattr(task, "train_examples", None)
    count = int(told) if told is not None else len(task.source.train())
    return count if limit is None else min(limit, count)


def _is_english(record: Record) -> bool:
    return record.language.partition("-")[0].lower() == "en"


def _translate(step: Step, workplace: Workplace, folder: Path) -> None:
    job: _Job = step.context
    records = job.task.source.train()
    english = [record for record in records if _is_english(record)][: job.settings.limit]
    written = [
        replace(record, group=group_of(record))
        for record in records
        if job.settings.keep_english or not _is_english(record)
    ]
    engine = _Remembering(_same_engine(step), workplace.unfinished(step))
    told: dict[str, Any] = {}
    for number, language in enumerate(job.settings.to):
        report = _share(workplace.report, number, len(job.settings.to))
        form = job.task.form
        made = translate_records(english, form.columns, form.name, engine, language, report)
        _refuse_nothing(made, language, job.task.name)
        written += made.records
        told[language] = {"translated": len(made.records), "dropped": dict(made.dropped)}
    write_lines(folder / "records.jsonl", written)
    found = {"engine": step.settings["engine"], "english": len(english), "languages": told}
    (folder / "translation.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def _same_engine(step: Step) -> Engine:
    """The engine anew: a model's weights are held no longer than its step takes."""
    engine = open_engine(step.context.settings)
    if engine.facts() != step.settings["engine"]:
        raise StudyError(
            f"the translation engine of {step.label} has changed since the run was planned",
            "the same programs and files until the end of the run",
            "give the command again",
        )
    return engine


def _share(report: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    return lambda share: report((number + share) / count)


def _refuse_nothing(made: Translated, language: str, task: str) -> None:
    if not made.records:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in made.dropped.items())
        raise StudyError(
            f"no record of task {task!r} is left in {language!r} ({reasons})",
            "one at least",
            "take another engine, or leave the language out",
        )


class _Remembering:
    """An engine that keeps what it has translated, so that a killed step goes on where it was.

    Texts are handed on in chunks that depend on nothing but the texts, so that an unbroken run
    translates the same batches.

    Args:
        engine: translates.
        folder: where chunks are kept.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def facts(self) -> dict[str, Any]:
        """Of the engine."""
        return self._engine.facts()

    def mark(self, text: str, start: int, end: int) -> str | None:
        """As the engine marks."""
        return self._engine.mark(text, start, end)

    def unmark(self, text: str) -> Piece | None:
        """As the engine finds its marks."""
        return self._engine.unmark(text)

    def translate(
        self, texts: Sequence[str], language: str, advance: Advance = lambda _: None
    ) -> list[str | None]:
        """The engine's translations, those of finished chunks as they were kept."""
        found: list[str | None] = []
        for start in range(0, len(texts), _CHUNK):
            some = texts[start : start + _CHUNK]
            place = self._folder / f"{language}-{start}.json"
            if place.is_file():
                remedy = f"delete {self._folder} and give the command again: this step starts anew"
                check_sum(place, "the unfinished translation", remedy)
                found += parse_json(place.read_bytes(), str(place), remedy=remedy)
                advance(len(some))
                continue
            made = self._engine.translate(some, language, advance)
            with file_written_with_sum(place) as draft:
                draft.write_text(json.dumps(made), encoding="utf-8")
            found += made
        return found


def translated_records(step: Step, store: Store) -> list[Record]:
    """All records to train on, exactly as the step made them.

    Pictures are where the task's source has them now.

    Args:
        step: a translation step that stands.
        store: its store.

    Raises:
        ArtifactError: the artifact is missing or corrupt.
    """
    job: _Job = step.context
    records = list(read_lines(step.open(store) / "records.jsonl"))
    if not job.task.pictures:
        return records
    images = {record.id: record.image for record in job.task.source.train()}
    return [replace(record, image=_image(record, images)) for record in records]


def _image(record: Record, images: Mapping[str, Picture | None]) -> Picture | None:
    original = record.id.removesuffix(f":{record.language}")
    return images.get(record.id, images.get(original, record.image))


def dropped_counts(step: Step, store: Store) -> dict[str, int]:
    """Language and reason ("es: nothing came out") -> how many records were dropped.

    Args:
        step: a translation step that stands.
        store: its store.

    Raises:
        ArtifactError: the artifact is missing or corrupt.
    """
    told = json.loads((step.open(store) / "translation.json").read_text(encoding="utf-8"))
    return {
        f"{language}: {reason}": count
        for language, facts in told["languages"].items()
        for reason, count in facts["dropped"].items()
    }
