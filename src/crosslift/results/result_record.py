"""The base of every result: one class builds, writes and reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError

RUN_AGAIN = "run the study again with this version; finished steps are not repeated"
"""The remedy for a run folder that cannot be read."""

Kind = TypeVar("Kind")


class ResultRecord(BaseModel):
    """A JSON object of a result file. It is immutable, and all of its numbers are finite.

    A short text below each field says what it holds. `crosslift.results.documentation` reads these
    texts from the source: no command spends time on them. A field with a default may be missing in the
    files of earlier versions.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """The JSON object, with its keys in the order of the fields."""
        return self.model_dump(mode="json", by_alias=True)


def absent_if(value: object) -> Any:
    """Marks a field that the file leaves out if it has this value.

    Example: ``tower: Annotated[Tower | None, absent_if(None)] = None``.
    """
    return Field(exclude_if=lambda field_value: field_value == value)


def from_json(content: Any, kind: type[Kind], place: str, remedy: str = RUN_AGAIN) -> Kind:
    """Turns parsed JSON into a record, or into a tuple of records.

    Args:
        content: as `parse_json` returns it.
        kind: a `ResultRecord`, or a type made of records, such as ``tuple[Verdict, ...]``.
        place: the name of the file, for the error.
        remedy: what the error advises.

    Raises:
        DataError: a field is missing, or has a value that the record does not allow.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise DataError(f"{place} is malformed: {error}", remedy=remedy) from error


def parse_json_file(path: Path, remedy: str = RUN_AGAIN) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: the file cannot be read, or is not JSON.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", remedy=remedy) from error
    return parse_json(content, str(path), remedy=remedy)


def read_json_file(path: Path, kind: type[Kind]) -> Kind:
    """Reads a JSON file as a record, or as a tuple of records; see `from_json`.

    Raises:
        DataError: the file cannot be read, is not JSON, or does not hold such records.
    """
    return from_json(parse_json_file(path), kind, str(path))


def read_optional_json_file(path: Path, kind: type[Kind]) -> Kind | None:
    """Reads a JSON file that a run may not have written; returns None if there is no such file.

    Raises:
        DataError: as `read_json_file`.
    """
    return read_json_file(path, kind) if path.is_file() else None


def write_json_file(path: Path, content: ResultRecord | Sequence[ResultRecord]) -> None:
    """Writes a record, or a list of records, as `read_json_file` reads them.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    value = (
        content.to_json() if isinstance(content, ResultRecord) else [r.to_json() for r in content]
    )
    with file_written_whole(path) as draft:
        draft.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
