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
class _Asked:
    """What is translated of a record: texts by column, the passage with marks, and the choices."""

    texts: dict[str, str]
    choices: tuple[str, ...]
    marked: str | None = None  # the column of the passage, where an answer is marked in it


def translate_records(
    records: Sequence[Record],
    columns: Mapping[str, str],
    passage: str | None,
    engine: Engine,
    language: str,
    report: Callable[[float], None] = lambda _: None,
) -> Translated:
    """Translates what a form reads of English records; labels, answers' numbers and scores stay.

    A record and its translation are of one group, so that they are never negatives of one another.
    In span QA the first answer of a question is found again by marks around it (see `marks`). Equal
    texts are translated once.

    Args:
        records: in English.
        columns: column of the form -> column of the records, as in the task's form.
        passage: the column in which answers lie; None: the form has none.
        engine: translates.
        language: BCP-47 code of the language it translates into.
        report: called with the share that is done.

    Raises:
        DataError: the engine fails.
    """
    asked = [_ask(record, columns, passage, engine) for record in records]
    texts = list(dict.fromkeys(t for a in asked if isinstance(a, _Asked) for t in _all(a)))
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report(done / len(texts))

    found = dict(zip(texts, engine.translate(texts, language, advance), strict=True))
    kept: list[Record] = []
    dropped: Counter[Reason] = Counter()
    for record, wanted in zip(records, asked, strict=True):
        made = _made(record, wanted, found, engine) if isinstance(wanted, _Asked) else wanted
        if isinstance(made, Record):
            kept.append(in_language(made, language))
        else:
            dropped[made] += 1
    return Translated(tuple(kept), dropped)


def group_of(record: Record) -> str:
    """The group of a record and its translations: its own, or one that no other record is of."""
    return record.group or f"\0{record.id}"


def in_language(record: Record, language: str) -> Record:
    """A translated record under its own id, in the group of its original."""
    name = f"{record.id}:{language}"
    return replace(record, id=name, language=language, group=group_of(record), words=(), tags=())


def _ask(
    record: Record, columns: Mapping[str, str], passage: str | None, engine: Engine
) -> _Asked | Reason:
    texts = {name: record.texts[name] for name in names_bound(record.texts, columns.values())}
    if passage is None or not record.spans:
        return _Asked(texts, record.choices)
    marked = engine.mark(texts[passage], *record.spans[0])
    if marked is None:
        return "holds the marks of an answer itself"
    return _Asked(texts | {passage: marked}, record.choices, passage)


def _all(asked: _Asked) -> tuple[str, ...]:
    return (*asked.texts.values(), *asked.choices)


def _made(
    record: Record, asked: _Asked, found: Mapping[str, str | None], engine: Engine
) -> Record | Reason:
    """The record with its texts in the other language."""
    given = [found[text] for text in _all(asked)]
    whole = [text for text in given if text is not None]
    if len(whole) < len(given):
        return "not translated whole"
    if not all(text.strip() for text in whole):
        return "nothing came out"
    texts = dict(zip(asked.texts, whole, strict=False))
    choices = tuple(whole[len(texts) :])
    if len(set(choices)) < len(set(asked.choices)):
        return "two choices became one"
    spans = record.spans
    if asked.marked is not None:
        piece = engine.unmark(texts[asked.marked])
        if piece is None:
            return "the answer's place was lost"
        texts[asked.marked] = piece.text
        spans = ((piece.start, piece.end),)
    return replace(record, texts=texts, choices=choices, spans=spans)
