"""A row of a dataset, from a file or the hub, and how to read the lines of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from crosslift.errors import DataError, nearest
from crosslift.sources.text_files import refuse_cr_alone

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_VALUE = 80
_BLOCK = 1 << 20
"""Bytes to read and decode at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example of a dataset before it becomes a record.

    Args:
        values: column -> value.
        place: its location, for errors ("FILE, row 3").
        number: number of the row in its file, from 1.
        broken: why the row cannot be read, if the published file has such rows and they are
            skipped; empty for a complete row.
    """

    values: Mapping[str, Any]
    place: str
    number: int
    broken: str = ""

    def fault(self, what: str, expected: str | None = None, remedy: str | None = None) -> DataError:
        """An error that names the place of the row."""
        return DataError(f"{self.place}: {what}", expected, remedy)

    def value(self, column: str) -> Any:
        """The value of a column.

        Raises:
            DataError: there is no such column.
        """
        if column in self.values:
            return self.values[column]
        near = nearest(column, self.values)
        raise self.fault(
            f"no column {column!r}",
            f"the published columns; it has {', '.join(self.values) or 'none'}",
            f"did you mean {' or '.join(map(repr, near))}?" if near else None,
        )

    def text(self, column: str) -> str:
        """The text of a column, without space at its ends.

        Raises:
            DataError: no such column, no text, or an empty one.
        """
        return self.as_text(self.value(column), column)

    def as_text(self, value: object, column: str) -> str:
        """A value that must be a text, without space at its ends.

        Raises:
            DataError: it is not a text, or is empty.
        """
        if not isinstance(value, str):
            raise self.fault(f"{column!r} holds {short(value)}", "a text")
        if not value.strip():
            raise self.fault(f"{column!r} is empty", "a text", "remove the row from the file")
        return value.strip()

    def number_in(self, column: str, lowest: float, highest: float) -> float:
        """The number of a column.

        Raises:
            DataError: no such column, no number, or one outside the range.
        """
        value = self.value(column)
        expected = f"a number from {lowest:g} to {highest:g}"
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self.fault(f"{column!r} holds {short(value)}", expected) from error
        if not lowest <= number <= highest:
            raise self.fault(f"{column!r} holds {short(value)}", expected)
        return number

    def key(self, columns: Sequence[str]) -> str:
        """The published id in some columns, joined by ``-``; the row's number if there are none."""
        if not columns:
            return str(self.number)
        return "-".join(str(self.value(column)) for column in columns)


Format = Callable[[Path], Iterator[Row]]
"""Reads the rows of a file."""


def changed(read: Format, change: Callable[[Row], Mapping[str, Any]]) -> Format:
    """A format with changed row values, for example if columns have two names."""

    def rows(path: Path) -> Iterator[Row]:
        for row in read(path):
            yield replace(row, values=change(row))

    return rows


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Numbers from 1 and lines of a UTF-8 file, without line ends.

    The file is read in blocks. Lines end only with LF or CRLF; a byte order mark is
    dropped.

    Raises:
        DataError: the file cannot be read, or bytes are not UTF-8.
    """
    try:
        with path.open("rb") as file:
            number = 1
            for block in _blocks(file):
                lines = _plain_lines(block) if number > 1 else None
                if lines is None:
                    yield from enumerate(_checked_lines(path, number, block), number)
                    number += block.count(b"\n")
                else:
                    yield from enumerate(lines, number)
                    number += len(lines)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file in blocks of whole lines; the first block is the first line."""
    yield from filter(None, [file.readline()])
    parts: list[bytes] = []
    while data := file.read(_BLOCK):
        end = data.rfind(b"\n") + 1
        parts.append(data[:end] if end else data)
        if end:
            yield b"".join(parts)
            parts = [data[end:]]
    yield from filter(None, [b"".join(parts)])


def _plain_lines(block: bytes) -> list[str] | None:
    """The lines of a block; None if the last one has no end, or bytes are not UTF-8."""
    if not block.endswith(b"\n"):
        return None
    try:
        return block.replace(b"\r\n", b"\n").decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError:
        return None


def _checked_lines(path: Path, number: int, block: bytes) -> Iterator[str]:
    for place, data in enumerate(BytesIO(block), number):
        yield _decoded(path, place, data)


def short(value: object) -> str:
    """A shortened representation of a value, for errors."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _decoded(path: Path, number: int, data: bytes) -> str:
    refuse_cr_alone(path, number, data)
    raw = data.removesuffix(b"\n").removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, row {number}: byte 0x{raw[error.start]:02x} is not UTF-8",
            "text in UTF-8",
            f"convert the file, for example: iconv -f ENCODING -t UTF-8 {path.name}",
        ) from error
