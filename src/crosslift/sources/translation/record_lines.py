"""Records as lines of JSON, and back, without any loss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError
from crosslift.sources.record import Record

_TUPLES = ("choices", "words", "tags")
_DEFAULT = Record("")


def line_of(record: Record) -> str:
    """One record as a line, without default values."""
    values = {name: getattr(record, name) for name in Record.__slots__}
    fields = {name: value for name, value in values.items() if value != getattr(_DEFAULT, name)}
    if record.texts:
        fields["texts"] = dict(record.texts)
    if record.image is not None:
        fields["image"] = str(record.image)
    return json.dumps({"id": record.id} | fields, ensure_ascii=False)


def record_of(line: str, place: str = "a record") -> Record:
    """The record of a line from `line_of`.

    Args:
        line: an object of JSON.
        place: its location, for errors.

    Raises:
        ArtifactError: it is not JSON.
    """
    values: dict[str, Any] = parse_json(line, place, error=ArtifactError)
    values |= {name: tuple(values[name]) for name in _TUPLES if name in values}
    if "spans" in values:
        values["spans"] = tuple((start, end) for start, end in values["spans"])
    if "image" in values:
        values["image"] = Path(values["image"])
    return Record(**values)


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Writes records into a new file."""
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        file.writelines(f"{line_of(record)}\n" for record in records)


def read_lines(path: Path) -> Iterator[Record]:
    """The records of a file from `write_lines`, in its order."""
    with path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            yield record_of(line, f"{path}, line {number}")
