"""Which rows of a batch mean the same, so that none is a negative of another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.forms.form import Column, Rows, group_numbers
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record

Numbers = NDArray[np.int64]


def text_numbers(*columns: Collection[str]) -> list[Numbers]:
    """A number for each text of some columns, equal for equal texts, int64 [N] each.

    Texts that differ only in letter case or white space are equal.
    """
    texts = (" ".join(text.casefold().split()) for text in chain.from_iterable(columns))
    return np.split(equal_numbers(texts), np.cumsum([len(each) for each in columns])[:-1])


class Alike:
    """Rows that share a key (their group, their text, their picture) are alike.

    Args:
        keys: K keys of N rows, int64 [N] each; two rows with one key in common are alike.
    """

    def __init__(self, *keys: Numbers) -> None:
        self._keys = keys

    def between(self, rows: Rows, others: Rows) -> NDArray[np.bool_]:
        """Which of n rows are alike to which of m others, bool [n, m]."""
        same = np.zeros((len(rows), len(others)), bool)
        for key in self._keys:
            same |= key[rows][:, None] == key[others][None, :]
        return same

    def components(self) -> Numbers:
        """A number for each row, equal for rows that a chain of alike rows connects, int64 [N]."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        count = len(self._keys[0])
        starts = np.cumsum([0, *(int(key.max(initial=-1)) + 1 for key in self._keys)])
        rows = np.tile(np.arange(count), len(self._keys))
        values = np.concatenate(
            [key + start for key, start in zip(self._keys, starts, strict=False)]
        )
        size = count + int(starts[-1])
        edges = coo_array((np.ones(len(rows), bool), (rows, count + values)), shape=(size, size))
        labels = connected_components(edges, directed=False)[1][:count]
        numbers: Numbers = np.unique(labels, return_inverse=True)[1].astype(np.int64)
        return numbers

    def check_negatives(self, what: str) -> None:
        """Raises if no row can have a negative, however batches are drawn.

        Args:
            what: name of the rows in the error, in the plural.

        Raises:
            DataError: every row is alike to every other one.
        """
        count = len(self._keys[0])
        all_rows = np.arange(count)
        if all(len(np.unique(key)) > 1 for key in self._keys) and any(
            not self.between(all_rows[row : row + 1], all_rows).all() for row in range(count)
        ):
            return
        refuse_without_negatives(what, count)


def check_negatives(records: Sequence[Record], columns: Sequence[str], what: str) -> None:
    """Like `Alike.check_negatives`, for records that no encoder has read yet.

    Args:
        records: N records. Two with the same group, picture or text of a column are alike.
        columns: text columns of the records, by name.
        what: name of the records in the error, in the plural.

    Raises:
        DataError: every record is alike to every other one, or lacks a column.
    """
    keys = [group_numbers(records), *text_numbers(*(Column(records, name) for name in columns))]
    numbers: dict[Picture | None, int] = {}
    pictures = [numbers.setdefault(record.image, len(numbers)) for record in records]
    if None not in numbers:
        keys.append(np.array(pictures, np.int64))
    Alike(*keys).check_negatives(what)


def refuse_without_negatives(what: str, count: int) -> NoReturn:
    """Raises for records that are alike.

    Args:
        what: the records, in the plural.
        count: number of records.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"none of the {what} ({count}) has a negative: they all have one group, one text or one "
        "picture in common, so that the loss is 0 and nothing is learned",
        f"{what} of two groups or more, with different texts",
        "add other records, or train on another task",
    )
