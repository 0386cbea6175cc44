"""Exact nearest neighbours by cosine, in both directions of a pair from one pass over the scores.

Every score is computed once, in bfloat16 where the processor multiplies it, by blocks that stay in
its cache; what may belong to the answer (see `screening` for the bound) is scored again exactly. The
result is that of a brute-force search, ties included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.precision import device, dtype_of
from crosslift.errors import DataError
from crosslift.retrieval.ranks import check_widths
from crosslift.retrieval.screening import (
    KEYS,
    RESULT_ERROR,
    Keys,
    ScreenedRows,
    floor_keys,
    keys_in_place,
    results_of_keys,
    screened_rows,
)
from crosslift.retrieval.similarity import FloatArray, IntArray, unit_rows

TILE_ROWS = 2048
TILE_COLUMNS = 2048
"""Scores made at once: 8 MB, which stay in the cache until they are looked through."""
_GROUP = 16
"""Neighbouring rows of a tile whose highest result is looked at first."""
_PAIRS_AT_ONCE = 1024
_HITS_HELD = 4_000_000
_SAMPLE = 256


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest candidates of N queries.

    Args:
        indices: int64 [N, k], candidates by falling score, equal scores by rising index.
        scores: float32 [N, k], their cosines, each computed in float64 and rounded once.
    """

    indices: IntArray
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.indices)


class BothNeighbours(NamedTuple):
    """Neighbours in both directions.

    Args:
        src_to_tgt: [N, k] of every src row among tgt.
        tgt_to_src: [M, k] of every tgt row among src.
    """

    src_to_tgt: Neighbours
    tgt_to_src: Neighbours


class _Side:
    """The neighbours found so far of the queries of one side, exact among the candidates seen.

    Places that are not filled yet have the score minus infinity and the index -1.
    """

    def __init__(self, count: int, k: int) -> None:
        self.indices = np.full((count, k), -1, np.int64)
        self.scores = np.full((count, k), -np.inf, np.float32)

    @property
    def filled(self) -> bool:
        """Whether every query has k neighbours: it has where k candidates were seen."""
        return bool(self.indices[0, -1] >= 0)

    def floors(self) -> NDArray[np.float64]:
        """Score that a further candidate must reach, float64 [count]."""
        return self.scores[:, -1].astype(np.float64)

    def merge(self, queries: IntArray, candidates: IntArray, scores: NDArray[np.float32]) -> None:
        """Takes in scored candidates [P] that were not seen before.

        Those of one query must come by rising index, and after all that came before.
        """
        useful = scores >= self.scores[queries, -1]
        queries, candidates, scores = queries[useful], candidates[useful], scores[useful]
        touched, place = np.unique(queries, return_inverse=True)
        k = self.scores.shape[1]
        owner = np.concatenate([np.repeat(np.arange(len(touched)), k), place])
        index = np.concatenate([self.indices[touched].ravel(), candidates])
        score = np.concatenate([self.scores[touched].ravel(), scores])
        order = np.argsort(_by_owner_then_score(owner, score), kind="stable")
        starts = np.cumsum(np.bincount(owner)) - np.bincount(owner)
        kept = order[starts[:, None] + np.arange(k)]
        self.indices[touched], self.scores[touched] = index[kept], score[kept]

    def neighbours(self) -> Neighbours:
        """What was found; unfilled places are left out, which are the same for every query."""
        filled = int((self.indices[:1] >= 0).sum())
        return Neighbours(self.indices[:, :filled].copy(), self.scores[:, :filled].copy())


def _by_owner_then_score(owner: IntArray, score: NDArray[np.float32]) -> IntArray:
    """Numbers in the order of the owners, and of falling scores within one."""
    bits = score.view(np.int32)
    rising = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)
    return owner * 2**33 - rising


def nearest(queries: FloatArray, candidates: FloatArray, k: int) -> Neighbours:
    """The k nearest candidates of every query by cosine, exactly.

    Args:
        queries: floats [Q, D], of any length.
        candidates: floats [C, D], of any length.
        k: neighbours wanted; where there are fewer candidates, as many as there are.

    Returns:
        [Q, min(k, C)].

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """
    check_widths(queries, candidates)
    return PairSearch(candidates, k, both=False).add(queries)


def nearest_both(src: FloatArray, tgt: FloatArray, k: int) -> BothNeighbours:
    """The k nearest rows of the other side for every row of both sides, exactly, in one pass.

    Args:
        src: floats [N, D], of any length.
        tgt: floats [M, D], of any length.
        k: neighbours wanted; where a side has fewer rows, as many as it has.

    Returns:
        [N, min(k, M)] and [M, min(k, N)].

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """
    search = PairSearch(tgt, k)
    forward = search.add(src)
    return BothNeighbours(forward, search.tgt_to_src)


class PairSearch:
    """The search of `nearest_both`, given the rows of src a block at a time.

    A block's own neighbours are final at once; those of tgt are exact among the rows given so far,
    so that the search can be stopped between two blocks and gone on with (`restore`).

    Memory, beside the vectors given: 4 D bytes a row of tgt for unit rows, 2 D for the screened ones
    (4 D in float32), 12 k for its neighbours; 6 D a row of the block; about 0.3 GB for the work.

    Args:
        tgt: floats [M, D], of any length; may be memory-mapped.
        k: neighbours wanted.
        both: whether those of tgt are wanted too.

    Raises:
        DataError: vectors that are not finite or zero; an empty side; k below 1.
    """

    def __init__(self, tgt: FloatArray, k: int, *, both: bool = True) -> None:
        if k < 1:
            raise DataError(f"{k} neighbours asked for", "1 or more")
        self.k = k
        self.both = both
        self.rows_done = 0
        self._units = unit_rows(tgt)
        self._keys = KEYS[dtype_of("auto")]
        self._columns = _Side(len(tgt), k)
        self._centre = self._units.mean(axis=0, dtype=np.float64)

    @property
    def tgt_to_src(self) -> Neighbours:
        """Neighbours [M, min(k, rows_done)] of every tgt row among the src rows given so far."""
        return self._columns.neighbours()

    def restore(self, rows_done: int, tgt_to_src: Neighbours) -> None:
        """Goes on after a stop.

        Args:
            rows_done: rows of src that were given.
            tgt_to_src: the neighbours at that point.

        Raises:
            DataError: neighbours of another number of rows, or of another k.
        """
        wanted = (len(self._units), min(self.k, rows_done))
        if tgt_to_src.indices.shape != wanted:
            raise DataError(f"neighbours of shape {tgt_to_src.indices.shape}", f"shape {wanted}")
        self.rows_done = rows_done
        self._columns = _Side(len(self._units), self.k)
        self._columns.indices[:, : wanted[1]] = tgt_to_src.indices
        self._columns.scores[:, : wanted[1]] = tgt_to_src.scores

    def add(self, src_block: FloatArray) -> Neighbours:
        """Takes in the next rows of src.

        Args:
            src_block: floats [B, D], of any length.

        Returns:
            [B, min(k, M)], final.

        Raises:
            DataError: vectors that are not finite or zero, or of another width than tgt.
        """
        units = unit_rows(src_block)
        check_widths(units, self._units)
        rows = _Side(len(units), self.k)
        columns = self._columns if self.both else None
        work = _Pass(units, self._units, self._centre, self._keys, self.k)
        for start in range(0, len(units), TILE_ROWS):
            tile = slice(start, min(start + TILE_ROWS, len(units)))
            work.search(tile, rows, columns, self.rows_done)
        self.rows_done += len(units)
        return rows.neighbours()


class _Pass:
    """One pass of a block of src rows over all of tgt."""

    def __init__(
        self,
        src: NDArray[np.float32],
        tgt: NDArray[np.float32],
        tgt_centre: NDArray[np.float64],
        keys: Keys,
        k: int,
    ) -> None:
        self.src, self.tgt, self.keys, self.k = src, tgt, keys, k
        centre = src.mean(axis=0, dtype=np.float64)
        ours = _products(src, tgt_centre) - centre @ tgt_centre
        theirs = _products(tgt, centre)
        self.shift = self._usual_best()
        rows = screened_rows(src, centre, ours, keys.floats, first=True)
        columns = screened_rows(tgt, tgt_centre, theirs - self.shift, keys.floats, first=False)
        self.row_slack, self.column_slack = rows.slack(columns), columns.slack(rows)
        self.rows, self.columns = self._placed(rows), self._placed(columns)

    def _placed(self, side: ScreenedRows) -> Tensor:
        return side.rows.to(device())

    def _usual_best(self) -> float:
        """A usual score of a nearest neighbour: results near zero are rounded least.

        At most 0.9 in size: results less this shift must stay below 2.
        """
        some = self.src[:: -(-len(self.src) // _SAMPLE)]
        others = self.tgt[:: -(-len(self.tgt) // (16 * _SAMPLE))]
        scores = some @ others.T
        return float(np.clip(np.median(scores.max(axis=1)), -0.9, 0.9))

    def search(self, tile: slice, rows: _Side, columns: _Side | None, first_row: int) -> None:
        """Searches a tile of rows; fills in its neighbours, and those of tgt.

        Args:
            tile: of src.
            rows: neighbours of the block's rows.
            columns: neighbours of tgt; None: not wanted.
            first_row: number of the block's first row among all rows of src.
        """
        count = tile.stop - tile.start
        screen = _Screen(self.rows[tile], self.keys)
        row_keys = torch.full((len(screen.rows),), self.keys.highest, dtype=self.keys.integers)
        column_keys = self._column_keys(columns)
        for_rows, for_columns = _Held(), _Held()
        for number, start in enumerate(range(0, len(self.tgt), TILE_COLUMNS)):
            part = slice(start, min(start + TILE_COLUMNS, len(self.tgt)))
            results = screen.results(self.columns[part])
            if number == 0:
                row_keys[:count] = self._best_in(results[:count], 1, self.row_slack[tile])
            if columns is not None and not columns.filled:
                best = self._best_in(results[:count], 0, self.column_slack[part])
                column_keys[part] = torch.maximum(column_keys[part], best)
            hits = screen.hits(results, row_keys, column_keys[part])
            hits.sort_out(count, (tile.start, part.start), for_rows, for_columns)
            # Twice as many columns each time: few updates, and floors that are never far too low.
            if number & (number + 1) == 0 or for_rows.count > _HITS_HELD:
                self._score_rows(for_rows, rows)
                row_keys[:count] = self._floor_keys(rows.floors()[tile], self.row_slack[tile])
            if columns is not None and for_columns.count > _HITS_HELD:
                self._score_columns(for_columns, columns, first_row)
        self._score_rows(for_rows, rows)
        if columns is not None:
            self._score_columns(for_columns, columns, first_row)

    def _score_rows(self, held: _Held, rows: _Side) -> None:
        queries, candidates = held.take()
        if len(queries):
            rows.merge(queries, candidates, exact_scores(self.src, self.tgt, queries, candidates))

    def _score_columns(self, held: _Held, columns: _Side, first_row: int) -> None:
        candidates, queries = held.take()
        if len(queries):
            scores = exact_scores(self.src, self.tgt, candidates, queries)
            columns.merge(queries, candidates + first_row, scores)

    def _floor_keys(self, floors: NDArray[np.float64], slack: NDArray[np.float64]) -> Tensor:
        return floor_keys(floors - self.shift - slack, self.keys)

    def _column_keys(self, columns: _Side | None) -> Tensor:
        if columns is None:
            return torch.full((len(self.tgt),), self.keys.highest, dtype=self.keys.integers)
        return self._floor_keys(columns.floors(), self.column_slack)

    def _best_in(self, results: Tensor, along: int, slack: NDArray[np.float64]) -> Tensor:
        """Keys that the k best of a tile reach: below every pair that can be among them.

        Where the tile is large, the k-th highest of the maxima of groups stands for the k-th highest
        result: it is no higher, as each group has a result that reaches it.
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
        # The result was rounded, and is off by the slack; so may be that of a pair that scores as well.
        return floor_keys(least - np.abs(least) * RESULT_ERROR - 2 * slack, self.keys)


class _Held:
    """Hits that wait to be scored."""

    def __init__(self) -> None:
        self.parts: list[tuple[IntArray, IntArray]] = []
        self.count = 0

    def add(self, queries: IntArray, candidates: IntArray) -> None:
        self.parts.append((queries, candidates))
        self.count += len(queries)

    def take(self) -> tuple[IntArray, IntArray]:
        """All of them; none are left."""
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

    def sort_out(
        self, count: int, first: tuple[int, int], for_rows: _Held, for_columns: _Held
    ) -> None:
        """Holds the pairs for their rows and for their columns, in numbers of the sides.

        Args:
            count: rows of the tile that are not filling.
            first: numbers of the tile's first row and column.
            for_rows: takes those that reach their row's floor.
            for_columns: takes those that reach their column's floor.
        """
        within = self.rows < count
        rows, columns = self.rows + first[0], self.columns + first[1]
        for held, reached in ((for_rows, self.for_row), (for_columns, self.for_column)):
            chosen = reached & within
            held.add(rows[chosen], columns[chosen])


class _Screen:
    """A tile of rows, its room for results, and the search through them.

    Args:
        rows: [B, K] screened rows; filled up to whole groups.
        keys: of their type.
    """

    def __init__(self, rows: Tensor, keys: Keys) -> None:
        short = -len(rows) % _GROUP
        self.rows = torch.cat([rows, rows.new_zeros(short, rows.shape[1])]) if short else rows
        self.keys = keys
        self._room: dict[int, tuple[Tensor, Tensor]] = {}

    def results(self, columns: Tensor) -> Tensor:
        """Keys [B, C] of the screened results against columns [C, K]; valid until the next call."""
        results, room = self._room_for(len(columns))
        torch.mm(self.rows, columns.T, out=results)
        return keys_in_place(results, self.keys, room)

    def _room_for(self, columns: int) -> tuple[Tensor, Tensor]:
        if columns not in self._room:
            shape = (len(self.rows), columns)
            kept = self.rows.new_empty(shape), self.rows.new_empty(shape, dtype=self.keys.integers)
            self._room[columns] = kept
        return self._room[columns]

    def hits(self, results: Tensor, row_keys: Tensor, column_keys: Tensor) -> _Hits:
        """Pairs whose key reaches that of their row [B] or of their column [C]."""
        room = self._room_for(results.shape[1])[1]
        row_keys, column_keys = row_keys.to(room.device), column_keys.to(room.device)
        torch.minimum(row_keys[:, None], column_keys[None], out=room)
        above = torch.sub(results, room, out=room).unflatten(0, (-1, _GROUP))
        group, column = (above.amax(1) >= 0).nonzero(as_tuple=True)
        found, member = (above[group, :, column] >= 0).nonzero(as_tuple=True)
        rows, columns = group[found] * _GROUP + member, column[found]
        key = results[rows, columns]
        for_row, for_column = key >= row_keys[rows], key >= column_keys[columns]
        return _Hits(*(each.cpu().numpy() for each in (rows, columns, for_row, for_column)))


def exact_scores(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    rows: IntArray,
    columns: IntArray,
) -> NDArray[np.float32]:
    """Cosines of chosen pairs, products summed in float64 and rounded once.

    A pair's score depends on its two vectors alone: equal vectors tie, wherever they stand.

    Args:
        queries: unit rows [Q, D].
        candidates: unit rows [C, D].
        rows: [P], indices of queries.
        columns: [P], indices of candidates.

    Returns:
        float32 [P].
    """
    left, right = torch.from_numpy(queries), torch.from_numpy(candidates)
    scores = torch.empty(len(rows), dtype=torch.float32)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        ours = left.index_select(0, torch.from_numpy(rows[part]))
        theirs = right.index_select(0, torch.from_numpy(columns[part])).double()
        scores[part] = theirs.mul_(ours).sum(1).float()
    found: NDArray[np.float32] = scores.numpy()
    return found


def _products(units: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products [N] of rows with one vector, in float64, without a wide copy of all rows."""
    parts = [units[i : i + 8192].astype(np.float64) @ vector for i in range(0, len(units), 8192)]
    return np.concatenate(parts)
