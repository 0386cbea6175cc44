"""Gzip data, decompressed while reading, up to a bound."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crosslift.errors import DataError

MOST_EXPANSION = 200
"""A gzip file may decompress to this many times its size. Text compresses 3 to 50 times; the format
allows 1,030 times, with which a small download can fill the memory."""

ALWAYS_READ = 64 << 20
"""This many bytes are always decompressed, whatever the size of the file."""

_AT_ONCE = 1 << 18


@contextmanager
def gunzipped(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """Opens gzip data for reading.

    Args:
        file: file of the compressed bytes; may be a pipe.
        path: path of the file, for errors.

    Raises:
        DataError: the data are not gzip, not whole, or decompress to more than the bound; raised
            when the faulty part is read.
    """
    with io.BufferedReader(_Expanding(file, path), _AT_ONCE) as reader:
        try:
            yield reader
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{path} is not a whole gzip file: {error}", "gzip data") from error


class _Expanding(io.RawIOBase):
    """Decompressed bytes, with a check of their number per compressed byte."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._compressed = _Counted(file)
        self._plain = gzip.GzipFile(fileobj=io.BufferedReader(self._compressed, _AT_ONCE))
        self._path = path
        self._size = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Decompresses the next bytes."""
        data = self._plain.read(len(buffer))
        buffer[: len(data)] = data
        self._size += len(data)
        if self._size > max(ALWAYS_READ, MOST_EXPANSION * self._compressed.size):
            raise DataError(
                f"{self._path} decompresses to more than {MOST_EXPANSION} times its size",
                f"at most {MOST_EXPANSION} times, or {ALWAYS_READ >> 20} MiB",
                "decompress it (gunzip) if you trust it",
            )
        return len(data)


class _Counted(io.RawIOBase):
    """A file that counts the bytes read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Reads the next bytes."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.size += len(data)
        return len(data)
