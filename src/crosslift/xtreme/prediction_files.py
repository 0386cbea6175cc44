"""Reading XTREME's files of predictions and of labels.

All are UTF-8. A byte order mark, Windows line ends, and blank lines before the first and after the
last entry are ignored. Content that does not fit the layout raises an error with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json, unique_keys
from crosslift.errors import DataError
from crosslift.sources.text_files import lines_in, read_text

_LINE_NUMBER = re.compile("[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class PredictionLine:
    """One line of a file.

    Args:
        line: its number, counted from 1.
        text: without white space around it.
    """

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """The tags of a sentence.

    Args:
        line: number of its first line, counted from 1.
        tags: one for each word.
    """

    line: int
    tags: tuple[str, ...]


def read_labels(path: Path) -> list[PredictionLine]:
    """One label per line (XNLI, PAWS-X).

    Raises:
        DataError: the file cannot be read or is empty, has a blank line between labels, or a line has
            more than a label.
    """
    return [_alone(path, entry, "label") for entry in _entries(path, "a label")]


def read_line_numbers(path: Path) -> list[int]:
    """One line number per line, counted from 0 (Tatoeba).

    Raises:
        DataError: as for `read_labels`; a line is not such a number.
    """
    numbers = []
    for entry in _entries(path, "a line number"):
        if not _LINE_NUMBER.fullmatch(entry.text):
            raise DataError(
                f"{_place(path, entry)}: {entry.text[:60]!r}",
                "the number of a line of the other file, counted from 0, without brackets",
            )
        numbers.append(int(entry.text))
    return numbers


def read_pairs(path: Path, *, may_be_empty: bool = False) -> set[tuple[str, str]]:
    """One pair of sentence ids per line, with a tab between them (BUCC); a repeated pair counts once.

    Args:
        path: the file.
        may_be_empty: whether it may have no pair, as predictions may.

    Raises:
        DataError: as for `read_labels`; a line does not have exactly two ids.
    """
    pairs = set()
    for entry in _entries(path, "a pair of ids", may_be_empty=may_be_empty):
        ids = [part.strip() for part in entry.text.split("\t")]
        if len(ids) != 2 or not all(ids):
            raise DataError(
                f"{_place(path, entry)}: {entry.text!r}",
                "two sentence ids with a tab between them",
            )
        pairs.add((ids[0], ids[1]))
    return pairs


def read_tags(path: Path) -> list[TaggedSentence]:
    """One tag per line and a blank line after each sentence (UD-POS, WikiANN NER).

    Several blank lines count as one.

    Raises:
        DataError: the file cannot be read or is empty, or a line has more than a tag.
    """
    sentences: list[TaggedSentence] = []
    tags: list[str] = []
    first = 0
    for number, text in enumerate(lines_in(path), start=1):
        entry = PredictionLine(number, text.strip())
        if entry.text:
            first = first if tags else number
            tags.append(_alone(path, entry, "tag").text)
        elif tags:
            sentences.append(TaggedSentence(first, tuple(tags)))
            tags = []
    if tags:
        sentences.append(TaggedSentence(first, tuple(tags)))
    if not sentences:
        raise _empty(path, "a tag")
    return sentences


def read_answers(path: Path) -> dict[str, str]:
    """Question id -> predicted answer (XQuAD, MLQA, TyDiQA-GoldP), from a JSON object.

    Raises:
        DataError: the file cannot be read, is not such an object, or answers a question twice.
    """
    content = _json(path)
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no JSON object", "an object of question id and answer")
    for key, answer in content.items():
        if not isinstance(answer, str):
            raise DataError(f"{path}, question {key!r}: the answer is {answer!r}", "a text")
    return content


def read_questions(path: Path) -> dict[str, tuple[str, ...]]:
    """Question id -> correct answers, from a file in SQuAD's layout or its list ``data`` alone.

    Raises:
        DataError: the file cannot be read or is not of that layout, an id appears twice, a question
            has no answer, or there is no question.
    """
    content = _json(path)
    answers_by_question: dict[str, tuple[str, ...]] = {}
    for article in _list(content["data"] if _has(content, "data") else content, str(path)):
        for paragraph in _list(_field(article, "paragraphs", str(path)), str(path)):
            for question in _list(_field(paragraph, "qas", str(path)), str(path)):
                key, answers = _question(question, str(path))
                if key in answers_by_question:
                    raise DataError(f"{path}: question {key!r} appears twice", "each id once")
                answers_by_question[key] = answers
    if not answers_by_question:
        raise DataError(f"{path} has no question", "at least one question")
    return answers_by_question


_SQUAD = "SQuAD's layout: data > paragraphs > qas > id, answers > text"


def _question(question: Any, place: str) -> tuple[str, tuple[str, ...]]:
    key = _field(question, "id", place)
    place = f"{place}, question {key!r}"
    texts = [
        _field(answer, "text", place) for answer in _list(_field(question, "answers", place), place)
    ]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{place}: its answers are {texts!r}", "one right answer or more")
    return str(key), tuple(texts)


def _has(owner: Any, name: str) -> bool:
    return isinstance(owner, dict) and name in owner


def _field(owner: Any, name: str, place: str) -> Any:
    if not _has(owner, name):
        raise DataError(f"{place}: no {name!r}", _SQUAD)
    return owner[name]


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{place}: a {type(value).__name__} where a list belongs", _SQUAD)
    return value


def _json(path: Path) -> Any:
    return parse_json(read_text(path), str(path), object_hook=unique_keys)


def _entries(path: Path, each: str, *, may_be_empty: bool = False) -> Iterator[PredictionLine]:
    """The lines that are not blank; no blank line may be between them."""
    blank: int | None = None
    begun = False
    for number, text in enumerate(lines_in(path), start=1):
        stripped = text.strip()
        if not stripped:
            blank = blank or number
            continue
        if begun and blank is not None:
            raise DataError(f"{path}, line {blank} is blank", f"{each} on every line")
        begun, blank = True, None
        yield PredictionLine(number, stripped)
    if not begun and not may_be_empty:
        raise _empty(path, each)


def _alone(path: Path, entry: PredictionLine, what: str) -> PredictionLine:
    if "\t" in entry.text:
        raise DataError(
            f"{_place(path, entry)}: {entry.text!r}", f"a {what} alone, without columns"
        )
    return entry


def _place(path: Path, entry: PredictionLine) -> str:
    return f"{path}, line {entry.line}"


def _empty(path: Path, each: str) -> DataError:
    return DataError(f"{path} is empty", f"{each} per line")
