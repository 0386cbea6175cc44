"""Records from tables on disk: JSON lines, JSON, TSV, CSV, parquet and plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, ParamSpec

from crosslift.artifacts.parse import parse_json, unique_keys
from crosslift.errors import DataError, legal_names, nearest
from crosslift.sources.file_names import is_file, is_folder
from crosslift.sources.formats import parquet_rows
from crosslift.sources.formats.csv_cells import csv_cells
from crosslift.sources.formats.delimited import header_of, row_of_cells
from crosslift.sources.formats.json_kinds import json_kind
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.formats.tar_rows import tar_rows
from crosslift.sources.language_codes import language_code
from crosslift.sources.record import Record, numbered_name
from crosslift.sources.text_files import lines_in, read_text

_Arguments = ParamSpec("_Arguments")
_NONE: Mapping[str, Sequence[str]] = {}


def records_in(
    path: Path,
    columns: Mapping[str, str],
    *,
    several: Mapping[str, Sequence[str]] = _NONE,
    image_column: str | None = None,
    group_column: str | None = None,
    language_column: str | None = None,
    language: str = "en",
) -> Iterator[Record]:
    """Yields the rows of a table as records, one by one; columns bind by name.

    Args:
        path: ``.jsonl`` (an object a line), ``.json`` (a list of objects, or an object a line),
            ``.csv`` or ``.tsv`` with a header row (quotes have a meaning only in CSV), ``.parquet``,
            ``.tar`` (see `tar_rows`), or ``.txt`` (a text a line, in the column ``text``; lines without
            text are skipped); each except parquet and tar also with the ending ``.gz``. UTF-8. Empty
            lines are skipped. A folder of such files is one table, in the order of their names.
        columns: name of a record's text -> column that holds it.
        several: name of a text that a row may lack (no such key, null or an empty cell), or have
            several of -> columns that hold them, each a text or a list of texts. They are numbered by
            `record.numbered_name`: ``negative``, ``negative_2``, and so on.
        image_column: column of picture paths, relative to the folder of ``path``; None means
            records without pictures.
        group_column: column of group names; None makes every record a separate group, as does an
            empty cell, null or a missing key in a row.
        language_column: column of BCP-47 codes; a row without a code (or with null) is in
            ``language``. None: all texts are.
        language: BCP-47 code of the texts.

    Yields:
        Records in the order of the rows; their ids are the row's line number (in a JSON list, in
        parquet and in tar, its index from 1; of a folder, after the number of its file: ``2:17``).
        Only a ``.json`` file is read as a whole.

    Raises:
        DataError: a column that no row has, or that a row lacks although a text needs it (the
            message names the existing ones), an empty text, a value of the wrong type, an unknown
            language, a picture that does not exist, a broken file; the message names file and row.
            A column that no row has is an error after the last row.
    """
    if not columns and not several:
        raise DataError("no column is bound to a text", "at least one, as {'text': 'caption'}")
    known: dict[str, None] = {}
    row = None
    for prefix, row in _numbered_rows(path):
        known.update(dict.fromkeys(row.values))
        texts = {name: _text(row, column) for name, column in columns.items()}
        for name, of in several.items():
            texts |= _several(row, name, of)
        image = _image(path, row, image_column) if image_column else None
        group = _group(row, group_column) if group_column else ""
        code = _language(row, language_column) if language_column else None
        yield Record(f"{prefix}{row.number}", texts, image, code or language, group)
    if row is None:
        raise DataError(f"{path} holds no row", "at least one")
    for column in (*chain.from_iterable(several.values()), group_column, language_column):
        if column is not None and column not in known:
            raise _no_column(str(path), column, known)


def _listed(read: Callable[_Arguments, Iterator[Record]]) -> Callable[_Arguments, list[Record]]:
    @wraps(read)
    def listed(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> list[Record]:
        return list(read(*args, **kwargs))

    return listed


read_records = _listed(records_in)
"""`records_in`, as a list; raises before any record is used."""


def column_names(path: Path) -> tuple[str, ...]:
    """Names of the columns that any row of a table has, in the order in which they first occur.

    Args:
        path: as in `records_in`.

    Raises:
        DataError: the file is missing, broken or of an unknown type.
    """
    files = files_of_table(path).values()
    return tuple(dict.fromkeys(chain.from_iterable(_table_of(file).names(file) for file in files)))


def files_of_table(path: Path) -> dict[str, Path]:
    """The files of a table by what their names mean, for checksums: of a folder, those in it, by their
    order and type; else the file itself, by its type.

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


def _numbered_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """The rows of a table's files, each with what its id begins with."""
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


def _no_column(place: str, column: str, known: Iterable[str]) -> DataError:
    names = list(known)
    near = nearest(column, names)
    return DataError(
        f"{place}: no column {column!r}",
        f"one of {legal_names(column, names)}",
        f"did you mean {' or '.join(map(repr, near))}?" if near else None,
    )


def _text(row: Row, column: str) -> str:
    if column not in row.values:
        raise _no_column(row.place, column, row.values)
    return _as_text(row, column, row.values[column])


def _as_text(row: Row, column: str, value: object) -> str:
    if not isinstance(value, str):
        raise row.fault(f"column {column!r} holds {short(value)}", "a text")
    if not value.strip():
        raise row.fault(f"column {column!r} is empty", "a text", "fill it in, or remove the row")
    return value.strip()


def _several(row: Row, name: str, columns: Sequence[str]) -> dict[str, str]:
    """The texts of a name in some columns: none, one, or several under numbered names."""
    texts = []
    for column in columns:
        value = row.values.get(column)
        if isinstance(value, list):
            texts += [_as_text(row, column, each) for each in value]
        elif value is not None and value != "":
            texts.append(_as_text(row, column, value))
    return {numbered_name(name, number): text for number, text in enumerate(texts, start=1)}


def _image(path: Path, row: Row, column: str) -> Path:
    image = (path if is_folder(path) else path.parent) / _text(row, column)
    if not is_file(image):
        raise row.fault(f"no picture {image}", "a path relative to the table's folder")
    return image


def _language(row: Row, column: str) -> str | None:
    if row.values.get(column) is None:
        return None
    return language_code(_text(row, column), f"{row.place}: column {column!r}")


def _group(row: Row, column: str) -> str:
    value: Any = row.values.get(column, "")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise row.fault(f"column {column!r} holds {short(value)}", "a text or a whole number")
    return str(value)
