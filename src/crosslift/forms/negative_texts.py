"""The hard negatives that records bring: none, one or several each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import overload

import numpy as np

from crosslift.forms.form import Rows
from crosslift.sources.record import Record, names_of_several


class NegativeTexts(Sequence[str]):
    """The hard negatives of records: none, one or several each, record after record.

    Args:
        records: N records.
        name: name of the column of a record's first negative; None: no negatives.

    Attributes:
        starts: int64 [N + 1], index of each record's first text; the last is their number.
    """

    def __init__(self, records: Sequence[Record], name: str | None) -> None:
        self._records = records
        self._name = name
        counts = map(len, map(self._of, records)) if name is not None else repeat(0, len(records))
        self.starts = np.cumsum(np.fromiter(chain((0,), counts), np.int64))

    def _of(self, record: Record) -> list[str]:
        if self._name is None:
            return []
        return [record.texts[name] for name in names_of_several(record.texts, self._name)]

    def __len__(self) -> int:
        """Number of texts."""
        return int(self.starts[-1])

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        """The text of an index, or a list of the texts of some indices."""
        if not isinstance(row, slice):
            return self[row : row + 1][0]
        start, stop, _ = row.indices(len(self))
        first, last = np.searchsorted(self.starts, (start, stop), side="right") - 1
        records = self._records[int(first) : int(last) + 1]
        texts = [text for record in records for text in self._of(record)]
        return texts[start - self.starts[first] :][: max(0, stop - start)]

    def __iter__(self) -> Iterator[str]:
        """All texts, in order."""
        return chain.from_iterable(map(self._of, self._records)) if len(self) else iter(())

    @property
    def counts(self) -> Rows:
        """Number of texts of each record, int64 [N]."""
        return np.diff(self.starts)

    def numbers_of(self, rows: Rows) -> Rows:
        """Indices of the texts that are negatives of some records, int64 [m]."""
        spans = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        return np.concatenate(spans).astype(np.int64)
