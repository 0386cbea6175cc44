"""From a row to a labelled example: classified pairs, tagged words, questions on passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from crosslift.sources.fields import SpanFields
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.labelled.pairs import LABEL, PAIR, TEXT
from crosslift.sources.record import Record

OTHER_LANGUAGE = "in another language"


class Shape(Protocol):
    """What makes an example of a row."""

    def labelled(self, row: Row) -> bool:
        """Whether the row has its label."""

    def key(self, row: Row, place: int) -> str:
        """The published id of a row, or its place in its file from 0."""

    def record(self, row: Row, key: str, language: str, labelled: bool) -> Record:
        """The example; where labels are withheld, without one."""


@dataclass(frozen=True, slots=True)
class PairShape:
    """Two texts and a class, in the columns ``text``, ``pair`` and ``label``.

    Args:
        labels: label as it is published (whole numbers too, as text) -> class.
    """

    labels: Mapping[str, str]

    def labelled(self, row: Row) -> bool:
        """Whether there is the column ``label``."""
        return LABEL in row.values

    def key(self, row: Row, place: int) -> str:
        """The place: translations of one pair share it."""
        del row
        return str(place)

    def record(self, row: Row, key: str, language: str, labelled: bool) -> Record:
        """The example.

        Raises:
            DataError: an empty text, an unknown label.
        """
        texts = {name: row.text(name) for name in (TEXT, PAIR)}
        return Record(key, texts, language=language, label=self._label(row) if labelled else None)

    def _label(self, row: Row) -> str:
        value = row.value(LABEL)
        label = str(value).strip() if isinstance(value, str | int) else ""
        if label not in self.labels:
            raise row.fault(f"label {short(value)}", f"one of {', '.join(self.labels)}")
        return self.labels[label]


@dataclass(frozen=True, slots=True)
class WordShape:
    """Words and their tags, in the columns ``words`` and ``tags``, checked as they were read."""

    def labelled(self, row: Row) -> bool:
        """Whether there is the column ``tags``."""
        return "tags" in row.values

    def key(self, row: Row, place: int) -> str:
        """The place."""
        del row
        return str(place)

    def record(self, row: Row, key: str, language: str, labelled: bool) -> Record:
        """The example."""
        tags = tuple(row.value("tags")) if labelled else ()
        return Record(key, language=language, words=tuple(row.value("words")), tags=tags)


@dataclass(frozen=True, slots=True)
class QuestionShape:
    """A question, a passage and its answers, in SQuAD's columns."""

    def labelled(self, row: Row) -> bool:
        """Whether there is an answer: XTREME's test files have empty ones at 0."""
        answers = row.value("answers")
        return any(text != "" for text in answers["text"])

    def key(self, row: Row, place: int) -> str:
        """The published id."""
        del place
        return str(row.value("id"))

    def record(self, row: Row, key: str, language: str, labelled: bool) -> Record:
        """The example.

        Raises:
            DataError: an answer that does not stand at its offset, an empty text.
        """
        fields = SpanFields(unanswerable=not labelled)
        bare = row if labelled else replace(row, values={**row.values, "answers": _NONE})
        record = fields.record(bare, "")
        if isinstance(record, str):
            raise row.fault(record, "an example")
        return replace(record, id=key, language=language)


_NONE: Mapping[str, list[object]] = {"text": [], "answer_start": []}


@dataclass(frozen=True, slots=True)
class EnglishFields:
    """Makes training and dev records of rows that must have their labels.

    Args:
        shape: of the rows.
        language_of: the language of a row, of data in several; rows in another language than English
            are left out and counted. None: all are English.
    """

    shape: Shape
    language_of: Callable[[Row], str] | None = None

    def record(self, row: Row, split: str) -> Record | str:
        """The record, whose id begins with the split's name.

        Raises:
            DataError: a row without its label; as the shape.
        """
        if self.language_of is not None and self.language_of(row) != "en":
            return OTHER_LANGUAGE
        if not self.shape.labelled(row):
            raise row.fault("no label", "labelled examples to train on and to choose by")
        key = str(row.values.get("id", self.shape.key(row, row.number)))
        return self.shape.record(row, f"{split}:{key}", "en", labelled=True)
