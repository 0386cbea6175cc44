"""Rows of Python as a file: lists, generators, data frames and datasets.

A file is written once and named by the hash of its content. The same rows are the same file, whatever
object held them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.places import home
from crosslift.errors import DataError
from crosslift.sources.formats.rows import short

_PAIR = ("anchor", "positive", "negative")
ROWS = (
    "rows: a list of pairs (TEXT, TEXT), of texts, or of mappings from columns to values; a data frame "
    "of pandas, polars or pyarrow; one split of a dataset"
)


def rows_file(rows: Any) -> Path:
    """Writes rows, unless they are written already.

    Args:
        rows: an iterable of pairs of texts (columns ``anchor``, ``positive``, and ``negative`` of
            three), of texts (column ``text``), or of mappings; a table of pyarrow, a data frame of
            pandas or polars, or a ``datasets.Dataset``. A path in a row becomes absolute.

    Returns:
        A file of JSON lines; of parquet, if a table holds pictures or other bytes.

    Raises:
        DataError: there is no row, or a row is something else.
    """
    table = arrow_table(rows)
    return file_of_rows(rows) if table is None else file_of_table(table)


def file_of_table(table: Any) -> Path:
    """Writes a table of pyarrow, unless it is written already; see `rows_file`."""
    return _parquet_file(table) if holds_bytes(table.schema) else file_of_rows(table.to_pylist())


def file_of_rows(rows: Iterable[Any]) -> Path:
    """Writes rows that are no table as JSON lines, unless they are written already."""
    content = json_lines(rows)
    place = written_rows() / f"{content_hash(content)}.jsonl"
    if not place.is_file():
        with file_written_whole(place) as draft:
            draft.write_bytes(content)
    return place


def written_rows() -> Path:
    """The folder of all rows that were written."""
    return home() / "rows"


def json_lines(rows: Iterable[Any]) -> bytes:
    """Rows as JSON lines.

    Raises:
        DataError: there is no row, or a row is something else.
    """
    if not isinstance(rows, Iterable):
        raise DataError(f"data of the type {type(rows).__name__}", ROWS)
    lines = [_json_line(number, row) for number, row in enumerate(rows, start=1)]
    if not lines:
        raise DataError("data without a row", ROWS)
    return utf8("".join(lines))


def _json_line(number: int, row: Any) -> str:
    try:
        return json.dumps(columns_of(row), ensure_ascii=False, default=_as_text) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError(f"row {number}: {short(row)} ({error})", ROWS) from error


def columns_of(row: Any) -> Mapping[str, Any]:
    """Column -> value of a row.

    Raises:
        TypeError: it is not a row.
    """
    if isinstance(row, Mapping):
        return {str(name): value for name, value in row.items()}
    if isinstance(row, str):
        return {"text": row}
    if isinstance(row, tuple | list) and 2 <= len(row) <= len(_PAIR):
        return dict(zip(_PAIR, row, strict=False))
    raise TypeError(f"a {type(row).__name__}")


def _as_text(value: Any) -> str:
    """The JSON value of an object that JSON does not support."""
    if isinstance(value, Path):
        return str(value.absolute())
    raise TypeError(f"a value of the type {type(value).__name__}")


def utf8(text: str) -> bytes:
    """A text as UTF-8.

    Raises:
        DataError: it holds half a character.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"a text that is not UTF-8: {error}", "whole characters") from error


def content_hash(content: bytes) -> str:
    """The file name of some content."""
    return hashlib.sha256(content).hexdigest()[:32]


def arrow_table(rows: Any) -> Any:
    """The table of a data frame or dataset; returns None if the rows are something else."""
    if hasattr(rows, "with_format") and hasattr(rows, "features"):  # datasets: its own selection
        return rows.with_format("arrow")[:]
    if not hasattr(rows, "__arrow_c_stream__"):
        return None
    import pyarrow as pa

    table = pa.table(rows)
    return table.drop_columns([n for n in table.column_names if n.startswith("__index_level_")])


def holds_bytes(schema: Any) -> bool:
    """Whether a table of this schema holds pictures or other bytes."""
    from pyarrow import types

    kinds = [field.type for field in schema]
    inner = [field.type for kind in kinds if types.is_struct(kind) for field in kind]
    return any(types.is_binary(kind) or types.is_large_binary(kind) for kind in (*kinds, *inner))


def _parquet_file(table: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None).combine_chunks())
    place = written_rows() / f"{content_hash(sink.getvalue())}.parquet"
    if not place.is_file():
        with file_written_whole(place) as draft:
            parquet.write_table(table, draft)
    return place
