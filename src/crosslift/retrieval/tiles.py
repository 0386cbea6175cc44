"""One pass over all pairs of two sides, tile by tile.

All pairs are screened; those that may belong to the answer are scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.precision import device
from crosslift.retrieval.contenders import Contenders
from crosslift.retrieval.dense_tiles import score_tile
from crosslift.retrieval.neighbours import BestSoFar, exact_scores
from crosslift.retrieval.screening import Keys, ScreenedRows, keys_in_place, screened_rows
from crosslift.retrieval.similarity import IntArray

TILE_ROWS = 2048
TILE_COLUMNS = 2048
"""Rows and columns of a tile: 8 MB of results in bfloat16, which stay in the cache for the search."""
_GROUP = 16
"""Rows whose maximum is compared first: only groups that reach a floor are opened."""
_MOST_GROUPS = 16_384
"""A tile is scored whole if more pairs, or groups, than this and 4 k (rows + columns) reach a floor."""
_DENSE_IN_A_ROW = 2
"""After this many such tiles, the rest of the row of tiles is not screened."""
_MOST_WAITING = 4_000_000
"""Contenders of a side that wait to be scored, at most."""
_SAMPLE = 256
"""Rows from which the shift is guessed."""
_ROWS_AT_ONCE = 1024


class TargetSide:
    """The tgt side, prepared for the screening once for all blocks of src.

    Args:
        units: unit rows of tgt [M, D].
        first: unit rows of the first block of src: their mean is the centre of all blocks (any
            centre is right; one near the rows is sharp).
        k: neighbours wanted.
        keys: of the screened results.
    """

    def __init__(
        self, units: NDArray[np.float32], first: NDArray[np.float32], k: int, keys: Keys
    ) -> None:
        self.units, self.k, self.keys = units, k, keys
        self.centre, self.src_centre = _centre(units), _centre(first)
        self.shift = _usual_shift(first, units, k)
        offset = _products(units, self.src_centre) - self.shift
        self.screened = screened_rows(units, self.centre, offset, keys.floats, first=False)
        self.placed = self.screened.rows.to(device())

    def screen(self, src: NDArray[np.float32]) -> ScreenedRows:
        """A block of src, prepared for the product with this side."""
        offset = _products(src, self.centre) - self.src_centre @ self.centre
        return screened_rows(src, self.src_centre, offset, self.keys.floats, first=True)


def _usual_shift(src: NDArray[np.float32], tgt: NDArray[np.float32], k: int) -> float:
    """A guess, from a sample, of a score below the k-th best of nearly all rows.

    It is subtracted from all results: results near zero are rounded least, and results above zero need
    no change to be compared as integers. It is at most 0.9 in size, so that results stay below 2.
    """
    some = src[:: -(-len(src) // _SAMPLE)]
    others = tgt[:: -(-len(tgt) // (16 * _SAMPLE))]
    kth = np.partition(some @ others.T, -min(k, len(others)), axis=1)[:, -min(k, len(others))]
    low, usual = np.quantile(kth, [0.02, 0.5])
    return float(np.clip(low - (usual - low), -0.9, 0.9))


class Pass:
    """One pass of a block of src rows over all of tgt.

    Args:
        src: unit rows of the block [B, D].
        target: the other side.
        rows: neighbours of the block's rows.
        columns: neighbours of tgt among earlier blocks, updated in place; None: not wanted.
        first_row: number of the block's first row among all rows of src.
    """

    def __init__(
        self,
        src: NDArray[np.float32],
        target: TargetSide,
        rows: BestSoFar,
        columns: BestSoFar | None,
        first_row: int,
    ) -> None:
        self.src, self.target, self.keys = src, target, target.keys
        self.best, self.first_row = rows, first_row
        screened = target.screen(src)
        self.row_slack = screened.slack(target.screened)
        column_slack = target.screened.slack(screened)
        self.rows = screened.rows.to(device())
        self.columns: Contenders | None = None
        if columns is not None:
            self.columns = Contenders(columns, column_slack, target.shift, self.keys)

    def run(self) -> None:
        """Searches all rows of the block; the neighbours of both sides are exact afterwards."""
        for number, tile in enumerate(_parts(len(self.src), TILE_ROWS)):
            slack = self.row_slack[tile]
            rows = Contenders(self.best.part(tile), slack, self.target.shift, self.keys)
            self._search(_RowTile(tile, rows, _Screen(self.rows[tile], self.keys)))
            if self.columns is not None and _is_power_of_two(number + 1):
                self.columns.tighten()
        if self.columns is not None:
            self.columns.tighten()
            self.columns.settle(self._score_columns)

    def _search(self, tile: _RowTile) -> None:
        """Searches a tile of rows, one tile of columns after another."""
        dense = 0
        for number, part in enumerate(_parts(len(self.target.units), TILE_COLUMNS)):
            hits = self._screened(tile, part) if dense < _DENSE_IN_A_ROW else None
            if hits is None:
                dense += 1
                self._score_all(tile, part)
                continue
            dense = 0
            hits.hand_over(tile.rows, self.columns, (tile.place.start + self.first_row, part.start))
            if _is_power_of_two(number + 1):
                tile.rows.tighten()
                tile.screen.sort(tile.rows.floors)
            self._settle_many(tile)
        tile.rows.tighten()
        tile.rows.settle(partial(self._score_rows, tile))

    def _screened(self, tile: _RowTile, part: slice) -> _Hits | None:
        """The pairs of a tile that contend; None: too many."""
        rows, columns = tile.rows, self.columns
        first_of_rows = part.start == 0
        first_of_columns = (
            columns is not None and tile.place.start == 0 and not columns.best.part(part).filled
        )
        ordered = first_of_rows or first_of_columns
        results = tile.screen.results(self.target.placed[part], ordered=ordered)
        if first_of_rows:  # its screen is not sorted yet
            best = _best_in(results[: len(rows.slack)], 1, rows.k, self.keys)
            rows.raise_to(rows.floor_of(best, rows.slack), slice(None))
        if columns is not None and first_of_columns:
            best = _best_in(results[: len(rows.slack)], 0, columns.k, self.keys)
            columns.raise_to(columns.floor_of(best, columns.slack[part]), part)
        floors = columns.floors[part] if columns is not None else None
        most = _MOST_GROUPS + 4 * rows.k * sum(results.shape)
        return tile.screen.hits(results, rows.floors, floors, most, ordered=ordered)

    def _score_all(self, tile: _RowTile, part: slice) -> None:
        """Searches a tile whose pairs nearly all contend."""
        score_rows = partial(self._score_rows, tile)
        tile.rows.settle(score_rows)
        if self.columns is not None:
            self.columns.settle(self._score_columns)
        score_tile(
            self.src[tile.place],
            self.target.units[part],
            (tile.place.start + self.first_row, part.start),
            tile.rows,
            self.columns,
            (score_rows, self._score_columns),
        )

    def _settle_many(self, tile: _RowTile) -> None:
        """Scores contenders when they are too many to wait."""
        score_rows = partial(self._score_rows, tile)
        for side, score in ((tile.rows, score_rows), (self.columns, self._score_columns)):
            if side is not None and side.waiting > _MOST_WAITING:
                side.tighten()
                if side.waiting > _MOST_WAITING // 2:
                    side.settle(score)

    def _score_rows(
        self, tile: _RowTile, queries: IntArray, candidates: IntArray
    ) -> NDArray[np.float32]:
        return exact_scores(self.src[tile.place], self.target.units, queries, candidates)

    def _score_columns(self, queries: IntArray, candidates: IntArray) -> NDArray[np.float32]:
        return exact_scores(self.target.units, self.src, queries, candidates - self.first_row)


class _RowTile(NamedTuple):
    """A tile of rows, the candidates of its queries, and its screening.

    Args:
        place: of its rows in the block.
        rows: their candidates.
        screen: multiplies them.
    """

    place: slice
    rows: Contenders
    screen: _Screen


def _is_power_of_two(count: int) -> bool:
    """Whether it is 1, 2, 4 ...: after that many tiles floors rise, seldom and yet in time."""
    return count & (count - 1) == 0


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _best_in(results: Tensor, along: int, k: int, keys: Keys) -> Tensor:
    """Keys that the k best of every line of a tile reach: on the processor, [lines].

    Where the tile is large, the k-th highest of the maxima of groups replaces the k-th highest
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


class _Hits(NamedTuple):
    """Pairs of a tile that reach the floor of their row or of their column.

    Args:
        rows: int64 [H] in the tile.
        columns: int64 [H] in the tile.
        results: int32 [H], their keys.
        for_row: bool [H], whether the row's floor is reached.
        for_column: bool [H].
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
            rows: of the tile.
            columns: of the whole side; None: not wanted.
            first: numbers of the tile's first row and first column in their sides.
        """
        chosen = self.for_row
        candidates = self.columns[chosen] + first[1]
        rows.add(self.rows[chosen], candidates, self.results[chosen])
        if columns is not None:
            chosen = self.for_column
            queries = self.columns[chosen] + first[1]
            columns.add(queries, self.rows[chosen] + first[0], self.results[chosen])


class _Screen:
    """A tile of rows, its memory for results, and the search through them.

    Args:
        rows: [B, K] screened rows.
        keys: of their type.
    """

    def __init__(self, rows: Tensor, keys: Keys) -> None:
        short = -len(rows) % _GROUP
        self.count = len(rows)
        self.rows = torch.cat([rows, rows.new_zeros(short, rows.shape[1])]) if short else rows
        self.order = torch.arange(len(self.rows), device=rows.device)
        self.sorted = False
        self.keys = keys
        self._memory: dict[int, Tensor] = {}

    def sort(self, floors: Tensor) -> None:
        """Sorts the rows by their floors, so that those of a group are nearly equal."""
        of_rows = self._padded_floors(floors)[self.order]
        order = of_rows.argsort()
        self.rows, self.order, self.sorted = self.rows[order], self.order[order], True

    def _padded_floors(self, floors: Tensor) -> Tensor:
        """Floors of all rows, in their first order; nothing reaches those that fill the last group."""
        whole = torch.full((len(self.rows),), self.keys.highest, dtype=self.keys.integers)
        whole[: self.count] = floors
        return whole.to(self.rows.device)

    def results(self, columns: Tensor, *, ordered: bool) -> Tensor:
        """Screened results [B, C] against columns [C, K], as integers; valid until the next call.

        Args:
            columns: screened rows of the other side.
            ordered: whether the integers are keys. Else they are the bits of the results: those above
                zero are their keys, all others are negative.
        """
        results = self._memory_for(len(columns))
        with _float32_sums():
            torch.mm(self.rows, columns.T, out=results)
        bits = results.view(self.keys.integers)
        return keys_in_place(results, self.keys, torch.empty_like(bits)) if ordered else bits

    def _memory_for(self, columns: int) -> Tensor:
        if columns not in self._memory:
            self._memory[columns] = self.rows.new_empty(len(self.rows), columns)
        return self._memory[columns]

    def hits(
        self,
        results: Tensor,
        row_floors: Tensor,
        column_floors: Tensor | None,
        most: int,
        *,
        ordered: bool,
    ) -> _Hits | None:
        """Pairs whose key reaches that of their row or of their column.

        Args:
            results: [B, C] of this tile.
            row_floors: keys of its rows.
            column_floors: keys [C]; None: those of the rows alone.
            most: the result is None if more pairs, or groups of pairs, reach a floor.
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
        return _Hits(*(each.cpu().numpy() for each in hits))


@contextmanager
def _float32_sums() -> Iterator[None]:
    """Sums of products in float32, as the bound assumes; cuBLAS may add parts in bfloat16 otherwise."""
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
    """The same, by the maxima of groups of rows, whose floors are nearly equal."""
    grouped, floors = results.unflatten(0, (-1, _GROUP)), of_rows.unflatten(0, (-1, _GROUP))
    reaches = grouped.amax(1) >= torch.minimum(floors.amin(1)[:, None], of_columns)
    group, column = reaches.nonzero(as_tuple=True)
    if len(group) > most:
        return None
    least = torch.minimum(floors[group], of_columns[column][:, None])
    members = grouped[group, :, column]
    hit, member = (members >= least).nonzero(as_tuple=True)
    return group[hit] * _GROUP + member, column[hit], members[hit, member]


def _centre(units: NDArray[np.float32]) -> NDArray[np.float64]:
    """About the mean of rows [N, D], float64 [D]."""
    mean: NDArray[np.float64] = torch.from_numpy(units).mean(dim=0).double().numpy()
    return mean


def _products(units: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products [N] of rows with one vector, in float64, without a wide copy of all rows."""
    parts = torch.from_numpy(units).split(_ROWS_AT_ONCE)
    wide = torch.from_numpy(vector)
    products: NDArray[np.float64] = torch.cat([part.double() @ wide for part in parts]).numpy()
    return products
