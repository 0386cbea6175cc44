"""Records from tables on disk: JSON lines, JSON, TSV, CSV and plain text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, nearest
from crosslift.sources.language_codes import language_code
from crosslift.sources.record import Record
from crosslift.sources.text_files import lines_in, read_text

_Row = tuple[int, Mapping[str, Any]]  # row or line number from 1, column -> value


def read_records(
    path: Path,
    columns: Mapping[str, str],
    *,
    image_column: str | None = None,
    group_column: str | None = None,
    language_column: str | None = None,
    language: str = "en",
) -> list[Record]:
    """The rows of a table as records; columns bind by name.

    Args:
        path: ``.jsonl`` (an object a line), ``.json`` (a list of objects), ``.csv`` or ``.tsv``
            with a header row (quotes mean something in CSV only), or ``.txt`` (a text a line,
            in the column ``text``; lines without text are passed over); each also with ``.gz``
            behind. UTF-8.
        columns: name of a record's text -> column that holds it.
        image_column: column of picture paths, relative to the folder of ``path``; None means
            records without pictures.
        group_column: column of group names; None makes every record a group of its own.
        language_column: column of BCP-47 codes; None: all texts are in ``language``.
        language: BCP-47 code of the texts.

    Returns:
        Records in the order of the rows; their ids are the row's line number (in ``.json``, its
        place in the list, from 1).

    Raises:
        DataError: an unknown column (with those there are), an empty text, a value of the wrong
            type, an unknown language, a picture that does not exist, a broken file; the message
            names file and row.
    """
    if not columns:
        raise DataError("no column is bound to a text", "at least one, as {'text': 'caption'}")
    reader = reader_of(path)
    records = []
    for number, row in reader(path):
        texts = {name: _text(path, number, row, column) for name, column in columns.items()}
        image = _image(path, number, row, image_column) if image_column else None
        group = _group(path, number, row, group_column) if group_column else ""
        code = _language(path, number, row, language_column) if language_column else language
        records.append(Record(str(number), texts, image, code, group))
    if not records:
        raise DataError(f"{path} holds no row", "at least one")
    return records


def column_names(path: Path) -> tuple[str, ...]:
    """Names of the columns that the first row of a table has; none where it has no row.

    Args:
        path: as `read_records` takes it.

    Raises:
        DataError: the file is missing, broken or of no known type.
    """
    for _, row in reader_of(path)(path):
        return tuple(row)
    return ()


def table_stem(path: Path) -> str | None:
    """The name of a table without the ending that tells its type; None where it has none of them."""
    plain = path.name.removesuffix(".gz")
    return next((plain.removesuffix(end) for end in _READERS if plain.endswith(end)), None)


def reader_of(path: Path) -> Callable[[Path], Iterator[_Row]]:
    """What reads a table's rows, each with its number, by the ending of its name.

    Raises:
        DataError: an ending of no known table.
    """
    plain = path.name.removesuffix(".gz")
    for ending, reader in _READERS.items():
        if plain.endswith(ending):
            return reader
    raise DataError(f"{path} is of no known type", f"{TABLE_ENDINGS}, or one with .gz")


def _json_lines(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(lines_in(path), start=1):
        if line.strip():
            yield number, _object(path, number, _parsed(path, number, line))


def _json_list(path: Path) -> Iterator[_Row]:
    values = _parsed(path, None, read_text(path))
    if not isinstance(values, list):
        raise DataError(f"{path} holds a {type(values).__name__}", "a list of objects")
    for number, value in enumerate(values, start=1):
        yield number, _object(path, number, value)


def _csv(path: Path) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    line = 1
    header: list[str] | None = None
    try:
        for cells in reader:
            if header is None:
                header = _header(path, cells)
            elif cells:
                yield line, _bound(path, line, header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, row {line}: {error}", "valid CSV") from error


def _tsv(path: Path) -> Iterator[_Row]:
    lines = lines_in(path)
    header = _header(path, next(lines, "").split("\t"))
    for number, line in enumerate(lines, start=2):
        yield number, _bound(path, number, header, line.split("\t"))


def _text_lines(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(lines_in(path), start=1):
        if line.strip():
            yield number, {"text": line}


_READERS: Mapping[str, Callable[[Path], Iterator[_Row]]] = {
    ".jsonl": _json_lines,
    ".json": _json_list,
    ".tsv": _tsv,
    ".csv": _csv,
    ".txt": _text_lines,
}
TABLE_ENDINGS = ", ".join(_READERS)
"""The endings of the files that are read, as errors tell them."""


def _parsed(path: Path, number: int | None, text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"{path}, row {number}" if number else str(path)
        raise DataError(f"{place}: not JSON: {error}", "valid JSON") from error


def _object(path: Path, number: int, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{path}, row {number}: a {type(value).__name__}", "an object with columns")
    return value


def _header(path: Path, cells: list[str]) -> list[str]:
    repeated = sorted({cell for cell in cells if cells.count(cell) > 1})
    if repeated:
        raise DataError(f"{path} names {repeated[0]!r} twice", "a name for each column")
    return cells


def _bound(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise DataError(
            f"{path}, row {number}: {len(cells)} values", f"{len(header)}, one for each column"
        )
    return dict(zip(header, cells, strict=True))


def _value(path: Path, number: int, row: Mapping[str, Any], column: str) -> Any:
    if column not in row:
        near = nearest(column, row)
        raise DataError(
            f"{path}, row {number}: no column {column!r}",
            f"one of {', '.join(row)}",
            f"did you mean {' or '.join(map(repr, near))}?" if near else None,
        )
    return row[column]


def _text(path: Path, number: int, row: Mapping[str, Any], column: str) -> str:
    value = _value(path, number, row, column)
    if not isinstance(value, str):
        raise DataError(f"{path}, row {number}: column {column!r} holds {value!r}", "a text")
    if not value.strip():
        raise DataError(
            f"{path}, row {number}: column {column!r} is empty",
            "a text",
            "fill it in, or take the row out",
        )
    return value.strip()


def _image(path: Path, number: int, row: Mapping[str, Any], column: str) -> Path:
    image = path.parent / _text(path, number, row, column)
    if not image.is_file():
        raise DataError(
            f"{path}, row {number}: no picture {image}", "a path relative to the table's folder"
        )
    return image


def _language(path: Path, number: int, row: Mapping[str, Any], column: str) -> str:
    return language_code(
        _text(path, number, row, column), f"{path}, row {number}: column {column!r}"
    )


def _group(path: Path, number: int, row: Mapping[str, Any], column: str) -> str:
    value = _value(path, number, row, column)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(
            f"{path}, row {number}: column {column!r} holds {value!r}", "a text or a whole number"
        )
    return str(value)
