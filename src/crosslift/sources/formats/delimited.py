"""Tables of cells: tab-separated without quotes, and comma-separated with quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.csv_cells import csv_cells
from crosslift.sources.formats.rows import Row, lines_of


@dataclass(frozen=True, slots=True)
class TabSeparated:
    """Cells separated by tabs; quotes mean nothing. Rows are numbered by line, including the header's.

    Args:
        header: names of the columns; None: the first line holds them.
        more_cells: a row may have more cells than names; those are not read.
        broken_rows: the published file is known to have rows with too few cells: they are counted
            and skipped.
    """

    header: tuple[str, ...] | None = None
    more_cells: bool = False
    broken_rows: bool = False

    def __call__(self, path: Path) -> Iterator[Row]:
        """The rows of a file.

        Raises:
            DataError: a header with a name twice, a row of another width, bytes that are not UTF-8.
        """
        header: Sequence[str] | None = self.header
        for number, line in lines_of(path):
            cells = line.split("\t")
            if header is None:
                header = header_of(path, cells)
            elif line:
                yield self._row(path, number, header, cells)

    def _row(self, path: Path, number: int, header: Sequence[str], cells: list[str]) -> Row:
        if self.broken_rows and len(cells) < len(header):
            return Row({}, f"{path}, row {number}", number, broken="too few columns")
        if self.more_cells:
            cells = cells[: len(header)]
        return row_of_cells(path, number, header, cells)


def comma_separated(path: Path) -> Iterator[Row]:
    """The rows of a CSV file with quotes and a header; rows are numbered by their first line.

    Raises:
        DataError: a broken quote, a header with a name twice, a row of another width, bytes that
            are not UTF-8.
    """
    header: list[str] | None = None
    for line, cells in csv_cells(path):
        if header is None:
            header = header_of(path, cells)
        else:
            yield row_of_cells(path, line, header, cells)


def header_of(path: Path, cells: list[str]) -> list[str]:
    """The names in the first row of a table.

    Raises:
        DataError: a name appears twice.
    """
    repeated = sorted({cell for cell in cells if cells.count(cell) > 1})
    if repeated:
        raise DataError(f"{path}, row 1: names {repeated[0]!r} twice", "a name for each column")
    return cells


def row_of_cells(path: Path, number: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    """A row of a table, by the names of its columns.

    Raises:
        DataError: another number of cells than names.
    """
    place = f"{path}, row {number}"
    if len(cells) != len(header):
        raise DataError(
            f"{place}: {len(cells)} columns", f"{len(header)} columns: {', '.join(header)}"
        )
    return Row(dict(zip(header, cells, strict=True)), place, number)
