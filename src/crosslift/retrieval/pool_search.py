"""Exact search of queries in a pool of candidates that come in small parts, each read once.

A part becomes unit rows, screened rows and results while it is in the processor's cache. A sample of
the pool gives the first floors, so that few pairs contend from the start. Contenders wait, with the
unit rows of their candidates, until the block is full: only those that are left are scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.precision import device, dtype_of
from crosslift.errors import DataError
from crosslift.retrieval.contenders import Contenders
from crosslift.retrieval.dense_tiles import score_tile
from crosslift.retrieval.frame import Frame
from crosslift.retrieval.neighbours import BestSoFar, Neighbours, exact_scores
from crosslift.retrieval.ranks import check_widths
from crosslift.retrieval.screening import KEYS, ScreenedRows
from crosslift.retrieval.similarity import FloatArray, IntArray, unit_rows
from crosslift.retrieval.tile_screen import Screen, best_in

PART = 2048
"""Candidates of a part: 8 MB of results in bfloat16 with as many queries."""
_TILE = 2048
"""Queries of a tile."""
_MOST_GROUPS = 16_384
"""A part is scored whole if more pairs, or groups, than this and 4 k (queries + candidates) contend."""
_DENSE_IN_A_ROW = 2
"""After this many such parts, the rest of the block is not screened."""
_MOST_WAITING = 4_000_000
"""Contenders that wait to be scored, at most; or 4 k for each query, if that is more."""
_WIDER = 1.05
"""The bound of the sample is widened by this at once: few parts have one that is larger yet."""


class _Tile(NamedTuple):
    """Some of the queries.

    Args:
        place: of the queries.
        contenders: of theirs.
        screen: multiplies them.
    """

    place: slice
    contenders: Contenders
    screen: Screen


class PoolSearch:
    """The nearest neighbours of queries among candidates that come in parts.

    Memory, besides the vectors of the queries: 6 to 8 D bytes for each query's unit and screened rows,
    12 k for its neighbours and at most 80 k (or 80 MB in all) for its contenders; 4 D for each
    candidate of a block; about 0.2 GB for the work.

    Args:
        queries: floats [Q, D]; lengths do not matter.
        sample: floats [S, D], distinct candidates of the pool, which come again in their parts.
        k: neighbours of each query.
        block: candidates whose unit rows are held in memory.

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """

    def __init__(self, queries: FloatArray, sample: FloatArray, k: int, block: int) -> None:
        if k < 1:
            raise DataError(f"{k} neighbours", "1 or more")
        self._queries, some = unit_rows(queries), unit_rows(sample)
        check_widths(self._queries, some)
        self._keys = KEYS[dtype_of("auto")]
        self._frame = Frame.near(self._queries, some, k, self._keys.floats)
        self._screened = self._frame.src(self._queries)
        self._best = BestSoFar.empty(len(queries), k)
        self._held = np.empty((block, some.shape[1]), np.float32)
        self._first = self._count = self._parts = self._dense = 0
        self._tiles = list(self._start(self._frame.tgt(some)))

    def _start(self, sample: ScreenedRows) -> Iterator[_Tile]:
        """The tiles of the queries, with the floors that the sample gives."""
        rows, placed = self._screened.rows.to(device()), sample.rows.to(device())
        slack = _WIDER * self._screened.slack(sample)
        of_sample: dict[tuple[int, int], torch.Tensor] = {}
        memory: dict[tuple[int, int], torch.Tensor] = {}
        for start in range(0, len(self._queries), _TILE):
            place = slice(start, min(start + _TILE, len(self._queries)))
            best = self._best.part(place)
            contenders = Contenders(best, slack[place], self._frame.shift, self._keys)
            screen = Screen(rows[place], self._keys, memory)
            sampled = Screen(rows[place], self._keys, of_sample).results(placed, ordered=True)
            reached = best_in(sampled[: len(contenders.slack)], 1, contenders.k, self._keys)
            contenders.raise_to(contenders.floor_of(reached, contenders.slack), slice(None))
            screen.sort(contenders.floors)
            yield _Tile(place, contenders, screen)

    @property
    def neighbours(self) -> Neighbours:
        """[Q, min(k, candidates so far)]."""
        for tile in self._tiles:
            tile.contenders.tighten()
        self._settle()
        return self._best.neighbours()

    def add(self, vectors: FloatArray) -> None:
        """Searches the next candidates.

        Args:
            vectors: floats [B, D], at most as many as a block; lengths do not matter.

        Raises:
            DataError: vectors that are not finite or zero, or of another width than the queries.
        """
        check_widths(self._queries, vectors)
        if self._count + len(vectors) > len(self._held):
            self._settle()
            self._first, self._count, self._dense = self._first + self._count, 0, 0
        part = slice(self._count, self._count + len(vectors))
        unit_rows(vectors, self._held[part])
        self._count = part.stop
        self._search(part)
        self._parts += 1
        waiting = sum(tile.contenders.waiting for tile in self._tiles)
        if waiting > max(_MOST_WAITING, 4 * self._best.scores.size):
            self._settle()

    def _search(self, part: slice) -> None:
        """Searches a part of the block."""
        sparse = self._dense < _DENSE_IN_A_ROW
        screened = self._frame.tgt(self._held[part]) if sparse else None
        dense = [self._search_tile(tile, part, screened) for tile in self._tiles]
        self._dense = self._dense + 1 if all(dense) else 0

    def _search_tile(self, tile: _Tile, part: slice, screened: ScreenedRows | None) -> bool:
        """Adds the pairs of a tile and a part that contend; returns whether it scored all of them."""
        hits = None
        if screened is not None:
            tile.contenders.widen(self._screened.slack(screened)[tile.place])
            results = tile.screen.results(screened.rows.to(device()), ordered=False)
            most = _MOST_GROUPS + 4 * tile.contenders.k * sum(results.shape)
            floors = tile.contenders.floors
            hits = tile.screen.hits(results, floors, None, most, ordered=False)
        if hits is None:
            self._score_all(tile, part)
            return True
        hits.hand_over(tile.contenders, None, (0, self._first + part.start))
        if (self._parts + 1) & self._parts == 0:  # after 1, 2, 4 ... parts
            tile.contenders.tighten()
            tile.screen.sort(tile.contenders.floors)
        return False

    def _score_all(self, tile: _Tile, part: slice) -> None:
        """Searches a part whose pairs nearly all contend."""
        score = partial(self._score, tile)
        tile.contenders.settle(score)
        queries, first = self._queries[tile.place], (0, self._first + part.start)
        score_tile(queries, self._held[part], first, tile.contenders, None, (score, score))

    def _settle(self) -> None:
        """Scores the contenders of all queries."""
        for tile in self._tiles:
            tile.contenders.settle(partial(self._score, tile))

    def _score(self, tile: _Tile, queries: IntArray, candidates: IntArray) -> NDArray[np.float32]:
        places = candidates - self._first
        return exact_scores(self._queries[tile.place], self._held, queries, places)
