"""Data of Python as files: lists, data frames and datasets where a setting names a file or a folder.

They are written once, in a file or folder that is named by the hash of its content. From then on they
are files like any other: studies resume, and checks of languages and overlap read them. The same rows
are the same file, whatever object held them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from crosslift.artifacts.files import file_written_whole, folder_written_whole
from crosslift.artifacts.places import home
from crosslift.errors import DataError
from crosslift.languages import code_meant
from crosslift.sources.formats.rows import short
from crosslift.sources.language_codes import language_code

_PAIR = ("anchor", "positive", "negative")
_ROWS = (
    "rows: a list of pairs (TEXT, TEXT), of texts, or of mappings from columns to values; a data frame "
    "of pandas, polars or pyarrow; one split of a dataset"
)
_BREAKS = ("\t", "\n", "\r")


def as_path(value: Any) -> Any:
    """The path of data: a path as it is; rows as the path of a file with them.

    Args:
        value: a path; rows (see `rows_file`); or a mapping from codes of languages to rows, which
            becomes a folder with a file for each language.

    Raises:
        DataError: the rows cannot be written.
    """
    if value is None or isinstance(value, str | Path):
        return value
    if isinstance(value, Mapping):
        return _language_folder(value)
    return rows_file(value)


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
    table = _arrow_table(rows)
    if table is not None and _holds_bytes(table.schema):
        return _parquet_file(table)
    content = _json_lines(table.to_pylist() if table is not None else rows)
    place = home() / "rows" / f"{_hash(content)}.jsonl"
    if not place.is_file():
        with file_written_whole(place) as draft:
            draft.write_bytes(content)
    return place


def _language_folder(rows_by_language: Mapping[Any, Any]) -> Path:
    """A folder with a file for each language: of pairs, as targets read them; else of records."""
    contents: dict[str, bytes] = {}
    for name, content in _language_files(rows_by_language):
        if name in contents:
            raise DataError(f"two parts of data for {name}", "each language once")
        contents[name] = content
    if not contents:
        raise DataError("data of no language", "a mapping from codes of languages to rows")
    parts = [f"{name}\0{_hash(content)}" for name, content in sorted(contents.items())]
    place = home() / "rows" / _hash("\0".join(parts).encode())
    if not place.is_dir():
        with folder_written_whole(place) as draft:
            for name, content in contents.items():
                (draft / name).write_bytes(content)
    return place


def _language_files(rows_by_language: Mapping[Any, Any]) -> Iterator[tuple[str, bytes]]:
    for code, rows in rows_by_language.items():
        language = _language(str(code))
        table = _arrow_table(rows)
        listed = table.to_pylist() if table is not None else list(rows)
        if listed and _is_pair(listed[0]):
            yield f"rows.{language}-en.tsv", _tab_lines(listed, language)
        else:
            yield f"{language}.jsonl", _json_lines(listed)


def _language(code: str) -> str:
    try:
        return language_code(str(code_meant(code)), "a mapping of data")
    except DataError as error:
        raise DataError(
            error.what,
            f"codes of languages, each with its rows; or {_ROWS}",
            "name one split of a dataset: data=splits['train']",
        ) from error


def _is_pair(row: Any) -> bool:
    return isinstance(row, tuple | list) and len(row) == 2


def _tab_lines(rows: Sequence[Any], language: str) -> bytes:
    lines = []
    for number, row in enumerate(rows, start=1):
        place = f"row {number} of {language!r}"
        if not _is_pair(row) or not all(isinstance(text, str) for text in row):
            raise DataError(f"{place}: {short(row)}", "a text in the language and its English one")
        if any(mark in text for text in row for mark in _BREAKS):
            raise DataError(f"{place}: {short(row)}", "texts without tabs and line breaks")
        lines.append("\t".join(row) + "\n")
    return _encoded("".join(lines))


def _json_lines(rows: Iterable[Any]) -> bytes:
    if not isinstance(rows, Iterable):
        raise DataError(f"data of the type {type(rows).__name__}", _ROWS)
    lines = [_json_line(number, row) for number, row in enumerate(rows, start=1)]
    if not lines:
        raise DataError("data without a row", _ROWS)
    return _encoded("".join(lines))


def _json_line(number: int, row: Any) -> str:
    try:
        return json.dumps(_columns(row), ensure_ascii=False, default=_as_text) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError(f"row {number}: {short(row)} ({error})", _ROWS) from error


def _columns(row: Any) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return {str(name): value for name, value in row.items()}
    if isinstance(row, str):
        return {"text": row}
    if isinstance(row, tuple | list) and 2 <= len(row) <= len(_PAIR):
        return dict(zip(_PAIR, row, strict=False))
    raise TypeError(f"a {type(row).__name__}")


def _as_text(value: Any) -> str:
    """How JSON holds a value that it does not know."""
    if isinstance(value, Path):
        return str(value.absolute())
    raise TypeError(f"a value of the type {type(value).__name__}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"a text that is not UTF-8: {error}", "whole characters") from error


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _arrow_table(rows: Any) -> Any:
    """The table of a data frame or dataset; None: something else."""
    if hasattr(rows, "with_format") and hasattr(rows, "features"):  # datasets: its own selection
        return rows.with_format("arrow")[:]
    if not hasattr(rows, "__arrow_c_stream__"):
        return None
    import pyarrow as pa

    table = pa.table(rows)
    return table.drop_columns([n for n in table.column_names if n.startswith("__index_level_")])


def _holds_bytes(schema: Any) -> bool:
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
    place = home() / "rows" / f"{hashlib.sha256(sink.getvalue()).hexdigest()[:32]}.parquet"
    if not place.is_file():
        with file_written_whole(place) as draft:
            parquet.write_table(table, draft)
    return place


def _as_setting(value: Any) -> Any:
    try:
        return as_path(value)
    except DataError as error:
        raise ValueError(f"{error.expected}; {error.what}") from error


DataPath = Annotated[Path, BeforeValidator(_as_setting)]
"""A path of data in settings; rows of Python are written, and the setting is their path."""
