"""Exact nearest neighbours by cosine, in both directions of a pair from one pass over the scores.

Every pair is screened once, in bfloat16 where the processor multiplies it, in tiles that stay in its
cache. Pairs that may belong to the answer (see `screening` for the bound) contend until few are left,
and these are scored exactly. The result is that of a brute-force search, ties included.
"""

from __future__ import annotations

from crosslift.encoders.precision import dtype_of
from crosslift.errors import DataError
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.retrieval.merged_neighbours import merged
from crosslift.retrieval.neighbours import BestSoFar, BothNeighbours, Neighbours, exact_scores
from crosslift.retrieval.ranks import check_widths
from crosslift.retrieval.screening import KEYS
from crosslift.retrieval.similarity import FloatArray, unit_rows
from crosslift.retrieval.tiles import Pass, TargetSide

__all__ = [
    "BothNeighbours",
    "Neighbours",
    "PairSearch",
    "exact_scores",
    "nearest",
    "nearest_both",
]


def nearest(queries: FloatArray, candidates: FloatArray, k: int) -> Neighbours:
    """The k nearest candidates of every query by cosine, exactly.

    Args:
        queries: floats [Q, D]; lengths do not matter.
        candidates: floats [C, D]; lengths do not matter.
        k: neighbours of each query; if there are fewer candidates, all of them.

    Returns:
        [Q, min(k, C)].

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """
    check_widths(queries, candidates)
    return PairSearch(candidates, k, both=False).add(queries)


def nearest_both(src: FloatArray, tgt: FloatArray, k: int, ranks: Ranks = ALONE) -> BothNeighbours:
    """The k nearest rows of the other side for every row of both sides, exactly, in one pass.

    Args:
        src: floats [N, D]; lengths do not matter.
        tgt: floats [M, D]; lengths do not matter.
        k: neighbours of each row; if a side has fewer rows, all of them.
        ranks: each searches its share of src in all of tgt, and has the neighbours of all rows.

    Returns:
        [N, min(k, M)] and [M, min(k, N)].

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """
    mine = ranks.even(len(src)).own
    shares: list[BothNeighbours] = []
    if mine.start < mine.stop or ranks.number == 0:  # the first one raises where src is empty
        search = PairSearch(tgt, k)
        forward = search.add(src[mine])
        shares.append(BothNeighbours(forward, search.tgt_to_src))
    return merged(ranks.united(shares), k)


class PairSearch:
    """The search of `nearest_both` for blocks of rows of src.

    The neighbours of a block are final at once. Those of tgt are exact among the rows so far, so that
    the search can stop between two blocks and resume (`restore`).

    Memory, besides the vectors of both sides: 4 D bytes per row of tgt for unit rows, 2 D for the
    screened ones (4 D in float32), 12 k for its neighbours; 6 D per row of the block; about 0.7 GB for
    the work.

    Args:
        tgt: floats [M, D], of any length; may be memory-mapped.
        k: neighbours of each row.
        both: whether to search the neighbours of tgt too.

    Raises:
        DataError: vectors that are not finite or zero; an empty side; k below 1.
    """

    def __init__(self, tgt: FloatArray, k: int, *, both: bool = True) -> None:
        if k < 1:
            raise DataError(f"{k} neighbours", "1 or more")
        self.k = k
        self.both = both
        self.rows_done = 0
        self._units = unit_rows(tgt)
        self._columns = BestSoFar.empty(len(tgt) if both else 0, k)
        self._target: TargetSide | None = None

    def __len__(self) -> int:
        """M, the number of tgt rows."""
        return len(self._units)

    @property
    def tgt_to_src(self) -> Neighbours:
        """Neighbours [M, min(k, rows_done)] of every tgt row among the src rows so far; of none where
        they are not searched."""
        return self._columns.neighbours()

    def restore(self, rows_done: int, tgt_to_src: Neighbours) -> None:
        """Resumes an earlier search.

        Args:
            rows_done: number of rows of src that it has searched.
            tgt_to_src: its neighbours of tgt after these rows.

        Raises:
            DataError: neighbours of another number of rows, or of another k.
        """
        shape = (len(self._columns.indices), min(self.k, rows_done) if self.both else 0)
        if tgt_to_src.indices.shape != shape:
            raise DataError(f"neighbours of shape {tgt_to_src.indices.shape}", f"shape {shape}")
        self.rows_done = rows_done
        self._columns = BestSoFar.empty(shape[0], self.k)
        self._columns.indices[:, : shape[1]] = tgt_to_src.indices
        self._columns.scores[:, : shape[1]] = tgt_to_src.scores

    def add(self, src_block: FloatArray) -> Neighbours:
        """Searches the next rows of src.

        Args:
            src_block: floats [B, D]; lengths do not matter.

        Returns:
            [B, min(k, M)], final.

        Raises:
            DataError: vectors that are not finite or zero, or of another width than tgt.
        """
        units = unit_rows(src_block)
        check_widths(units, self._units)
        rows = BestSoFar.empty(len(units), self.k)
        columns = self._columns if self.both else None
        if self._target is None:
            self._target = TargetSide(self._units, units, self.k, KEYS[dtype_of("auto")])
        Pass(units, self._target, rows, columns, self.rows_done).run()
        self.rows_done += len(units)
        return rows.neighbours()
