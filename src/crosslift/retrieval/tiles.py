"""One pass over all pairs of two sides, tile by tile.

All pairs are screened; those that may belong to the answer are scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.precision import device
from crosslift.retrieval.contenders import Contenders
from crosslift.retrieval.dense_tiles import score_tile
from crosslift.retrieval.frame import Frame
from crosslift.retrieval.neighbours import BestSoFar, exact_scores
from crosslift.retrieval.screening import Keys
from crosslift.retrieval.similarity import IntArray
from crosslift.retrieval.tile_screen import Hits, Screen, best_in

TILE_ROWS = 2048
TILE_COLUMNS = 2048
"""Rows and columns of a tile: 8 MB of results in bfloat16, which stay in the cache for the search."""
_MOST_GROUPS = 16_384
"""A tile is scored whole if more pairs, or groups, than this and 4 k (rows + columns) reach a floor."""
_DENSE_IN_A_ROW = 2
"""After this many such tiles, the rest of the row of tiles is not screened."""
_MOST_WAITING = 4_000_000
"""Contenders of a side that wait to be scored, at most."""


class TargetSide:
    """The tgt side, prepared for the screening once for all blocks of src.

    Args:
        units: unit rows of tgt [M, D].
        first: unit rows of the first block of src: their mean is the centre of all blocks (any
            centre is right; one near the rows is sharp).
        k: neighbours wanted.
        keys: integer keys of the screened results.
    """

    def __init__(
        self, units: NDArray[np.float32], first: NDArray[np.float32], k: int, keys: Keys
    ) -> None:
        self.units, self.keys = units, keys
        self.frame = Frame.near(first, units, k, keys.floats)
        self.screened = self.frame.tgt(units)
        self.placed = self.screened.rows.to(device())


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
        screened = target.frame.src(src)
        self.row_slack = screened.slack(target.screened)
        column_slack = target.screened.slack(screened)
        self.rows = screened.rows.to(device())
        self.columns: Contenders | None = None
        if columns is not None:
            self.columns = Contenders(columns, column_slack, target.frame.shift, self.keys)

    def run(self) -> None:
        """Searches all rows of the block; the neighbours of both sides are exact afterwards."""
        for number, tile in enumerate(_parts(len(self.src), TILE_ROWS)):
            slack = self.row_slack[tile]
            rows = Contenders(self.best.part(tile), slack, self.target.frame.shift, self.keys)
            self._search(_RowTile(tile, rows, Screen(self.rows[tile], self.keys)))
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
            hits.hand_over(tile.rows, self.columns, self._first(tile, part))
            if _is_power_of_two(number + 1):
                tile.rows.tighten()
                tile.screen.sort(tile.rows.floors)
            self._settle_many(tile)
        tile.rows.tighten()
        tile.rows.settle(partial(self._score_rows, tile))

    def _screened(self, tile: _RowTile, part: slice) -> Hits | None:
        """The pairs of a tile that contend; None: too many."""
        rows, columns = tile.rows, self.columns
        first_of_rows = part.start == 0
        first_of_columns = (
            columns is not None and tile.place.start == 0 and not columns.best.part(part).filled
        )
        ordered = first_of_rows or first_of_columns
        results = tile.screen.results(self.target.placed[part], ordered=ordered)
        if first_of_rows:  # its screen is not sorted yet
            best = best_in(results[: len(rows.slack)], 1, rows.k, self.keys)
            rows.raise_to(rows.floor_of(best, rows.slack), slice(None))
        if columns is not None and first_of_columns:
            best = best_in(results[: len(rows.slack)], 0, columns.k, self.keys)
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
            self._first(tile, part),
            tile.rows,
            self.columns,
            (score_rows, self._score_columns),
        )

    def _first(self, tile: _RowTile, part: slice) -> tuple[int, int]:
        """Numbers of the first row and the first column of a tile in their sides."""
        return tile.place.start + self.first_row, part.start

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
        place: place of its rows in the block.
        rows: contenders of the rows.
        screen: screen that multiplies the rows with columns.
    """

    place: slice
    rows: Contenders
    screen: Screen


def _is_power_of_two(count: int) -> bool:
    """Whether a number is 1, 2, 4 ...: floors rise after these numbers of tiles, seldom and yet in
    time."""
    return count & (count - 1) == 0


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
