"""The best candidates of every query in a matrix of scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.similarity import IntArray

BEST = 5
"""Candidates of each query that evaluations keep."""


class BestAnswers(NamedTuple):
    """The best candidates of Q queries; equal scores by rising index.

    Args:
        places: int64 [Q, k], candidates, the best first.
        scores: float32 [Q, k].
    """

    places: IntArray
    scores: NDArray[np.float32]

    def merged(self, more: BestAnswers) -> BestAnswers:
        """The best of these and of later candidates."""
        places = np.concatenate([self.places, more.places], axis=1)
        scores = np.concatenate([self.scores, more.scores], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :BEST]
        return BestAnswers(
            np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)
        )


def best_of_rows(scores: NDArray[np.floating]) -> BestAnswers:
    """The best columns of every row.

    It takes one maximum after another: for a few of them, this costs less than a partition.

    Args:
        scores: finite floats [Q, C] in memory that may be written; unchanged afterwards.

    Returns:
        [Q, min(BEST, C)].
    """
    k = min(BEST, scores.shape[1])
    rows = np.arange(len(scores))
    places = np.empty((len(scores), k), np.int64)
    values = np.empty((len(scores), k), scores.dtype)
    for rank in range(k):
        places[:, rank] = scores.argmax(axis=1)
        values[:, rank] = scores[rows, places[:, rank]]
        scores[rows, places[:, rank]] = -np.inf
    scores[rows[:, None], places] = values
    return BestAnswers(places, values.astype(np.float32))
