"""Arrays on disk that are written row by row, in any order, by several threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike


class Rows(Protocol):
    """An object that takes rows by assignment: an array, or an `ArrayFile`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array, rows first."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    def __setitem__(self, rows: Any, values: Any, /) -> None:
        """Writes rows."""


class ArrayFile:
    """A ``.npy`` file that takes rows as an array does: ``file[3] = row``, ``file[[3, 1]] = rows``.

    Rows are written, not mapped into memory: on a full disk, a write raises OSError, but a page of a
    memory map without room kills the process by SIGBUS. `array_file` makes one.

    Args:
        handle: handle of the open file.
        start: bytes before the first row.
        shape: shape of the whole array, rows first.
        dtype: type of the array's values.
    """

    def __init__(
        self, handle: int, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._handle = handle
        self._start = start
        self._shape = shape
        self._dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array, rows first."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the array's values."""
        return self._dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __setitem__(self, rows: int | Sequence[int], values: ArrayLike, /) -> None:
        """Writes one row, or several; a single value fills them.

        Raises:
            OSError: the disk is full or cannot be written.
            IndexError: there is no such row.
            ValueError: the values do not have the shape of the rows.
        """
        numbers = np.atleast_1d(rows)
        whole = (*np.shape(rows), *self.shape[1:])
        content = np.broadcast_to(np.asarray(values, self.dtype), whole)
        for number, row in zip(numbers, content.reshape(-1, *self.shape[1:]), strict=True):
            if not 0 <= number < len(self):
                raise IndexError(f"row {number} of {len(self)}")
            data = row.tobytes()
            _write_at(self._handle, data, self._start + int(number) * len(data))


@contextlib.contextmanager
def array_file(
    path: Path, shape: tuple[int, ...], dtype: DTypeLike, *, new: bool = True
) -> Iterator[ArrayFile]:
    """A ``.npy`` file to write rows into; rows that are not written are zero.

    Args:
        path: path of the file.
        shape: shape of the array, rows first.
        dtype: type of the array's values.
        new: False: another process has begun the file, with the same shape and values, and may write
            other rows at the same time.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    kind = np.dtype(dtype)
    with path.open("wb" if new else "r+b") as file:
        header: dict[str, Any] = {"fortran_order": False, "shape": shape}
        header["descr"] = np.lib.format.dtype_to_descr(kind)
        np.lib.format.write_array_header_1_0(file, header)  # the same bytes in every process
        file.flush()
        start = file.tell()
        if new:
            file.truncate(start + int(np.prod(shape)) * kind.itemsize)
        yield ArrayFile(file.fileno(), start, shape, kind)


def _write_at(handle: int, data: bytes, place: int) -> None:
    remaining = memoryview(data)
    while remaining:
        written = os.pwrite(handle, remaining, place)
        remaining, place = remaining[written:], place + written
