"""Nearest neighbours as they are found: exact scores, and the k best so far."""

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


class Found:
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
