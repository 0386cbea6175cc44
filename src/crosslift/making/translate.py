"""Makes the translation of a task's training records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import StudyError
from crosslift.making.translated import Translation
from crosslift.sources.record import Record
from crosslift.sources.stored_records import ChosenRecords
from crosslift.sources.translation.engines import Advance, Engine, open_engine
from crosslift.sources.translation.marks import Piece
from crosslift.sources.translation.record_lines import write_lines
from crosslift.sources.translation.records import group_of, translate_records
from crosslift.steps.step import Step, Workplace

_CHUNK = 2048  # texts whose translation is saved at once; it affects the batches
_RECORDS = 100_000
"""Number of records that are translated at once; their texts and translations are in memory."""


def _is_english(record: Record) -> bool:
    return record.language.partition("-")[0].lower() == "en"


def translate_task(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `records.jsonl` and `translation.json` (see `translate_step`).

    Raises:
        StudyError: the engine has changed since the plan, or a language has no records.
    """
    job = step.job_as(Translation)
    records = job.task.source.train()
    is_english = np.fromiter(map(_is_english, records), np.bool_, len(records))
    english = ChosenRecords(records, np.flatnonzero(is_english)[: job.settings.limit])
    engine = _Remembering(_same_engine(step), workplace.unfinished(step))
    counts: dict[str, Any] = {}

    def written() -> Iterator[Record]:
        for record in records:
            if job.settings.keep_english or not _is_english(record):
                yield replace(record, group=group_of(record))
        for number, language in enumerate(job.settings.to):
            report = _share(workplace.report, number, len(job.settings.to))
            counts[language] = yield from _translated(job, english, engine, language, report)

    write_lines(folder / "records.jsonl", written())
    summary = {"engine": step.settings["engine"], "english": len(english), "languages": counts}
    (folder / "translation.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")


def _translated(
    job: Translation,
    english: Sequence[Record],
    engine: Engine,
    language: str,
    report: Callable[[float], None],
) -> Generator[Record, None, dict[str, Any]]:
    """Yields the translations into a language, and returns how many there are; records are translated
    part by part, so that memory does not grow with their number."""
    form, translated, dropped = job.task.form, 0, Counter[str]()
    starts = range(0, len(english), _RECORDS)
    for number, start in enumerate(starts):
        some, share = english[start : start + _RECORDS], _share(report, number, len(starts))
        made = translate_records(some, form.columns, form.passage, engine, language, share)
        translated += len(made.records)
        dropped.update(made.dropped)
        yield from made.records
    _refuse_nothing(translated, dropped, language, job.task.name)
    return {"translated": translated, "dropped": dict(dropped)}


def _same_engine(step: Step) -> Engine:
    """Loads the engine again, so that a model's weights are in memory only during its step."""
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


def _refuse_nothing(translated: int, dropped: Mapping[str, int], language: str, task: str) -> None:
    if not translated:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in dropped.items())
        raise StudyError(
            f"no record of task {task!r} is left in {language!r} ({reasons})",
            "one at least",
            "take another engine, or leave the language out",
        )


class _Remembering:
    """An engine that keeps what it has translated, so that a killed step resumes.

    Texts reach the engine in chunks that depend only on the texts, so that an uninterrupted run
    translates the same batches.

    Args:
        engine: engine that translates.
        folder: folder in which chunks are saved.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._before: Counter[str] = Counter()  # texts of earlier calls, by language

    def facts(self) -> dict[str, Any]:
        """Facts of the engine."""
        return self._engine.facts()

    def mark(self, text: str, start: int, end: int) -> str | None:
        """Marks a text as the engine does."""
        return self._engine.mark(text, start, end)

    def unmark(self, text: str) -> Piece | None:
        """Finds the marks as the engine does."""
        return self._engine.unmark(text)

    def translate(
        self, texts: Sequence[str], language: str, advance: Advance = lambda _: None
    ) -> list[str | None]:
        """The engine's translations; finished chunks are read from their files."""
        found: list[str | None] = []
        for start in range(0, len(texts), _CHUNK):
            some = texts[start : start + _CHUNK]
            place = self._folder / f"{language}-{self._before[language] + start}.json"
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
        self._before[language] += len(texts)
        return found
