"""From a row of a dataset to a record: the columns, and the meaning of the labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosslift.sources.formats.rows import Row, short
from crosslift.sources.record import Record

NO_LABEL = "no gold label"
EMPTY = "empty text"


class Fields(ABC):
    """Makes a record from a row.

    Training examples have their published id. Examples that are scored have their index as id, so that
    translations of one example share it, unless `example_id` says otherwise.
    """

    __slots__ = ()

    def key(self, row: Row) -> str:
        """The published id of a row; the row's number if none is published."""
        return str(row.number)

    def example_id(self, row: Row, place: int) -> str:
        """The id of an example that is scored.

        Args:
            row: row of the example.
            place: place of the example among those of its split and language, from 0.
        """
        del row
        return str(place)

    def labelled(self, row: Row) -> bool:
        """Whether a row has its label; always True if no published file withholds labels."""
        del row
        return True

    @abstractmethod
    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record of a row; or, as a text, why the row is skipped.

        Args:
            row: row of the data.
            key: id of the record.
            language: BCP-47 code of its texts.
            labelled: whether to read the label; False if labels are withheld.

        Raises:
            DataError: the row is faulty.
        """


@dataclass(frozen=True, slots=True)
class PairFields(Fields):
    """Two texts and a class.

    Args:
        text, pair, label: columns.
        labels: published label (whole numbers too, as text) -> class; None: not labelled.
        id: columns of the published id; none: the row's number.
        empty: the published data are known to have empty texts; such rows are skipped.
        withheld: some files withhold labels: they lack the column of labels.
    """

    text: str
    pair: str
    label: str
    labels: Mapping[str, str | None]
    id: tuple[str, ...] = ()
    empty: bool = False
    withheld: bool = False

    def key(self, row: Row) -> str:
        """The published id, or the row's number."""
        return row.key(self.id)

    def labelled(self, row: Row) -> bool:
        """Whether the row has the column of labels; always True if labels are never withheld."""
        return not self.withheld or self.label in row.values

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record; rows whose label says that there is none are skipped."""
        label = self._class(row) if labelled else None
        if labelled and label is None:
            return NO_LABEL
        if self.empty and "" in (row.value(self.text), row.value(self.pair)):
            return EMPTY
        texts = {"text": row.text(self.text), "pair": row.text(self.pair)}
        return Record(key, texts, language=language, label=label)

    def _class(self, row: Row) -> str | None:
        # files that withhold labels name no columns, so the error names none
        name = "label" if self.withheld else f"{self.label!r} holds"
        label: str | None = _meaning(row, self.label, self.labels, name)
        return label


@dataclass(frozen=True, slots=True)
class GradeFields(Fields):
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

    def key(self, row: Row) -> str:
        """The published id, or the row's number."""
        return row.key(self.id)

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record."""
        texts = {"text": row.text(self.text), "pair": row.text(self.pair)}
        score = row.number_in(self.score, self.lowest, self.highest) if labelled else None
        return Record(key, texts, language=language, score=score)


@dataclass(frozen=True, slots=True)
class ChoiceFields(Fields):
    """Texts to choose from.

    Args:
        texts: column of the record ("context", "question") -> column of the row.
        choices: columns of the choices, or the one column that holds a list of them.
        count: number of choices.
        answer: column of the right one.
        answers: published answer (whole numbers too, as text) -> index from 0.
        id: columns of the published id; none: the row's number.
    """

    texts: Mapping[str, str]
    choices: tuple[str, ...] | str
    count: int
    answer: str
    answers: Mapping[str, int]
    id: tuple[str, ...] = ()

    def key(self, row: Row) -> str:
        """The published id, or the row's number."""
        return row.key(self.id)

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record."""
        name = f"{self.answer!r} holds"
        return Record(
            key,
            {name: row.text(column) for name, column in self.texts.items()},
            language=language,
            choices=self._choices(row),
            answer=_meaning(row, self.answer, self.answers, name) if labelled else None,
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
class SpanFields(Fields):
    """A question, a passage, and the places in the passage that answer it (SQuAD's columns).

    The passage keeps its outer space, so that the published offsets hold. An answer must appear
    at its offset, letter for letter: no other place is guessed.

    Args:
        unanswerable: questions without an answer are allowed (SQuAD 2.0).
        withheld: some files withhold answers: they are empty, at 0 (XTREME's).
    """

    unanswerable: bool = False
    withheld: bool = False

    def key(self, row: Row) -> str:
        """The published id."""
        return row.key(("id",))

    def example_id(self, row: Row, place: int) -> str:
        """The published id: translations of one question share it."""
        del place
        return self.key(row)

    def labelled(self, row: Row) -> bool:
        """Whether there is an answer; always True if answers are never withheld."""
        return not self.withheld or any(text != "" for text in row.value("answers")["text"])

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record; repeated answers are one span."""
        passage = row.value("context")
        row.as_text(passage, "context")
        spans = tuple(dict.fromkeys(self._spans(row, passage))) if labelled else ()
        if not spans and labelled and not self.unanswerable:
            raise row.fault("no answer", "an answer (questions without one are of SQuAD 2.0)")
        if spans and row.values.get("is_impossible", False):
            raise row.fault("an answer to a question called impossible", "none")
        texts = {"question": row.text("question"), "passage": passage}
        return Record(key, texts, language=language, spans=spans)

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
            f"the answer is {short(text)}, but the text at {start} is {short(passage[start:end])}",
            "the answer at its offset, counted in characters",
        )
    return start, end


@dataclass(frozen=True, slots=True)
class TagFields(Fields):
    """Words and their tags, in the columns ``words`` and ``tags``, checked when they were read.

    Args:
        id: columns of the published id; none: the row's number.
    """

    id: tuple[str, ...] = ()

    def key(self, row: Row) -> str:
        """The published id, or the row's number."""
        return row.key(self.id)

    def labelled(self, row: Row) -> bool:
        """Whether the row has the column ``tags``."""
        return "tags" in row.values

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record."""
        tags = tuple(row.value("tags")) if labelled else ()
        return Record(key, language=language, words=tuple(row.value("words")), tags=tags)


def _meaning(row: Row, column: str, meanings: Mapping[str, Any], name: str) -> Any:
    """The meaning of the label in a column; error messages begin with ``name``."""
    value = row.value(column)
    label = str(value).strip() if isinstance(value, str | int) else ""
    if label not in meanings:
        raise row.fault(f"{name} {short(value)}", f"one of {', '.join(meanings)}")
    return meanings[label]
