"""The screening of one tile of rows: its product with columns, and the pairs that reach a floor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.retrieval.contenders import Contenders
from crosslift.retrieval.screening import Keys, keys_in_place
from crosslift.retrieval.similarity import IntArray

_GROUP = 16
"""Number of rows in a group. Its maximum is compared first: only groups that reach a floor are
opened."""


class Hits(NamedTuple):
    """Pairs of a tile that reach the floor of their row or of their column.

    Args:
        rows: row of each pair in the tile, int64 [H].
        columns: column of each pair in the tile, int64 [H].
        results: key of each pair, int32 [H].
        for_row: whether the pair reaches the row's floor, bool [H].
        for_column: whether the pair reaches the column's floor, bool [H].
    """

    rows: IntArray
    columns: IntArray
    results: NDArray[np.int32]
    for_row: NDArray[np.bool_]
    for_column: NDArray[np.bool_]

    def hand_over(
        self, rows: Contenders, columns: Contenders | None, first: tuple[int, int]
    ) -> None:
        """Adds the pairs to the candidates of their rows and of their columns.

        Args:
            rows: contenders of the tile's rows.
            columns: contenders of the whole side of columns; None: not needed.
            first: numbers of the tile's first row and first column in their sides.
        """
        chosen = self.for_row
        candidates = self.columns[chosen] + first[1]
        rows.add(self.rows[chosen], candidates, self.results[chosen])
        if columns is not None:
            chosen = self.for_column
            queries = self.columns[chosen] + first[1]
            columns.add(queries, self.rows[chosen] + first[0], self.results[chosen])


class Screen:
    """A tile of rows, its memory for results, and the search through them.

    Args:
        rows: screened rows, [B, K].
        keys: type of the keys of their results.
        memory: memory for results, by their shape; screens that take turns share it.
    """

    def __init__(
        self, rows: Tensor, keys: Keys, memory: dict[tuple[int, int], Tensor] | None = None
    ) -> None:
        short = -len(rows) % _GROUP
        self.count = len(rows)
        self.rows = torch.cat([rows, rows.new_zeros(short, rows.shape[1])]) if short else rows
        self.order = torch.arange(len(self.rows), device=rows.device)
        self.sorted = False
        self.keys = keys
        self._memory = {} if memory is None else memory

    def sort(self, floors: Tensor) -> None:
        """Sorts the rows by their floors, so that the floors of a group are nearly equal."""
        of_rows = self._padded_floors(floors)[self.order]
        order = of_rows.argsort()
        self.rows, self.order, self.sorted = self.rows[order], self.order[order], True

    def _padded_floors(self, floors: Tensor) -> Tensor:
        """Floors of all rows, in their first order; no result reaches the floors of the rows that fill
        the last group."""
        whole = torch.full((len(self.rows),), self.keys.highest, dtype=self.keys.integers)
        whole[: self.count] = floors
        return whole.to(self.rows.device)

    def results(self, columns: Tensor, *, ordered: bool) -> Tensor:
        """Screened results [B, C] against columns [C, K], as integers; valid until the next call.

        Args:
            columns: screened rows of the other side.
            ordered: whether the integers are keys. Else they are the bits of the results: bits above
                zero are keys, all others are negative.
        """
        results = self._memory_for(len(columns))
        with _float32_sums():
            torch.mm(self.rows, columns.T, out=results)
        bits = results.view(self.keys.integers)
        return keys_in_place(results, self.keys, torch.empty_like(bits)) if ordered else bits

    def _memory_for(self, columns: int) -> Tensor:
        shape = (len(self.rows), columns)
        if shape not in self._memory:
            self._memory[shape] = self.rows.new_empty(shape)
        return self._memory[shape]

    def hits(
        self,
        results: Tensor,
        row_floors: Tensor,
        column_floors: Tensor | None,
        most: int,
        *,
        ordered: bool,
    ) -> Hits | None:
        """Pairs with a key that reaches the floor of their row or of their column.

        Args:
            results: results of this tile, [B, C].
            row_floors: floors of its rows, as keys.
            column_floors: floors of the columns, as keys [C]; None: only the rows have floors.
            most: most pairs, or groups of pairs, that reach a floor; the result is None if more do.
            ordered: whether the results are keys.
        """
        of_rows = self._padded_floors(row_floors)[self.order]
        if column_floors is None:
            column_floors = torch.full((results.shape[1],), self.keys.highest, dtype=of_rows.dtype)
        of_columns = column_floors.to(of_rows.device)
        if not ordered and min(int(of_rows.min()), int(of_columns.min())) <= 0:
            turned = torch.empty_like(results)
            results = keys_in_place(results.view(self.keys.floats), self.keys, turned)
        look = _hits_in_groups if self.sorted else _hits_of_all
        pairs = look(results, of_rows, of_columns, most)
        if pairs is None:
            return None
        rows, columns, reached = pairs
        place = self.order[rows]
        real = place < self.count
        hits = (
            place,
            columns,
            reached.int(),
            (reached >= of_rows[rows]) & real,
            (reached >= of_columns[columns]) & real,
        )
        return Hits(*(each.cpu().numpy() for each in hits))


def best_in(results: Tensor, along: int, k: int, keys: Keys) -> Tensor:
    """Keys that the k best of every line of a tile reach: on the processor, [lines].

    If the tile is large, the k-th highest of the maxima of groups replaces the k-th highest
    result: it is no higher, as each group has a result that reaches it.
    """
    count = results.shape[along]
    if count < k:
        lines = results.shape[1 - along]
        return torch.full((lines,), keys.lowest, dtype=keys.integers)
    groups = count // _GROUP
    if groups >= k:
        whole = results.narrow(along, 0, groups * _GROUP)
        results = whole.unflatten(along, (groups, _GROUP)).amax(along + 1)
    return results.topk(k, dim=along).values.select(along, k - 1).cpu()


@contextmanager
def _float32_sums() -> Iterator[None]:
    """Sums of products in float32, as the bound assumes; otherwise, cuBLAS may add parts in
    bfloat16."""
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_bf16_reduced_precision_reduction
    matmul.allow_bf16_reduced_precision_reduction = False
    try:
        yield
    finally:
        matmul.allow_bf16_reduced_precision_reduction = before


def _hits_of_all(
    results: Tensor, of_rows: Tensor, of_columns: Tensor, most: int
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Rows and columns of the results that reach the floor of their row or of their column, and their
    keys."""
    reaches = results >= torch.minimum(of_rows[:, None], of_columns)
    if int(reaches.count_nonzero()) > most:
        return None
    rows, columns = reaches.nonzero(as_tuple=True)
    return rows, columns, results[rows, columns]


def _hits_in_groups(
    results: Tensor, of_rows: Tensor, of_columns: Tensor, most: int
) -> tuple[Tensor, Tensor, Tensor] | None:
    """The same as `_hits_of_all`, by the maxima of groups of rows with nearly equal floors."""
    grouped, floors = results.unflatten(0, (-1, _GROUP)), of_rows.unflatten(0, (-1, _GROUP))
    reaches = grouped.amax(1) >= torch.minimum(floors.amin(1)[:, None], of_columns)
    group, column = reaches.nonzero(as_tuple=True)
    if len(group) > most:
        return None
    least = torch.minimum(floors[group], of_columns[column][:, None])
    members = grouped[group, :, column]
    hit, member = (members >= least).nonzero(as_tuple=True)
    return group[hit] * _GROUP + member, column[hit], members[hit, member]
