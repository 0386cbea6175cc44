"""Files of one JSON object a line, with or without labels in a separate file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json, unique_keys
from crosslift.errors import DataError
from crosslift.sources.formats.rows import Row, lines_of, short

LABELS = "-labels.lst"
"""Ending of the file of labels beside ``NAME.jsonl``: ``NAME-labels.lst``."""


def json_lines(path: Path) -> Iterator[Row]:
    """The objects of a file, one a line; empty lines are skipped.

    Raises:
        DataError: a line that is not a JSON object, bytes that are not UTF-8.
    """
    for number, line in lines_of(path):
        if line.strip():
            place = f"{path}, row {number}"
            yield Row(parsed_object(line, place), place, number)


def labelled_json_lines(path: Path) -> Iterator[Row]:
    """The objects of ``NAME.jsonl``, each with the line of ``NAME-labels.lst`` as its ``label``.

    Raises:
        DataError: as `json_lines`; no file of labels, or a different number of them.
    """
    beside = path.with_name(f"{path.stem}{LABELS}")
    if not beside.is_file():
        raise DataError(f"{path} has no {beside.name} beside it", "the file of its labels")
    labels = (line.strip() for _, line in lines_of(beside) if line.strip())
    for row, label in zip_longest(json_lines(path), labels):
        if row is None or label is None:
            fewer, more = (path, beside) if row is None else (beside, path)
            raise DataError(f"{fewer} has fewer lines than {more}", "a label for each object")
        yield Row({**row.values, "label": label}, row.place, row.number)


def parsed_object(text: str, place: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        DataError: as `parse_json`, or it is not an object; the error names ``place``.
    """
    value = parse_json(text, place, object_hook=unique_keys)
    if not isinstance(value, dict):
        raise DataError(f"{place}: {short(value)}", "a JSON object")
    return value
