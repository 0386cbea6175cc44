"""Token ids of many texts: 4 bytes a token, in memory while they are few, else in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.places import home

Ids = NDArray[np.int64]

MOST_IN_MEMORY = 256 << 20
"""Bytes of the ids of one column of texts; more lie in a file without a name."""

_AT_ONCE = 1 << 20
"""Tokens that are collected before they are joined."""


class TokenSequences(Sequence[Ids]):
    """Sequences of token ids, end to end.

    Args:
        sequences: the ids of N texts, one after another.

    Raises:
        ArtifactError: they need a file, which cannot be written.
    """

    def __init__(self, sequences: Iterable[Sequence[int] | Ids]) -> None:
        flat, lengths = _Flat(), []
        for ids in sequences:
            flat.add(np.asarray(ids, np.int32))
            lengths.append(len(ids))
        self._flat = flat.whole()
        self._ends = np.cumsum(np.asarray(lengths, np.int64))

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._ends)

    @property
    def nbytes(self) -> int:
        """Bytes in memory, or in the file."""
        return self._flat.nbytes + self._ends.nbytes

    @overload
    def __getitem__(self, row: int) -> Ids: ...
    @overload
    def __getitem__(self, row: slice) -> list[Ids]: ...
    def __getitem__(self, row: int | slice) -> Ids | list[Ids]:
        """The ids of a text, int64 [T], or those of some texts."""
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        end = self._ends[row]
        number = row if row >= 0 else row + len(self)
        start = self._ends[number - 1] if number else 0
        return np.asarray(self._flat[start:end], np.int64)

    def __iter__(self) -> Iterator[Ids]:
        """The ids of all texts, in order."""
        start = 0
        for end in self._ends:
            yield np.asarray(self._flat[start:end], np.int64)
            start = end


class _Flat:
    """An int32 array that grows at its end."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int32]] = []
        self._collected = self._bytes = 0
        self._joined: list[NDArray[np.int32]] = []
        self._file: BinaryIO | None = None

    def add(self, values: NDArray[np.int32]) -> None:
        self._parts.append(values)
        self._collected += len(values)
        if self._collected >= _AT_ONCE:
            self._join()

    def _join(self) -> None:
        self._joined.append(np.concatenate([np.empty(0, np.int32), *self._parts]))
        self._bytes += self._joined[-1].nbytes
        self._parts, self._collected = [], 0
        if self._file is None and self._bytes > MOST_IN_MEMORY:
            self._file = _unnamed()
        if self._file is not None:
            with disk_errors_explained(home()):
                for values in self._joined:
                    self._file.write(values.data)
            self._joined = []

    def whole(self) -> NDArray[np.int32]:
        self._join()
        if self._file is None:
            return np.concatenate(self._joined)
        self._file.flush()
        return np.memmap(self._file, np.int32, mode="r")


def _unnamed() -> BinaryIO:
    """A file without a name in the cache: a system's folder of temporary files may be in memory."""
    with disk_errors_explained(home()):
        return tempfile.TemporaryFile(dir=make_folder(home()))
