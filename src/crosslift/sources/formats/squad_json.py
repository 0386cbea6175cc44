"""The JSON of SQuAD 1.1 and 2.0: articles, their paragraphs, the questions of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.formats.rows import Row
from crosslift.sources.text_files import read_text

_LAYOUT = "SQuAD's layout: data > paragraphs > context and qas > id, question, answers"


def squad_json(path: Path) -> Iterator[Row]:
    """The questions of a file, each with its paragraph, in the same columns as on the hub.

    Columns: ``id``, ``question``, ``context``, ``answers`` (a mapping of the lists ``text`` and
    ``answer_start``) and ``is_impossible`` (absent before version 2.0: no question is).

    Raises:
        DataError: the file is not in SQuAD's layout, or its bytes are not UTF-8.
    """
    number = 0
    whole = parsed_object(read_text(path), str(path))
    for article in _items(whole, "data", str(path)):
        for paragraph in _items(article, "paragraphs", str(path)):
            for question in _items(paragraph, "qas", str(path)):
                number += 1
                yield _question(path, number, paragraph, question)


def _question(path: Path, number: int, paragraph: dict[str, Any], question: dict[str, Any]) -> Row:
    place = f"{path}, question {question.get('id', number)!r}"
    answers = _items(question, "answers", place)
    values: dict[str, Any] = {n: question[n] for n in ("id", "question") if n in question}
    values["answers"] = {
        name: [answer.get(name) for answer in answers] for name in ("text", "answer_start")
    }
    values["is_impossible"] = question.get("is_impossible", False)
    if "context" in paragraph:
        values["context"] = paragraph["context"]
    return Row(values, place, number)


def _items(owner: dict[str, Any], name: str, place: str) -> list[dict[str, Any]]:
    items = owner.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DataError(f"{place}: no list {name!r} of objects", _LAYOUT)
    return items
