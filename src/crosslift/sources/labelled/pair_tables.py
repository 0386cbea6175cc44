"""Tables of two texts and a class, as XTREME writes them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.rows import Row, lines_of

TEXT, PAIR, LABEL = "text", "pair", "label"
_EXPECTED = (
    "3 cells in every row, separated by tabs: two texts and a label (2 if labels are withheld)"
)


def pairs_table(path: Path) -> Iterator[Row]:
    """The rows of a file without header, in the columns ``text``, ``pair`` and, if present, ``label``.

    The files are those of Python's ``csv.writer`` with a tab between cells: a cell with a quote is
    quoted, and the quotes inside are doubled. XTREME's test files have no third cell. Lines end only
    at LF or CRLF, and empty ones are skipped.

    Raises:
        DataError: a row with a different number of cells, a quote that is not closed in its line, bytes
            that are not UTF-8.
    """
    width = 0
    for number, line in lines_of(path):
        if not line.strip():
            continue
        place = f"{path}, row {number}"
        cells = _cells(line, place)
        if len(cells) not in (2, 3) or (width and len(cells) != width):
            raise DataError(f"{place}: {len(cells)} cells", _EXPECTED)
        width = len(cells)
        yield Row(dict(zip((TEXT, PAIR, LABEL), cells, strict=False)), place, number)


def _cells(line: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter="\t", strict=True))
    except csv.Error as error:
        raise DataError(
            f"{place}: {error}",
            "cells separated by tabs; a cell with a quote is quoted, and the quotes inside doubled",
        ) from error
