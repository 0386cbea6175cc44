"""Records from tables on disk: columns bind by name."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, ParamSpec

from crosslift.errors import DataError, legal_names, nearest
from crosslift.sources.file_names import is_file, is_folder
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.language_codes import language_code
from crosslift.sources.record import Record, numbered_name
from crosslift.sources.table_types import numbered_rows

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
    score_column: str | None = None,
    margin_column: str | None = None,
    language: str = "en",
) -> Iterator[Record]:
    """Yields the rows of a table as records, one by one; columns bind by name.

    Args:
        path: ``.jsonl`` (one object on each line), ``.json`` (a list of objects, or an object a line),
            ``.csv`` or ``.tsv`` with a header row (quotes have a meaning only in CSV), ``.parquet``,
            ``.tar`` (see `tar_rows`), or ``.txt`` (one text on each line, in the column ``text``; lines
            without text are skipped); each except parquet and tar also with the ending ``.gz``. UTF-8.
            Empty lines are skipped. A folder of such files is one table, in the order of their names.
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
        score_column: column of grades; each row has one. None: records have no grade.
        margin_column: column of margins, a number or a list of numbers; a row may have none. None:
            records have no margins.
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
    for prefix, row in numbered_rows(path):
        known.update(dict.fromkeys(row.values))
        texts = {name: _text(row, column) for name, column in columns.items()}
        for name, of in several.items():
            texts |= _several(row, name, of)
        image = _image(path, row, image_column) if image_column else None
        group = _group(row, group_column) if group_column else ""
        code = _language(row, language_column) if language_column else None
        yield Record(
            f"{prefix}{row.number}",
            texts,
            image,
            code or language,
            group,
            score=_score(row, score_column) if score_column else None,
            margins=_margins(row, margin_column) if margin_column else (),
        )
    if row is None:
        raise DataError(f"{path} holds no row", "at least one")
    for column in (
        *chain.from_iterable(several.values()),
        group_column,
        language_column,
        margin_column,
    ):
        if column is not None and column not in known:
            raise _no_column(str(path), column, known)


def _listed(read: Callable[_Arguments, Iterator[Record]]) -> Callable[_Arguments, list[Record]]:
    @wraps(read)
    def listed(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> list[Record]:
        return list(read(*args, **kwargs))

    return listed


read_records = _listed(records_in)
"""`records_in`, as a list; raises before any record is used."""


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


def _score(row: Row, column: str) -> float:
    if column not in row.values:
        raise _no_column(row.place, column, row.values)
    return _number(row, column, row.values[column])


def _margins(row: Row, column: str) -> tuple[float, ...]:
    value = row.values.get(column)
    if value is None or value == "":
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(_number(row, column, each) for each in values)


def _number(row: Row, column: str, value: object) -> float:
    """A finite number, which the text formats hold as a text."""
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise row.fault(f"column {column!r} holds {short(value)}", "a number")
    return number


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
