"""Nearest neighbours: exact scores, and the k best so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.retrieval.similarity import IntArray

_PAIRS_AT_ONCE = 1024
"""Their vectors stay in the cache."""
_PAIRS_MERGED = 1_000_000
"""About 0.1 GB for the merging."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest candidates of N queries.

    Args:
        indices: int64 [N, k], candidates by falling score, equal scores by rising index.
        scores: float32 [N, k], their cosines, each summed in float64 and rounded once.
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


class BestSoFar:
    """The k best candidates of the queries of one side, exact among the candidates seen.

    Places that are not filled yet have the score minus infinity and the index -1.

    Args:
        indices: int64 [N, k].
        scores: float32 [N, k].
    """

    def __init__(self, indices: IntArray, scores: NDArray[np.float32]) -> None:
        self.indices, self.scores = indices, scores

    @classmethod
    def empty(cls, count: int, k: int) -> BestSoFar:
        """No candidate has been seen."""
        return cls(np.full((count, k), -1, np.int64), np.full((count, k), -np.inf, np.float32))

    def part(self, rows: slice) -> BestSoFar:
        """A view of some of the queries: what is merged into it appears here, too."""
        return BestSoFar(self.indices[rows], self.scores[rows])

    @property
    def filled(self) -> bool:
        """Whether every query has k neighbours: it has if k candidates were seen."""
        return bool(self.indices[0, -1] >= 0)

    def floors(self) -> NDArray[np.float64]:
        """The score that a further candidate must exceed, float64 [N]."""
        return self.scores[:, -1].astype(np.float64)

    def merge(self, queries: IntArray, candidates: IntArray, scores: NDArray[np.float32]) -> None:
        """Adds scored candidates [P] that were not seen before.

        Those of one query must come by rising index, and after all that came before: of equal scores
        the earlier wins.
        """
        for start in range(0, len(queries), _PAIRS_MERGED):
            part = slice(start, start + _PAIRS_MERGED)
            self._merge(queries[part], candidates[part], scores[part])

    def _merge(self, queries: IntArray, candidates: IntArray, scores: NDArray[np.float32]) -> None:
        useful = scores > self.scores[queries, -1]
        queries, candidates, scores = queries[useful], candidates[useful], scores[useful]
        touched, place = np.unique(queries, return_inverse=True)
        k = self.scores.shape[1]
        owner = np.concatenate([np.repeat(np.arange(len(touched)), k), place])
        index = np.concatenate([self.indices[touched].ravel(), candidates])
        score = np.concatenate([self.scores[touched].ravel(), scores])
        order = np.argsort(_by_owner_then_score(owner, score), kind="stable")
        starts = np.cumsum(np.bincount(owner)) - np.bincount(owner)
        best = order[starts[:, None] + np.arange(k)]
        self.indices[touched], self.scores[touched] = index[best], score[best]

    def neighbours(self) -> Neighbours:
        """The neighbours, without unfilled places, of which every query has as many."""
        filled = int((self.indices[:1] >= 0).sum())
        return Neighbours(self.indices[:, :filled].copy(), self.scores[:, :filled].copy())


def _by_owner_then_score(owner: IntArray, score: NDArray[np.float32]) -> IntArray:
    """Numbers in the order of the owners, and of falling scores within one."""
    bits = score.view(np.int32)
    rising = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)
    return owner * 2**33 - rising


def exact_scores(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    rows: IntArray,
    columns: IntArray,
) -> NDArray[np.float32]:
    """Cosines of chosen pairs, products summed in float64 and rounded once.

    A pair's score depends on its two vectors alone: equal vectors tie, wherever they are.

    Args:
        queries: unit rows [Q, D].
        candidates: unit rows [C, D].
        rows: [P], indices of queries.
        columns: [P], indices of candidates.

    Returns:
        float32 [P].
    """
    left, right = torch.from_numpy(queries), torch.from_numpy(candidates)
    of_left, of_right = torch.from_numpy(rows), torch.from_numpy(columns)
    scores = torch.empty(len(rows), dtype=torch.float64)
    # Fresh memory for every part would cost more than the products.
    shape = (min(_PAIRS_AT_ONCE, len(rows)), queries.shape[1])
    gathered = torch.empty(shape, dtype=torch.float32)
    ours, theirs = torch.empty(shape, dtype=torch.float64), torch.empty(shape, dtype=torch.float64)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        part = slice(start, min(start + _PAIRS_AT_ONCE, len(rows)))
        count = part.stop - start
        for wide, vectors, places in ((ours, left, of_left), (theirs, right, of_right)):
            torch.index_select(vectors, 0, places[part], out=gathered[:count])
            wide[:count].copy_(gathered[:count])
        torch.mul(ours[:count], theirs[:count], out=ours[:count])
        torch.sum(ours[:count], 1, out=scores[part])
    # A negative score that rounds to zero is the same zero as any other, so that they tie.
    result: NDArray[np.float32] = scores.numpy().astype(np.float32) + np.float32(0)
    return result
