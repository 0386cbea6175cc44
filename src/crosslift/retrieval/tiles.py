"""One pass over all scores of two sides in tiles: screens all pairs, scores possible hits exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.precision import device
from crosslift.retrieval.neighbours import BestSoFar, exact_scores
from crosslift.retrieval.screening import (
    RESULT_ERROR,
    Keys,
    ScreenedRows,
    floor_keys,
    keys_in_place,
    results_of_keys,
    screened_rows,
)
from crosslift.retrieval.similarity import IntArray

TILE_ROWS = 2048
TILE_COLUMNS = 2048
"""Sides of a tile: its scores take 8 MB, which stay in the cache until they are searched."""
_GROUP = 16
"""Neighbouring rows of a tile; the highest result of a group is compared first."""
_MOST_PENDING_HITS = 4_000_000
_SAMPLE = 256


class TargetSide:
    """The tgt side, prepared for the screening once for all blocks of src.

    Args:
        units: unit rows of tgt [M, D].
        first: unit rows of the first block of src: their mean is the centre of all blocks (any
            centre is correct; one near the rows gives a tight bound).
        keys: of the screened results.
    """

    def __init__(self, units: NDArray[np.float32], first: NDArray[np.float32], keys: Keys) -> None:
        self.units, self.keys = units, keys
        self.centre = units.mean(axis=0, dtype=np.float64)
        self.src_centre = first.mean(axis=0, dtype=np.float64)
        self.shift = _usual_best(first, units)
        offset = _products(units, self.src_centre) - self.shift
        self.screened = screened_rows(units, self.centre, offset, keys.floats, first=False)
        self.placed = self.screened.rows.to(device())

    def screen(self, src: NDArray[np.float32]) -> ScreenedRows:
        """A block of src, prepared for the product with this side."""
        offset = _products(src, self.centre) - self.src_centre @ self.centre
        return screened_rows(src, self.src_centre, offset, self.keys.floats, first=True)


def _usual_best(src: NDArray[np.float32], tgt: NDArray[np.float32]) -> float:
    """A typical score of a nearest neighbour, to subtract: results near zero are rounded least.

    At most 0.9 in size: results minus this shift must stay below 2.
    """
    some = src[:: -(-len(src) // _SAMPLE)]
    others = tgt[:: -(-len(tgt) // (16 * _SAMPLE))]
    return float(np.clip(np.median((some @ others.T).max(axis=1)), -0.9, 0.9))


class Pass:
    """One pass of a block of src rows over all of tgt."""

    def __init__(self, src: NDArray[np.float32], target: TargetSide, k: int) -> None:
        self.src, self.tgt, self.keys, self.k = src, target.units, target.keys, k
        self.shift, self.columns = target.shift, target.placed
        rows = target.screen(src)
        self.row_slack = rows.slack(target.screened)
        self.column_slack = target.screened.slack(rows)
        self.rows = rows.rows.to(device())

    def row_tiles(self) -> Iterator[slice]:
        """The rows of the block, a tile at a time."""
        for start in range(0, len(self.src), TILE_ROWS):
            yield slice(start, min(start + TILE_ROWS, len(self.src)))

    def search(
        self, tile: slice, rows: BestSoFar, columns: BestSoFar | None, first_row: int
    ) -> None:
        """Searches a tile of rows; updates its neighbours, and those of tgt.

        Args:
            tile: of src.
            rows: neighbours of the block's rows.
            columns: neighbours of tgt. None: they are not searched.
            first_row: number of the block's first row among all rows of src.
        """
        count = tile.stop - tile.start
        screen = _Screen(self.rows[tile], self.keys)
        row_keys = torch.full((len(screen.rows),), self.keys.highest, dtype=self.keys.integers)
        column_keys = self._column_keys(columns)
        for_rows, for_columns = _PendingHits(), _PendingHits()
        for number, start in enumerate(range(0, len(self.tgt), TILE_COLUMNS)):
            part = slice(start, min(start + TILE_COLUMNS, len(self.tgt)))
            results = screen.results(self.columns[part])
            if number == 0:
                row_keys[:count] = self._best_in(results[:count], 1, self.row_slack[tile])
            if columns is not None and not columns.filled:
                best = self._best_in(results[:count], 0, self.column_slack[part])
                column_keys[part] = torch.maximum(column_keys[part], best)
            hits = screen.hits(results, row_keys, column_keys[part])
            hits.distribute(count, (tile.start, part.start), for_rows, for_columns)
            # Twice as many columns each time: few updates, and floors that are never far too low.
            if number & (number + 1) == 0 or for_rows.count > _MOST_PENDING_HITS:
                self._score_rows(for_rows, rows)
                row_keys[:count] = self._floor_keys(rows.floors()[tile], self.row_slack[tile])
            if columns is not None and for_columns.count > _MOST_PENDING_HITS:
                self._score_columns(for_columns, columns, first_row)
        self._score_rows(for_rows, rows)
        if columns is not None:
            self._score_columns(for_columns, columns, first_row)

    def _score_rows(self, hits: _PendingHits, rows: BestSoFar) -> None:
        queries, candidates = hits.take()
        if len(queries):
            rows.merge(queries, candidates, exact_scores(self.src, self.tgt, queries, candidates))

    def _score_columns(self, hits: _PendingHits, columns: BestSoFar, first_row: int) -> None:
        candidates, queries = hits.take()
        if len(queries):
            scores = exact_scores(self.src, self.tgt, candidates, queries)
            columns.merge(queries, candidates + first_row, scores)

    def _floor_keys(self, floors: NDArray[np.float64], slack: NDArray[np.float64]) -> Tensor:
        return floor_keys(floors - self.shift - slack, self.keys)

    def _column_keys(self, columns: BestSoFar | None) -> Tensor:
        if columns is None:
            return torch.full((len(self.tgt),), self.keys.highest, dtype=self.keys.integers)
        return self._floor_keys(columns.floors(), self.column_slack)

    def _best_in(self, results: Tensor, along: int, slack: NDArray[np.float64]) -> Tensor:
        """Keys that the k best of a tile reach: below every pair that can be among them.

        In a large tile, the k-th highest of the maxima of groups replaces the k-th highest result: it
        is no higher, as each group has a result that reaches it.
        """
        count = results.shape[along]
        if count < self.k:
            return torch.full((len(slack),), self.keys.lowest, dtype=results.dtype)
        groups = count // _GROUP
        if groups >= self.k:
            whole = results.narrow(along, 0, groups * _GROUP)
            results = whole.unflatten(along, (groups, _GROUP)).amax(along + 1)
        reached = results.topk(self.k, dim=along).values.select(along, self.k - 1)
        least = results_of_keys(reached.cpu(), self.keys)
        # The result is rounded and has an error up to the slack, and so has that of an equal pair.
        return floor_keys(least - np.abs(least) * RESULT_ERROR - 2 * slack, self.keys)


class _PendingHits:
    """Hits that wait to be scored."""

    def __init__(self) -> None:
        self.parts: list[tuple[IntArray, IntArray]] = []
        self.count = 0

    def add(self, queries: IntArray, candidates: IntArray) -> None:
        self.parts.append((queries, candidates))
        self.count += len(queries)

    def take(self) -> tuple[IntArray, IntArray]:
        """Returns all hits and removes them."""
        parts, self.parts, self.count = self.parts, [], 0
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        queries, candidates = zip(*parts, strict=True)
        return np.concatenate(queries), np.concatenate(candidates)


class _Hits(NamedTuple):
    """Pairs of a tile that reach the floor of their row or of their column.

    Args:
        rows: [H] in the tile.
        columns: [H] in the tile.
        for_row: [H], whether the row's floor is reached.
        for_column: [H].
    """

    rows: IntArray
    columns: IntArray
    for_row: NDArray[np.bool_]
    for_column: NDArray[np.bool_]

    def distribute(
        self, count: int, first: tuple[int, int], for_rows: _PendingHits, for_columns: _PendingHits
    ) -> None:
        """Adds the pairs to the pending hits of rows and of columns, with indices of the two sides.

        Args:
            count: rows of the tile without padding.
            first: indices of the tile's first row and column.
            for_rows: receives the pairs that reach the floor of their row.
            for_columns: receives the pairs that reach the floor of their column.
        """
        within = self.rows < count
        rows, columns = self.rows + first[0], self.columns + first[1]
        for pending, reached in ((for_rows, self.for_row), (for_columns, self.for_column)):
            chosen = reached & within
            pending.add(rows[chosen], columns[chosen])


class _Screen:
    """A tile of rows, its buffers for results, and the search in them.

    Args:
        rows: [B, K] screened rows; padded to whole groups.
        keys: of their type.
    """

    def __init__(self, rows: Tensor, keys: Keys) -> None:
        short = -len(rows) % _GROUP
        self.rows = torch.cat([rows, rows.new_zeros(short, rows.shape[1])]) if short else rows
        self.keys = keys
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def results(self, columns: Tensor) -> Tensor:
        """Keys [B, C] of the screened results against columns [C, K]; valid until the next call."""
        results, buffer = self._buffers_for(len(columns))
        torch.mm(self.rows, columns.T, out=results)
        return keys_in_place(results, self.keys, buffer)

    def _buffers_for(self, columns: int) -> tuple[Tensor, Tensor]:
        if columns not in self._buffers:
            shape = (len(self.rows), columns)
            buffers = (
                self.rows.new_empty(shape),
                self.rows.new_empty(shape, dtype=self.keys.integers),
            )
            self._buffers[columns] = buffers
        return self._buffers[columns]

    def hits(self, results: Tensor, row_keys: Tensor, column_keys: Tensor) -> _Hits:
        """Pairs whose key reaches that of their row [B] or of their column [C]."""
        buffer = self._buffers_for(results.shape[1])[1]
        row_keys, column_keys = row_keys.to(buffer.device), column_keys.to(buffer.device)
        torch.minimum(row_keys[:, None], column_keys[None], out=buffer)
        above = torch.sub(results, buffer, out=buffer).unflatten(0, (-1, _GROUP))
        group, column = (above.amax(1) >= 0).nonzero(as_tuple=True)
        hit, member = (above[group, :, column] >= 0).nonzero(as_tuple=True)
        rows, columns = group[hit] * _GROUP + member, column[hit]
        key = results[rows, columns]
        for_row, for_column = key >= row_keys[rows], key >= column_keys[columns]
        return _Hits(*(each.cpu().numpy() for each in (rows, columns, for_row, for_column)))


def _products(units: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products [N] of rows with one vector, in float64, without a wide copy of all rows."""
    parts = [units[i : i + 8192].astype(np.float64) @ vector for i in range(0, len(units), 8192)]
    return np.concatenate(parts)
