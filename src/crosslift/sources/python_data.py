"""Data of Python as files: lists, data frames and datasets where a setting names a file or a folder.

They are written once (see `crosslift.sources.python_rows`). From then on they are files like any other:
studies resume, and checks of languages and overlap read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from crosslift.artifacts.files import folder_written_whole
from crosslift.errors import DataError
from crosslift.languages import code_meant
from crosslift.sources.formats.rows import short
from crosslift.sources.language_codes import language_code
from crosslift.sources.language_files import LANGUAGE_COLUMN
from crosslift.sources.python_rows import (
    ROWS,
    arrow_table,
    columns_of,
    content_hash,
    file_of_rows,
    file_of_table,
    holds_bytes,
    json_lines,
    rows_file,
    utf8,
    written_rows,
)

_SPLITS = {"train", "training", "dev", "val", "valid", "validation", "test", "all"}
_BREAKS = ("\t", "\n", "\r")


def as_path(value: Any, *, bitexts: bool = True) -> Any:
    """The path of data: a path stays as it is, and rows become a file.

    Args:
        value: a path; rows (see `rows_file`); or a mapping from codes of languages to rows. Pairs of
            texts, graded pairs (grade, text, text) and texts become a folder with a file for each
            language; rows with other columns become one table with a column ``language``.
        bitexts: whether pairs by language are texts with their English translations. False: they are
            anchors and positives of one table.

    Raises:
        DataError: the rows cannot be written.
    """
    if value is None or isinstance(value, str | Path):
        return value
    if isinstance(value, Mapping):
        return _by_language(value, bitexts=bitexts)
    return rows_file(value)


def _by_language(mapping: Mapping[Any, Any], *, bitexts: bool) -> Path:
    """A folder with a file for each language, or one table."""
    parts = dict(_parts(mapping))
    if not parts:
        raise DataError("data of no language", "a mapping from codes of languages to rows")
    tables = {code: arrow_table(rows) for code, rows in parts.items()}
    if all(table is not None and holds_bytes(table.schema) for table in tables.values()):
        return file_of_table(_joined(tables))
    listed = {
        code: list(rows) if tables[code] is None else tables[code].to_pylist()
        for code, rows in parts.items()
    }
    firsts = [rows[0] for rows in listed.values() if rows]
    if firsts and all(_has_columns(row) or (not bitexts and _is_pair(row)) for row in firsts):
        return file_of_rows(_with_language(listed))
    return _folder(dict(_language_files(listed)))


def _parts(mapping: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Code of a language -> its rows, which must not be a string."""
    names = [str(name) for name in mapping]
    if any(name.lower() in _SPLITS for name in names):
        raise DataError(
            f"data with the splits {', '.join(names)}",
            f"one of the splits; or codes of languages, each with its rows; or {ROWS}",
            f"give one: data=NAME[{names[0]!r}]",
        )
    codes: dict[str, str] = {}
    for name, rows in zip(names, mapping.values(), strict=True):
        code = _language(name)
        if code in codes:
            raise DataError(
                f"two parts of data in {code}: {codes[code]}, {name}", "each language once"
            )
        codes[code] = name
        yield code, rows


def _language(name: str) -> str:
    try:
        return language_code(str(code_meant(name)), "a mapping of data")
    except DataError as error:
        raise DataError(
            error.what, f"codes of languages, each with its rows; or {ROWS}", error.remedy
        ) from error


def _has_columns(row: Any) -> bool:
    """Whether a row has other columns than a text."""
    return isinstance(row, Mapping) and set(row) != {"text"}


def _is_pair(row: Any) -> bool:
    return isinstance(row, tuple | list) and len(row) == 2


def _is_graded(row: Any) -> bool:
    return isinstance(row, tuple | list) and len(row) == 3 and isinstance(row[0], int | float)


def _with_language(listed: Mapping[str, Sequence[Any]]) -> Iterator[Mapping[str, Any]]:
    for code, rows in listed.items():
        for number, row in enumerate(rows, start=1):
            try:
                columns = columns_of(row)
            except TypeError as error:
                raise DataError(
                    f"row {number} of {code!r}: {short(row)} ({error})", ROWS
                ) from error
            _refuse_language_column(columns, code)
            yield {**columns, LANGUAGE_COLUMN: code}


def _joined(tables: Mapping[str, Any]) -> Any:
    """One table with a column of languages."""
    import pyarrow as pa

    parts = []
    for code, table in tables.items():
        _refuse_language_column(table.column_names, code)
        parts.append(
            table.append_column(LANGUAGE_COLUMN, pa.array([code] * len(table), pa.string()))
        )
    return pa.concat_tables(parts, promote_options="default")


def _refuse_language_column(columns: Any, code: str) -> None:
    if LANGUAGE_COLUMN in columns:
        raise DataError(
            f"rows of {code!r} have a column {LANGUAGE_COLUMN!r}",
            "languages in the mapping or in the column",
            "give the rows without the mapping",
        )


def _language_files(listed: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, bytes]]:
    """Name -> content of the file of each language, in the layouts of bitexts, graded pairs and
    texts."""
    for code, rows in listed.items():
        if rows and _is_pair(rows[0]):
            is_row, words = _is_pair_of_texts, "a text in the language and its English one"
            yield f"rows.{code}-en.tsv", _tab_lines(rows, code, is_row, words)
        elif rows and _is_graded(rows[0]):
            words = "a grade, a text and a text"
            yield f"rows.{code}.tsv", _tab_lines(rows, code, _is_graded_pair, words)
        else:
            yield f"{code}.jsonl", json_lines(rows)


def _is_pair_of_texts(row: Any) -> bool:
    return _is_pair(row) and all(isinstance(text, str) for text in row)


def _is_graded_pair(row: Any) -> bool:
    return _is_graded(row) and all(isinstance(text, str) for text in row[1:])


def _tab_lines(
    rows: Sequence[Any], code: str, is_row: Callable[[Any], bool], expected: str
) -> bytes:
    lines = []
    for number, row in enumerate(rows, start=1):
        place = f"row {number} of {code!r}"
        if not is_row(row):
            raise DataError(f"{place}: {short(row)}", expected)
        cells = [str(cell) for cell in row]
        if any(mark in cell for cell in cells for mark in _BREAKS):
            raise DataError(f"{place}: {short(row)}", "texts without tabs and line breaks")
        lines.append("\t".join(cells) + "\n")
    return utf8("".join(lines))


def _folder(contents: Mapping[str, bytes]) -> Path:
    parts = [f"{name}\0{content_hash(content)}" for name, content in sorted(contents.items())]
    place = written_rows() / content_hash("\0".join(parts).encode())
    if not place.is_dir():
        with folder_written_whole(place) as draft:
            for name, content in contents.items():
                (draft / name).write_bytes(content)
    return place


def data_setting(value: Any, *, bitexts: bool) -> Any:
    """The path of data in settings; see `as_path`.

    Raises:
        ValueError: the rows cannot be written.
    """
    try:
        return as_path(value, bitexts=bitexts)
    except DataError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        raise ValueError(f"{error.expected}; {error.what}{remedy}") from error


DataPath = Annotated[Path, BeforeValidator(lambda value: data_setting(value, bitexts=False))]
"""A path of data that a task reads; rows of Python are written, and the setting is their path."""
