"""From English training records to records in another language.

Phang et al. 2020 (arXiv 2005.13013) train on machine-translated intermediate-task data, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from crosslift.sources.record import Record, names_bound
from crosslift.sources.translation.engines import Engine

Reason = Literal[
    "nothing came out",
    "not translated whole",
    "holds the marks of an answer itself",
    "the answer's place was lost",
    "two choices became one",
]
"""Why a record is dropped."""


@dataclass(frozen=True)
class Translated:
    """Records in another language.

    Args:
        records: in the order of the English ones.
        dropped: reason -> number of records.
    """

    records: tuple[Record, ...]
    dropped: Counter[Reason]


@dataclass(frozen=True, slots=True)
class _TranslationInput:
    """The parts of a record to translate: texts by column, the passage with marks, and the choices."""

    texts: dict[str, str]
    choices: tuple[str, ...]
    marked: str | None = None  # the column of the passage, if an answer is marked in it


def translate_records(
    records: Sequence[Record],
    columns: Mapping[str, str],
    passage: str | None,
    engine: Engine,
    language: str,
    report: Callable[[float], None] = lambda _: None,
) -> Translated:
    """Translates the texts that a form reads of English records; labels, answers and scores stay.

    A record and its translation are in one group, so that they are never negatives of one another.
    In span QA marks around the first answer of a question locate it in the translation (see `marks`).
    Equal texts are translated once.

    Args:
        records: in English.
        columns: column of the form -> column of the records, as in the task's form.
        passage: the column with the answers; None: the form has none.
        engine: translates.
        language: BCP-47 code of the target language.
        report: called with the finished share.

    Raises:
        DataError: the engine fails.
    """
    inputs = [_translation_input(record, columns, passage, engine) for record in records]
    texts = list(
        dict.fromkeys(t for i in inputs if isinstance(i, _TranslationInput) for t in _all_texts(i))
    )
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report(done / len(texts))

    translations = dict(zip(texts, engine.translate(texts, language, advance), strict=True))
    translated: list[Record] = []
    dropped: Counter[Reason] = Counter()
    for record, source in zip(records, inputs, strict=True):
        result = (
            _translated_record(record, source, translations, engine)
            if isinstance(source, _TranslationInput)
            else source
        )
        if isinstance(result, Record):
            translated.append(in_language(result, language))
        else:
            dropped[result] += 1
    return Translated(tuple(translated), dropped)


def group_of(record: Record) -> str:
    """The group of a record and its translations: its own, or one without other records."""
    return record.group or f"\0{record.id}"


def in_language(record: Record, language: str) -> Record:
    """A translated record under its own id, in the group of its original."""
    name = f"{record.id}:{language}"
    return replace(record, id=name, language=language, group=group_of(record), words=(), tags=())


def _translation_input(
    record: Record, columns: Mapping[str, str], passage: str | None, engine: Engine
) -> _TranslationInput | Reason:
    texts = {name: record.texts[name] for name in names_bound(record.texts, columns.values())}
    if passage is None or not record.spans:
        return _TranslationInput(texts, record.choices)
    marked = engine.mark(texts[passage], *record.spans[0])
    if marked is None:
        return "holds the marks of an answer itself"
    return _TranslationInput(texts | {passage: marked}, record.choices, passage)


def _all_texts(source: _TranslationInput) -> tuple[str, ...]:
    return (*source.texts.values(), *source.choices)


def _translated_record(
    record: Record,
    source: _TranslationInput,
    translations: Mapping[str, str | None],
    engine: Engine,
) -> Record | Reason:
    """The record with its texts in the other language."""
    outputs = [translations[text] for text in _all_texts(source)]
    complete = [text for text in outputs if text is not None]
    if len(complete) < len(outputs):
        return "not translated whole"
    if not all(text.strip() for text in complete):
        return "nothing came out"
    texts = dict(zip(source.texts, complete, strict=False))
    choices = tuple(complete[len(texts) :])
    if len(set(choices)) < len(set(source.choices)):
        return "two choices became one"
    spans = record.spans
    if source.marked is not None:
        piece = engine.unmark(texts[source.marked])
        if piece is None:
            return "the answer's place was lost"
        texts[source.marked] = piece.text
        spans = ((piece.start, piece.end),)
    return replace(record, texts=texts, choices=choices, spans=spans)
