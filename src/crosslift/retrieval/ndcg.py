"""Normalised discounted cumulative gain: a score of the ranks of all correct answers of a query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.similarity import FloatArray


def ndcg_at(
    queries: FloatArray, candidates: FloatArray, gold: Sequence[Sequence[int]], k: int
) -> NDArray[np.float64]:
    """nDCG at k by cosine, of answers that are correct or not (Järvelin and Kekäläinen 2002).

    A correct answer at rank r, from 1, gains ``1 / log2(r + 1)``; the sum over the first k is divided
    by that of the best order, in which all G correct answers come first: at most ``min(G, k)`` terms.
    Among candidates with the same score, the lowest index comes first.

    Example with ``k = 2``, three candidates in the order of their scores::

        correct: 1st           ->  1
        correct: 2nd           ->  1 / log2(3) = 0.63
        correct: 1st and 3rd   ->  1 / (1 + 0.63) = 0.61
        correct: 3rd           ->  0

    Args:
        queries: floats [Q, D].
        candidates: floats [C, D].
        gold: [Q] lists of indices of candidates, each not empty.
        k: number of candidates that count.

    Returns:
        float64 [Q], each in [0, 1].

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; an empty side; k below 1.
    """
    from crosslift.retrieval.search import nearest  # loads torch

    indices = nearest(queries, candidates, k).indices
    gains = 1 / np.log2(np.arange(2, k + 2))
    correct = np.stack([np.isin(row, answers) for row, answers in zip(indices, gold, strict=True)])
    best = np.array([gains[: len(answers)].sum() for answers in gold])
    values: NDArray[np.float64] = correct @ gains[: correct.shape[1]] / best
    return values
