"""The cells of CSV files with quotes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.text_files import whole_lines_in

_LONGEST_CELL = 2**31 - 1  # Python's own limit of 131,072 refuses texts that JSON lines may hold


def csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of a CSV file, each with the number of its first line, from 1; the header first.

    Only a line feed (or CR LF) ends a line; empty lines are skipped.

    Raises:
        DataError: a broken quote, a carriage return outside quotes, bytes that are not UTF-8; the
            message names the row.
    """
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(whole_lines_in(path), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, row {line}: {error}", "CSV with quotes") from error
