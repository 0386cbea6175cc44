"""Nearest neighbours during a search: exact scores, and the k best so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.retrieval.similarity import IntArray

_PAIRS_AT_ONCE = 1024


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


class BestSoFar:
    """The nearest neighbours so far of the queries of one side, exact among the candidates so far.

    Empty places have the score minus infinity and the index -1.
    """

    def __init__(self, count: int, k: int) -> None:
        self.indices = np.full((count, k), -1, np.int64)
        self.scores = np.full((count, k), -np.inf, np.float32)

    @property
    def filled(self) -> bool:
        """Whether every query has k neighbours, which holds after k candidates."""
        return bool(self.indices[0, -1] >= 0)

    def floors(self) -> NDArray[np.float64]:
        """Score that a further candidate must reach, float64 [count]."""
        return self.scores[:, -1].astype(np.float64)

    def merge(self, queries: IntArray, candidates: IntArray, scores: NDArray[np.float32]) -> None:
        """Adds new candidates [P] with their scores.

        Those of one query must have rising indices, above all its earlier ones.
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
        best = order[starts[:, None] + np.arange(k)]
        self.indices[touched], self.scores[touched] = index[best], score[best]

    def neighbours(self) -> Neighbours:
        """The neighbours so far, without empty places, which are the same for every query."""
        filled = int((self.indices[:1] >= 0).sum())
        return Neighbours(self.indices[:, :filled].copy(), self.scores[:, :filled].copy())


def _by_owner_then_score(owner: IntArray, score: NDArray[np.float32]) -> IntArray:
    """Sort keys: by owner, and within an owner by falling score."""
    bits = score.view(np.int32)
    rising = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)
    return owner * 2**33 - rising


def exact_scores(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    rows: IntArray,
    columns: IntArray,
) -> NDArray[np.float32]:
    """Cosines of some pairs, with products summed in float64 and rounded once.

    A pair's score depends on its two vectors alone: equal vectors tie, at any index.

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
    cosines: NDArray[np.float32] = scores.numpy()
    return cosines
