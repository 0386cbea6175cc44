"""Exact search of queries in a pool of candidates that is read in parts.

A part becomes screened rows and results while it is in the processor's cache. A sample of the pool
gives the first floors, so that few pairs contend from the start. After the last part, the vectors of
the candidates that still contend are read again and scored exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

VectorsOf = Callable[[IntArray], FloatArray]
"""Places [P] of candidates -> their vectors [P, D], of any length."""

PART = 2048
"""Candidates of a part: 8 MB of results in bfloat16 with an equal number of queries."""
_TILE = 2048
"""Queries of a tile."""
_SAMPLE_SHARE, _SAMPLE_OF_K, _MOST_SAMPLED = 16, 128, 50_000
"""The sample: one candidate in this number, but at most this number times k, and at most this size."""
_MOST_GROUPS = 16_384
"""A part is scored completely if more pairs, or groups, than this and 4 k (queries + candidates)
contend."""
_DENSE_IN_A_ROW = 2
"""Number of such parts in a row after which the next parts are not screened."""
_DENSE_PARTS = 24
"""Number of parts that are not screened before one is screened again."""
_MOST_WAITING = 4_000_000
"""Most contenders that wait to be scored; or 4 k for each query, if that is more."""
_WIDER = 1.05
"""Factor that widens the sample's bound at the start, so that few parts have a larger bound."""


class _Tile(NamedTuple):
    """Some of the queries, with their contenders.

    Args:
        place: place of the queries among all.
        contenders: contenders of the queries.
        screen: screen that multiplies the queries with candidates.
    """

    place: slice
    contenders: Contenders
    screen: Screen


class PoolSearch:
    """The nearest neighbours of queries among candidates that are read in parts.

    Memory, besides the vectors of the queries: 6 to 8 D bytes for each query's unit and screened rows,
    12 k for its neighbours and at most 80 k (or 80 MB in all) for its contenders; about 0.2 GB for the
    work.

    Args:
        queries: vectors of the queries, of any length, floats [Q, D].
        vectors_of: function from places of candidates to their vectors. Each candidate is read once,
            but candidates in the sample, and candidates that contend at the end, twice.
        count: number of candidates.
        k: number of neighbours of each query.

    Raises:
        DataError: a vector is not finite, is zero or has another width; a side is empty; k is below 1.
    """

    def __init__(self, queries: FloatArray, vectors_of: VectorsOf, count: int, k: int) -> None:
        if k < 1:
            raise DataError(f"{k} neighbours", "1 or more")
        self._vectors_of, self._count = vectors_of, count
        most = min(_MOST_SAMPLED, _SAMPLE_OF_K * k)
        sample = vectors_of(np.arange(0, count, max(_SAMPLE_SHARE, -(-count // most))))
        self._queries, some = unit_rows(queries), unit_rows(sample)
        check_widths(self._queries, some)
        self._keys = KEYS[dtype_of("auto")]
        self._frame = Frame.near(self._queries, some, k, self._keys.floats)
        self._screened = self._frame.src(self._queries)
        self._best = BestSoFar.empty(len(queries), k)
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

    def run(self) -> Neighbours:
        """Searches all candidates.

        Returns:
            The neighbours, [Q, min(k, candidates)].
        """
        dense = 0
        for number, start in enumerate(range(0, self._count, PART)):
            places = np.arange(start, min(start + PART, self._count))
            vectors = self._vectors_of(places)
            check_widths(self._queries, vectors)
            if dense < _DENSE_IN_A_ROW:
                all_contend = self._screen(vectors, start, tighten=_raises_floors(number + 1))
            else:
                all_contend = dense + 1 < _DENSE_IN_A_ROW + _DENSE_PARTS
                self._score_all(self._tiles, unit_rows(vectors), start)
            dense = dense + 1 if all_contend else 0
            self._keep_waiting_few()
        for tile in self._tiles:
            tile.contenders.tighten()
        self._settle(self._tiles)
        return self._best.neighbours()

    def _screen(self, vectors: FloatArray, first: int, *, tighten: bool) -> bool:
        """Adds the pairs of a part that contend; returns whether it scored all of them instead."""
        screened = self._frame.tgt_of_any_length(vectors)
        columns, slack = screened.rows.to(device()), self._screened.slack(screened)
        dense = []
        for tile in self._tiles:
            tile.contenders.widen(slack[tile.place])
            results = tile.screen.results(columns, ordered=False)
            most = _MOST_GROUPS + 4 * tile.contenders.k * sum(results.shape)
            hits = tile.screen.hits(results, tile.contenders.floors, None, most, ordered=False)
            if hits is None:
                dense.append(tile)
                continue
            hits.hand_over(tile.contenders, None, (0, first))
            if tighten:
                tile.contenders.tighten()
                tile.screen.sort(tile.contenders.floors)
        if dense:
            self._score_all(dense, unit_rows(vectors), first)
        return len(dense) == len(self._tiles)

    def _score_all(self, tiles: list[_Tile], units: NDArray[np.float32], first: int) -> None:
        """Scores all pairs of a part in some tiles."""
        self._settle(tiles)
        for tile in tiles:
            queries = self._queries[tile.place]
            score = partial(_scores_in_part, queries, units, first)
            score_tile(queries, units, (0, first), tile.contenders, None, (score, score))

    def _keep_waiting_few(self) -> None:
        """Settles contenders when too many wait, even if those below the floor are dropped."""
        most = max(_MOST_WAITING, 4 * self._best.scores.size)
        if self._waiting > most:
            for tile in self._tiles:
                tile.contenders.tighten()
            if self._waiting > most // 2:
                self._settle(self._tiles)

    @property
    def _waiting(self) -> int:
        return sum(tile.contenders.waiting for tile in self._tiles)

    def _settle(self, tiles: list[_Tile]) -> None:
        """Scores the contenders of some tiles, with one reading of their candidates."""
        waiting = [tile for tile in tiles if tile.contenders.waiting]
        if not waiting:
            return
        pairs = [tile.contenders.take() for tile in waiting]
        scores = [np.empty(len(queries), np.float32) for queries, _ in pairs]
        needed = np.unique(np.concatenate([candidates for _, candidates in pairs]))
        for start in range(0, len(needed), PART):
            places = needed[start : start + PART]
            units = unit_rows(self._vectors_of(places))
            for tile, (queries, candidates), of_tile in zip(waiting, pairs, scores, strict=True):
                here = slice(*np.searchsorted(candidates, [places[0], places[-1] + 1]))
                rows = np.searchsorted(places, candidates[here])
                own = self._queries[tile.place]
                of_tile[here] = exact_scores(own, units, queries[here], rows)
        for tile, (queries, candidates), of_tile in zip(waiting, pairs, scores, strict=True):
            tile.contenders.merge(queries, candidates, of_tile)


def _scores_in_part(
    queries: NDArray[np.float32],
    units: NDArray[np.float32],
    first: int,
    rows: IntArray,
    candidates: IntArray,
) -> NDArray[np.float32]:
    """Exact scores of pairs with the candidates of a part, whose numbers begin at `first`."""
    return exact_scores(queries, units, rows, candidates - first)


def _raises_floors(parts: int) -> bool:
    """Whether floors rise after this number of parts: after 1, 2, 3, 4, 6, 8, 12 ..."""
    odd = parts // (parts & -parts)
    return odd in (1, 3)
