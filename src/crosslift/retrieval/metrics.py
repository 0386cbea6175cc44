"""Retrieval metrics, per query, as expected values under a random order of ties.

A sort breaks ties by position, so a model that gives every candidate one vector can score 0 or
1 by the order of the file. The expected value over all orders of the tied candidates does not depend
on chance, and it is exact: nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.retrieval.ranks import Ranks
from crosslift.retrieval.similarity import IntArray

OutcomeArray = NDArray[np.float64]


def top1_accuracy(ranks: Ranks) -> OutcomeArray:
    """The probability that the first candidate is correct.

    It is 0 if any candidate scores above the best correct answer. Otherwise each of the ``tied``
    candidates at the top comes first with the same probability, so it is the share of correct
    ones among them: ``gold_tied / tied``, which is ``1 / tied`` if one answer is correct.

    Example, scores of three candidates, the first correct::

        0.9 0.5 0.1  ->  1      alone at the top
        0.9 0.9 0.1  ->  1/2    two at the top, one of them correct
        0.5 0.9 0.1  ->  0      one is better

    Args:
        ranks: ranks of Q queries.

    Returns:
        float64 [Q], each in [0, 1].
    """
    share = ranks.gold_tied / ranks.tied
    return np.where(ranks.better == 0, share, 0.0)


def reciprocal_rank(ranks: Ranks) -> OutcomeArray:
    """The expected value of 1 / rank of the first correct answer; its mean is the MRR.

    Example, scores of three candidates, the first correct::

        0.9 0.5 0.1  ->  1            rank 1
        0.9 0.9 0.1  ->  (1 + 1/2)/2 = 3/4        rank 1 or 2
        0.5 0.9 0.5  ->  (1/2 + 1/3)/2 = 5/12     rank 2 or 3
        0.1 0.9 0.5  ->  1/3          rank 3

    Args:
        ranks: ranks of Q queries.

    Returns:
        float64 [Q], each in (0, 1].
    """
    return _by_case(ranks, _expected_reciprocal)


def expected_rank(ranks: Ranks) -> OutcomeArray:
    """The expected rank of the first correct answer, from 1; the median over queries is the "median
    rank" of image-caption retrieval (Karpathy & Fei-Fei 2015, section 4.1). Lower is better.

    The expected position of the first of ``gold_tied`` correct candidates among ``tied`` is
    ``(tied + 1) / (gold_tied + 1)``.

    Example, scores of three candidates, the first correct::

        0.9 0.5 0.1  ->  1
        0.5 0.9 0.5  ->  2.5    rank 2 or 3
        0.5 0.5 0.5  ->  2      rank 1, 2 or 3
        0.1 0.9 0.5  ->  3

    Args:
        ranks: ranks of Q queries.

    Returns:
        float64 [Q], each at least 1.
    """
    expected: OutcomeArray = ranks.better + (ranks.tied + 1) / (ranks.gold_tied + 1)
    return expected


def recall_at(ranks: Ranks, k: int) -> OutcomeArray:
    """The probability that a correct answer is among the first ``k`` candidates.

    If several answers are correct, one among the first ``k`` is enough, as in the recall of
    image-caption retrieval (Karpathy & Fei-Fei 2015, section 4.1).

    Example with ``k = 2``, scores of three candidates, the first correct::

        0.5 0.9 0.1  ->  1      rank 2
        0.5 0.9 0.5  ->  1/2    rank 2 or 3
        0.5 0.5 0.5  ->  2/3    rank 1, 2 or 3
        0.1 0.9 0.5  ->  0      rank 3

    Args:
        ranks: ranks of Q queries.
        k: number of candidates that count; all if there are fewer.

    Returns:
        float64 [Q], each in [0, 1].

    Raises:
        DataError: ``k`` below 1.
    """
    if k < 1:
        raise DataError(f"recall at {k}", "k of 1 or more")
    return _by_case(ranks, lambda better, chances: _chance_within(k - better, chances))


def expected_outcome(ranks: Ranks, of_rank: Callable[[IntArray], OutcomeArray]) -> OutcomeArray:
    """The expected value of any outcome that the rank of the first correct answer decides.

    Example: ``of_rank = lambda ranks: 1 / ranks`` is `reciprocal_rank`.

    Args:
        ranks: ranks of Q queries.
        of_rank: maps ranks, int64 [R] from 1, to outcomes, floats [R].

    Returns:
        float64 [Q].

    Raises:
        DataError: an outcome is not finite, or there is not one for each rank.
    """

    def expected(better: int, chances: OutcomeArray) -> float:
        positions = better + np.arange(1, len(chances) + 1)
        values = np.asarray(of_rank(positions), np.float64)
        if values.shape != positions.shape or not np.isfinite(values).all():
            raise DataError(
                f"outcomes of the ranks {positions[0]} to {positions[-1]}: {values}",
                "a finite number for each rank",
            )
        return float((chances * values).sum())

    return _by_case(ranks, expected)


def f1_of_answers(predictions: IntArray, labels: IntArray) -> OutcomeArray:
    """F1 of each query's answer, where every candidate is a class; its mean is MTEB's weighted F1.

    The precision of a class is the share of correct ones among the queries with this prediction, its
    recall the share among those with this label; a class that is never predicted has F1 0. In the mean
    over queries the weight of a class is the number of its labels, as in scikit-learn's
    ``f1_score(average="weighted", zero_division=0)``. It is below the accuracy if a wrong query gets a
    candidate that is correct for another, and is not related to a mining F1: no pair is rejected.

    Example, four queries::

        predictions 0 1 1 3
        labels      0 1 2 3    ->  1  2/3  0  1

    Args:
        predictions: int64 [Q], index of the candidate that each query retrieved.
        labels: int64 [Q], index of the correct candidate.

    Returns:
        float64 [Q], each in [0, 1].

    Raises:
        DataError: no query, other shapes, or indices that are not whole numbers.
    """
    _check_predictions(predictions, labels)
    classes, of_query = np.unique(labels, return_inverse=True)
    support = np.bincount(of_query, minlength=len(classes))
    correct = np.bincount(of_query[predictions == labels], minlength=len(classes))
    place = np.minimum(np.searchsorted(classes, predictions), len(classes) - 1)
    predicted = np.bincount(place[classes[place] == predictions], minlength=len(classes))
    of_class: OutcomeArray = 2 * correct / (predicted + support)
    return of_class[of_query]


def _check_predictions(predictions: IntArray, labels: IntArray) -> None:
    if predictions.shape != labels.shape or labels.ndim != 1 or not len(labels):
        raise DataError(
            f"predictions of shape {predictions.shape} and labels of shape {labels.shape}",
            "one prediction and one label for each of at least one query",
        )
    for name, values in (("predictions", predictions), ("labels", labels)):
        if not np.issubdtype(values.dtype, np.integer):
            raise DataError(f"{name} of {values.dtype}", "indices of candidates")


def _expected_reciprocal(better: int, chances: OutcomeArray) -> float:
    positions = better + np.arange(1, len(chances) + 1)
    return float((chances / positions).sum())


def _chance_within(positions: int, chances: OutcomeArray) -> float:
    """Probability of a correct one in the first ``positions`` of the tied; exactly 1 if certain."""
    if positions >= len(chances):
        return 1.0
    return float(chances[: max(positions, 0)].sum())


def _by_case(ranks: Ranks, value: Callable[[int, OutcomeArray], float]) -> OutcomeArray:
    """Apply ``value`` once to each distinct (better, tied, gold_tied), for every query [Q]."""
    cases, of_query = np.unique(
        np.stack([ranks.better, ranks.tied, ranks.gold_tied]), axis=1, return_inverse=True
    )
    values = [
        value(better, _first_correct(tied, correct)) for better, tied, correct in cases.T.tolist()
    ]
    return np.array(values, np.float64)[of_query]


def _first_correct(tied: int, correct: int) -> OutcomeArray:
    """Probability that the first of ``correct`` among ``tied`` in random order is the j-th, j from 1.

    Returns:
        float64 [tied - correct + 1]; for one correct answer 1/tied everywhere.
    """
    misses = np.arange(tied - correct)
    still = (tied - correct - misses) / (tied - misses)
    none_before = np.concatenate([[1.0], np.cumprod(still)])
    remaining = tied - np.arange(tied - correct + 1)
    return none_before * correct / remaining
