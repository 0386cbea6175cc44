"""The types of tables on disk, and their rows: JSON lines, JSON, TSV, CSV, parquet, tar, plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from crosslift.artifacts.parse import parse_json, unique_keys
from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError
from crosslift.sources.file_names import is_folder
from crosslift.sources.formats import parquet_rows
from crosslift.sources.formats.csv_cells import csv_cells
from crosslift.sources.formats.delimited import header_of, row_of_cells
from crosslift.sources.formats.json_kinds import json_kind
from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.tar_rows import tar_rows
from crosslift.sources.text_files import lines_in, read_text


def column_names(path: Path) -> tuple[str, ...]:
    """Names of the columns that any row of a table has, in the order in which they first occur.

    Args:
        path: as in `records_in`.

    Raises:
        DataError: the file is missing, broken or of an unknown type.
    """
    files = files_of_table(path).values()
    return tuple(dict.fromkeys(chain.from_iterable(_table_of(file).names(file) for file in files)))


@read_once()
def files_of_table(path: Path) -> dict[str, Path]:
    """The files of a table by what their names mean, for checksums: of a folder, those in it, by their
    order and type; else the file itself, by its type. A run lists a folder once.

    Raises:
        DataError: a folder without a file, or with one of another type.
    """
    if not is_folder(path):
        return {table_ending(path): path}
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    others = [file.name for file in files if not file.is_file() or table_stem(file) is None]
    if others or not files:
        raise DataError(
            f"{path} holds {', '.join(others) or 'nothing'}",
            f"files of one table, each with an ending of {TABLE_ENDINGS}, and nothing else",
            "remove the others" if others else None,
        )
    return {f"{number}{table_ending(file)}": file for number, file in enumerate(files, start=1)}


def numbered_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yields the rows of a table's files, each with the prefix of its id.

    Raises:
        DataError: as `files_of_table` and the readers of the files.
    """
    if not is_folder(path):
        yield from (("", row) for row in reader_of(path)(path))
        return
    for number, file in enumerate(files_of_table(path).values(), start=1):
        yield from ((f"{number}:", row) for row in reader_of(file)(file))


def table_stem(path: Path) -> str | None:
    """The name of a table without the ending for its type; None if it has no such ending."""
    ending = _ending(path)
    return None if ending is None else path.name.removesuffix(".gz").removesuffix(ending)


def table_ending(path: Path) -> str:
    """The ending that says how a table is read, without ``.gz``; empty if it is of no known type."""
    return _ending(path) or ""


def reader_of(path: Path) -> Callable[[Path], Iterator[Row]]:
    """Returns the reader of a table's rows, by the ending of its name.

    Raises:
        DataError: an unknown ending.
    """
    return _table_of(path).rows


@dataclass(frozen=True, slots=True)
class _RecordTable:
    """A type of table.

    Args:
        names: from a file to the names of its rows' columns; a name may repeat.
        rows: from a file to its rows.
        packed: whether it may also have the ending ``.gz``.
    """

    names: Callable[[Path], Iterable[str]]
    rows: Callable[[Path], Iterator[Row]]
    packed: bool = True


def _table_of(path: Path) -> _RecordTable:
    ending = _ending(path)
    if ending is None:
        raise DataError(
            f"{path} is of no known type",
            f"{TABLE_ENDINGS}, or one except .parquet and .tar with .gz",
        )
    return _TABLES[ending]


def _ending(path: Path) -> str | None:
    plain = path.name.removesuffix(".gz")
    for ending, table in _TABLES.items():
        if plain.endswith(ending) and (table.packed or plain == path.name):
            return ending
    return None


def _json_lines(path: Path) -> Iterator[Row]:
    return _objects_in(path, lines_in(path))


def _objects_in(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            place = f"{path}, row {number}"
            yield _object(place, number, parse_json(line, place, object_hook=unique_keys))


def _json(path: Path) -> Iterator[Row]:
    text = read_text(path)
    if json_kind(text) == "lines":
        yield from _objects_in(path, text.split("\n"))
        return
    values = parse_json(text, str(path), object_hook=unique_keys)
    if not isinstance(values, list):
        raise DataError(
            f"{path} holds a {type(values).__name__}",
            "a list of objects, or an object a line",
            "write it a row an object (pandas: orient='records')",
        )
    for number, value in enumerate(values, start=1):
        yield _object(f"{path}, row {number}", number, value)


def _csv(path: Path) -> Iterator[Row]:
    rows = csv_cells(path)
    header = header_of(path, next(rows, (1, [""]))[1])
    for number, cells in rows:
        yield row_of_cells(path, number, header, cells)


def _csv_names(path: Path) -> list[str]:
    return header_of(path, next(csv_cells(path), (1, []))[1])


def _tsv(path: Path) -> Iterator[Row]:
    lines = lines_in(path)
    header = header_of(path, next(lines, "").split("\t"))
    for number, line in enumerate(lines, start=2):
        if line:
            yield row_of_cells(path, number, header, line.split("\t"))


def _tsv_names(path: Path) -> list[str]:
    return header_of(path, next(lines_in(path), "").split("\t"))


def _text_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(lines_in(path), start=1):
        if line.strip():
            yield Row({"text": line}, f"{path}, row {number}", number)


def _keys(rows: Callable[[Path], Iterator[Row]]) -> Callable[[Path], Iterator[str]]:
    """Returns a reader of column names, for a table in which each row has its own columns."""
    return lambda path: (name for row in rows(path) for name in row.values)


_TABLES: Mapping[str, _RecordTable] = {
    ".jsonl": _RecordTable(_keys(_json_lines), _json_lines),
    ".json": _RecordTable(_keys(_json), _json),
    ".tsv": _RecordTable(_tsv_names, _tsv),
    ".csv": _RecordTable(_csv_names, _csv),
    ".txt": _RecordTable(lambda _: ("text",), _text_lines),
    ".parquet": _RecordTable(parquet_rows.column_names, parquet_rows.parquet_rows, packed=False),
    ".tar": _RecordTable(_keys(tar_rows), tar_rows, packed=False),
}
TABLE_ENDINGS = ", ".join(_TABLES)
"""The endings of the supported files, for error messages."""


def _object(place: str, number: int, value: object) -> Row:
    if not isinstance(value, dict):
        is_list = isinstance(value, list)
        remedy = "name a file that is one list of objects .json" if is_list else None
        raise DataError(f"{place}: a {type(value).__name__}", "an object with columns", remedy)
    return Row(value, place, number)
