"""Reads and checks the fields of records: an error names the record and the value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.forms.form import column
from crosslift.sources.record import Record

_NAMES_IN_ERRORS = 20


def filled_column(records: Sequence[Record], name: str) -> list[str]:
    """The texts of a column, none of them empty.

    Raises:
        DataError: a record lacks the column, or its text is empty or only white space.
    """
    texts = column(records, name)
    for record, text in zip(records, texts, strict=True):
        if not text.strip():
            raise DataError(f"record {record.id!r}: its text {name!r} is {text!r}", "a text")
    return texts


def checked_names(names: Sequence[str], what: str) -> dict[str, int]:
    """The names of a form's classes or tags -> their numbers, in order.

    Raises:
        DataError: there are fewer than two names, or a name occurs twice.
    """
    numbers = {name: number for number, name in enumerate(names)}
    if len(names) < 2:
        raise DataError(f"{what} {list(names)}", "two or more")
    if len(numbers) < len(names):
        duplicate = next(name for number, name in enumerate(names) if numbers[name] != number)
        raise DataError(f"{what}: {duplicate!r} occurs twice", "each once")
    return numbers


def class_numbers(records: Sequence[Record], labels: dict[str, int]) -> NDArray[np.int64]:
    """The number of each record's label, int64 [N].

    Raises:
        DataError: a record has no label, or one that is not in the set.
    """
    for record in records:
        if record.label is None or record.label not in labels:
            raise DataError(
                f"record {record.id!r}: label {record.label!r}", f"one of {_listed(labels)}"
            )
    return np.array([labels[record.label or ""] for record in records], np.int64)


def right_choices(records: Sequence[Record], choices: int) -> NDArray[np.int64]:
    """The index of each record's right choice, int64 [N].

    Raises:
        DataError: a record has another number of choices, an empty choice, or an answer outside them.
    """
    for record in records:
        which = f"record {record.id!r}"
        if len(record.choices) != choices:
            raise DataError(f"{which} has {len(record.choices)} choices", f"{choices} choices")
        for number, choice in enumerate(record.choices):
            if not choice.strip():
                raise DataError(f"{which}: choice {number} is {choice!r}", "a text")
        if record.answer is None or not 0 <= record.answer < choices:
            raise DataError(f"{which}: answer {record.answer}", f"0 to {choices - 1}")
    return np.array([record.answer for record in records], np.int64)


def check_spans(records: Sequence[Record], passages: Sequence[str], unanswerable: bool) -> None:
    """Checks that every answer is a piece of its passage.

    Args:
        records: N records.
        passages: passages of the records.
        unanswerable: whether a question may have no answer.

    Raises:
        DataError: an answer is outside the passage, or a record lacks a required answer.
    """
    for record, passage in zip(records, passages, strict=True):
        for start, end in record.spans:
            if not 0 <= start < end <= len(passage):
                raise DataError(
                    f"record {record.id!r}: an answer at characters {start} to {end}",
                    f"inside the passage, which has {len(passage)} characters",
                )
        if not record.spans and not unanswerable:
            raise DataError(
                f"record {record.id!r} has no answer",
                "an answer to each question",
                "set the form's option `unanswerable` to true if some questions have none",
            )


def tag_numbers(records: Sequence[Record], tags: dict[str, int]) -> list[NDArray[np.int64]]:
    """The numbers of each record's tags, int64 [W] each.

    Raises:
        DataError: a record has no words, an empty word, not one tag per word, or a tag outside the set.
    """
    for record in records:
        which = f"record {record.id!r}"
        if not record.words:
            raise DataError(f"{which} has words {record.words}", "one word at least")
        if len(record.words) != len(record.tags):
            raise DataError(
                f"{which}: {len(record.words)} words and {len(record.tags)} tags",
                "a tag for each word",
            )
        for number, (word, tag) in enumerate(zip(record.words, record.tags, strict=True)):
            if not word:
                raise DataError(f"{which}: word {number} is {word!r}", "a word")
            if tag not in tags:
                raise DataError(
                    f"{which}: word {number}, {word!r}, has tag {tag!r}", f"one of {_listed(tags)}"
                )
    return [np.array([tags[tag] for tag in record.tags], np.int64) for record in records]


def grades(records: Sequence[Record], lowest: float, highest: float) -> NDArray[np.float32]:
    """The score of each record on the scale from 0 (``lowest``) to 1 (``highest``), float32 [N].

    Raises:
        DataError: a record has no score, or one outside the scale.
    """
    for record in records:
        score = record.score
        if score is None or not math.isfinite(score) or not lowest <= score <= highest:
            raise DataError(
                f"record {record.id!r}: score {score}",
                f"{lowest:g} to {highest:g}",
                "`options: {lowest: A, highest: B}` states another scale",
            )
    scores = np.array([record.score for record in records], np.float64)
    return ((scores - lowest) / (highest - lowest)).astype(np.float32)


def _listed(names: dict[str, int]) -> str:
    sentence = ", ".join(repr(name) for name in list(names)[:_NAMES_IN_ERRORS])
    return sentence if len(names) <= _NAMES_IN_ERRORS else f"{sentence}, ... ({len(names)} in all)"
