"""Reading UTF-8 text files, plain or gzipped, with errors that name file and line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crosslift.errors import DataError
from crosslift.sources.gunzip import gunzipped


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; a byte order mark is dropped and ``.gz`` is decompressed.

    Args:
        path: the file.

    Returns:
        Its text with the original line ends.

    Raises:
        DataError: there is no such file, it is not gzip although its name says so, it decompresses
            to more than `gunzip.MOST_EXPANSION` times its size, or bytes are not UTF-8 (the message
            names the line).
    """
    with _opened(path) as file:
        return decode_utf8(file.read(), path)


def decode_utf8(data: bytes, path: Path) -> str:
    """The text of the bytes of a file, without a byte order mark.

    Raises:
        DataError: bytes are not UTF-8; the message names ``path`` and the line.
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _not_utf8(path, line, data[error.start]) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without line ends, as from `lines_in`.

    Raises:
        DataError: as `read_text`.
    """
    return list(lines_in(path))


def lines_of_text(text: str) -> list[str]:
    """The lines of a text, without line ends, by the rule of `lines_in`."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def lines_in(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, read one by one, without line ends.

    Lines end with LF or CRLF only: other characters that Unicode calls line separators stay
    part of a line, so that line numbers agree with other tools. One line end at the end of
    the file starts no further line.

    Raises:
        DataError: as `read_text`.
    """
    with _opened(path) as file:
        for number, data in enumerate(file, start=1):
            yield _decoded(path, number, data)


def whole_lines_in(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, read one by one, with their line ends; only LF ends a line.

    Raises:
        DataError: as `read_text`.
    """
    with _opened(path) as file:
        for number, data in enumerate(file, start=1):
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _not_utf8(path, number, data[error.start]) from error
            yield text.removeprefix("\ufeff") if number == 1 else text


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            if path.suffix != ".gz":
                yield file
                return
            with gunzipped(file, path) as plain:
                yield plain
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}", "a readable file"
        ) from error


def refuse_cr_alone(path: Path, number: int, data: bytes) -> None:
    """Raises if a file has one line that contains CR: the line ends of old Macs.

    Args:
        path: the file.
        number: number of the line, from 1.
        data: the line with its line end.

    Raises:
        DataError: the rows of the file would be read as one.
    """
    if number == 1 and not data.endswith(b"\n") and b"\r" in data.removesuffix(b"\r"):
        raise DataError(
            f"{path} has CR line ends (of old Macs) and no LF",
            "lines that end with LF or CRLF",
            f"convert the file, for example: tr '\\r' '\\n' < {path.name} > NAME",
        )


def _decoded(path: Path, number: int, data: bytes) -> str:
    refuse_cr_alone(path, number, data)
    raw = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, number, raw[error.start]) from error
    return text.removeprefix("\ufeff") if number == 1 else text


def _not_utf8(path: Path, line: int, byte: int) -> DataError:
    return DataError(
        f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8",
        "text in UTF-8",
        f"convert the file, for example: iconv -f ENCODING -t UTF-8 {path.name}",
    )
