"""Spearman's rank correlation as a mean of one value per item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

Floats = NDArray[np.float64]


def spearman_values(scores: NDArray[np.floating], grades: NDArray[np.floating]) -> Floats:
    """One value per item whose mean is Spearman's correlation, for tests that resample items.

    A correlation is not a mean of outcomes. To first order, resampling items changes it as it changes
    the mean of these values: the correlation plus the empirical influence of each item, ranks being
    estimated from the same items (Croux and Dehon 2010, Statistical Methods and Applications 19,
    section 2; here with tied ranks).

    Args:
        scores: floats [N], such as cosines.
        grades: floats [N], grades from people; ties have the mean of their ranks.

    Returns:
        float64 [N]; their mean is the correlation up to rounding. All 0 if one side is constant.

    Raises:
        DataError: other shapes, or fewer than two items.
    """
    if scores.shape != grades.shape or scores.ndim != 1 or len(scores) < 2:
        raise DataError(
            f"scores of shape {scores.shape} and grades of shape {grades.shape}",
            "one score and one grade for each of at least two items",
        )
    ranks, of_grades = _mid_ranks(scores), _mid_ranks(grades)
    variances = ranks.var(), of_grades.var()
    if min(variances) == 0:
        return np.zeros(len(scores))
    scale = np.sqrt(variances[0] * variances[1])
    rho = np.mean((ranks - 0.5) * (of_grades - 0.5)) / scale
    covariance = _influence(scores, ranks, grades, of_grades)
    own = _influence(scores, ranks, scores, ranks), _influence(grades, of_grades, grades, of_grades)
    shrink = sum(each / variance for each, variance in zip(own, variances, strict=True))
    values: Floats = rho + covariance / scale - rho / 2 * shrink
    return values


def _mid_ranks(values: NDArray[np.floating]) -> Floats:
    """The share of items below each, plus half the share that equals it; their mean is 1/2."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, "left")
    up_to = np.searchsorted(ordered, values, "right")
    return (below + up_to) / (2 * len(values))


def _influence(
    one: NDArray[np.floating], ranks: Floats, two: NDArray[np.floating], others: Floats
) -> Floats:
    """The influence of each item on the covariance of the ranks of two sides, including its influence
    on the ranks of other items; the mean is 0."""
    product = np.mean(ranks * others)
    return (
        (ranks * others - product)
        + (_mean_above(one, others) - product)
        + (_mean_above(two, ranks) - product)
    )


def _mean_above(values: NDArray[np.floating], weights: Floats) -> Floats:
    """For each item the sum of the weights of those above it, and half of those equal to it, over N."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = sums[np.searchsorted(ordered, values, "left")]
    up_to = sums[np.searchsorted(ordered, values, "right")]
    result: Floats = (sums[-1] - (below + up_to) / 2) / len(values)
    return result
