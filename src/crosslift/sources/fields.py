"""From a row of a dataset to a record: which columns hold what, and what the labels mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crosslift.sources.formats.rows import Row, short
from crosslift.sources.record import Record

NO_LABEL = "no gold label"
EMPTY = "empty text"


class Fields(Protocol):
    """What makes a record of a row."""

    def record(self, row: Row, split: str) -> Record | str:
        """The record, whose id begins with the split's name; a text: why the row is left out."""


@dataclass(frozen=True, slots=True)
class PairFields:
    """Two texts and a class.

    Args:
        text, pair, label: columns.
        labels: label as it is published (whole numbers too, as text) -> class; None: not labelled.
        id: columns of the published id; none: the row's number.
        empty: the published data are known to have empty texts: such rows are left out.
    """

    text: str
    pair: str
    label: str
    labels: Mapping[str, str | None]
    id: tuple[str, ...] = ()
    empty: bool = False

    def record(self, row: Row, split: str) -> Record | str:
        """The record; left out are rows whose label says that there is none."""
        label = _meaning(row, self.label, self.labels)
        if label is None:
            return NO_LABEL
        if self.empty and "" in (row.value(self.text), row.value(self.pair)):
            return EMPTY
        texts = {"text": row.text(self.text), "pair": row.text(self.pair)}
        return Record(f"{split}:{row.key(self.id)}", texts, label=label)


@dataclass(frozen=True, slots=True)
class GradeFields:
    """Two texts and a grade.

    Args:
        text, pair, score: columns.
        lowest, highest: range of the grades.
        id: columns of the published id; none: the row's number.
    """

    text: str
    pair: str
    score: str
    lowest: float
    highest: float
    id: tuple[str, ...] = ()

    def record(self, row: Row, split: str) -> Record | str:
        """The record."""
        texts = {"text": row.text(self.text), "pair": row.text(self.pair)}
        score = row.number_in(self.score, self.lowest, self.highest)
        return Record(f"{split}:{row.key(self.id)}", texts, score=score)


@dataclass(frozen=True, slots=True)
class ChoiceFields:
    """Texts to choose from.

    Args:
        texts: column of the record ("context", "question") -> column of the row.
        choices: columns of the choices, or the one column that holds a list of them.
        count: how many choices there are.
        answer: column of the right one.
        answers: answer as it is published (whole numbers too, as text) -> index from 0.
        id: columns of the published id; none: the row's number.
    """

    texts: Mapping[str, str]
    choices: tuple[str, ...] | str
    count: int
    answer: str
    answers: Mapping[str, int]
    id: tuple[str, ...] = ()

    def record(self, row: Row, split: str) -> Record | str:
        """The record."""
        return Record(
            f"{split}:{row.key(self.id)}",
            {name: row.text(column) for name, column in self.texts.items()},
            choices=self._choices(row),
            answer=_meaning(row, self.answer, self.answers),
        )

    def _choices(self, row: Row) -> tuple[str, ...]:
        if not isinstance(self.choices, str):
            return tuple(row.text(column) for column in self.choices)
        values = row.value(self.choices)
        if not isinstance(values, list) or len(values) != self.count:
            raise row.fault(
                f"{self.choices!r} holds {short(values)}", f"a list of {self.count} texts"
            )
        return tuple(row.as_text(value, self.choices) for value in values)


@dataclass(frozen=True, slots=True)
class SpanFields:
    """A question, a passage, and the places in the passage that answer it (SQuAD's columns).

    The passage keeps its outer space, so that the published offsets hold. An answer must stand at
    its offset, letter for letter: no other place is guessed.

    Args:
        unanswerable: questions without an answer are allowed (SQuAD 2.0).
    """

    unanswerable: bool = False

    def record(self, row: Row, split: str) -> Record | str:
        """The record; an answer given several times is one span."""
        passage = row.value("context")
        row.as_text(passage, "context")
        spans = tuple(dict.fromkeys(self._spans(row, passage)))
        if not spans and not self.unanswerable:
            raise row.fault("no answer", "an answer (questions without one are of SQuAD 2.0)")
        if spans and row.values.get("is_impossible", False):
            raise row.fault("an answer to a question called impossible", "none")
        texts = {"question": row.text("question"), "passage": passage}
        return Record(f"{split}:{row.key(('id',))}", texts, spans=spans)

    def _spans(self, row: Row, passage: str) -> list[tuple[int, int]]:
        answers = row.value("answers")
        names = ("text", "answer_start")
        texts, starts = (answers.get(n) if isinstance(answers, Mapping) else None for n in names)
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            raise row.fault(
                f"'answers' holds {short(answers)}", "lists `text` and `answer_start` of one length"
            )
        return [_span(row, passage, *answer) for answer in zip(texts, starts, strict=True)]


def _span(row: Row, passage: str, text: object, start: object) -> tuple[int, int]:
    if not isinstance(text, str) or not text or not isinstance(start, int) or start < 0:
        raise row.fault(
            f"answer {short(text)} at {short(start)}", "a text and its place in the passage"
        )
    end = start + len(text)
    if passage[start:end] != text:
        raise row.fault(
            f"the answer is {short(text)}, but at {start} stands {short(passage[start:end])}",
            "the answer at its offset, counted in characters",
        )
    return start, end


@dataclass(frozen=True, slots=True)
class TagFields:
    """Words and their tags, in the columns ``id``, ``words`` and ``tags``."""

    def record(self, row: Row, split: str) -> Record | str:
        """The record."""
        words, tags = tuple(row.value("words")), tuple(row.value("tags"))
        return Record(f"{split}:{row.key(('id',))}", words=words, tags=tags)


def _meaning(row: Row, column: str, meanings: Mapping[str, Any]) -> Any:
    value = row.value(column)
    label = str(value).strip() if isinstance(value, str | int) else ""
    if label not in meanings:
        raise row.fault(f"{column!r} holds {short(value)}", f"one of {', '.join(meanings)}")
    return meanings[label]
