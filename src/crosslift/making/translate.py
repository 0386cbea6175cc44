"""Makes the translation of a task's training records."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import StudyError
from crosslift.making.translated import Translation
from crosslift.sources.record import Record
from crosslift.sources.translation.engines import Advance, Engine, open_engine
from crosslift.sources.translation.marks import Piece
from crosslift.sources.translation.record_lines import write_lines
from crosslift.sources.translation.records import Translated, group_of, translate_records
from crosslift.steps.step import Step, Workplace

_CHUNK = 2048  # texts whose translation is kept at once; part of what decides a batch


def _is_english(record: Record) -> bool:
    return record.language.partition("-")[0].lower() == "en"


def translate_task(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `records.jsonl` and `translation.json` (see `translate_step`).

    Raises:
        StudyError: the engine has changed since the plan, or a language is left without records.
    """
    job = step.job_as(Translation)
    records = job.task.source.train()
    english = [record for record in records if _is_english(record)][: job.settings.limit]
    written = [
        replace(record, group=group_of(record))
        for record in records
        if job.settings.keep_english or not _is_english(record)
    ]
    engine = _Remembering(_same_engine(step), workplace.unfinished(step))
    counts: dict[str, Any] = {}
    for number, language in enumerate(job.settings.to):
        report = _share(workplace.report, number, len(job.settings.to))
        form = job.task.form
        made = translate_records(english, form.columns, form.passage, engine, language, report)
        _refuse_nothing(made, language, job.task.name)
        written += made.records
        counts[language] = {"translated": len(made.records), "dropped": dict(made.dropped)}
    write_lines(folder / "records.jsonl", written)
    summary = {"engine": step.settings["engine"], "english": len(english), "languages": counts}
    (folder / "translation.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")


def _same_engine(step: Step) -> Engine:
    """The engine anew: a model's weights are held no longer than its step takes."""
    engine = open_engine(step.job_as(Translation).settings)
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
    """An engine that keeps what it has translated, so that a killed step resumes.

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
