"""Correlations of two lists of grades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

Grades = Sequence[float] | NDArray[np.floating]


def pearson(first: Grades, second: Grades) -> float:
    """The linear correlation of two lists of grades; 0 if either is constant.

    Example::

        1 2 3 and 10 20 30  ->  1
        1 2 3 and 3 2 1     ->  -1
        1 2 3 and 5 5 5     ->  0       a constant
        0 0 1 and 0 1 1     ->  1/2

    Args:
        first: N grades, N >= 2.
        second: N grades.

    Returns:
        In [-1, 1].

    Raises:
        DataError: fewer than two grades, numbers of grades that differ, or one that is not finite.
    """
    a, b = _checked(first, second)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    a, b = _centred(a), _centred(b)
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))


def spearman(first: Grades, second: Grades) -> float:
    """The correlation of the ranks of two lists of grades; 0 if either is constant.

    Tied grades share the mean of their ranks.

    Example::

        1 2 3 and 1 10 100  ->  1
        1 1 2 and 1 2 3     ->  sqrt(3)/2      ranks 1.5 1.5 3 and 1 2 3

    Args:
        first: N grades, N >= 2.
        second: N grades.

    Returns:
        In [-1, 1].

    Raises:
        DataError: as for `pearson`.
    """
    a, b = _checked(first, second)
    return pearson(_ranks(a), _ranks(b))


def _checked(first: Grades, second: Grades) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(a) != len(b) or len(a) < 2:
        raise DataError(f"correlation of {len(a)} and {len(b)} grades", "two or more of each")
    for grades in (a, b):
        bad = np.flatnonzero(~np.isfinite(grades))
        if len(bad):
            raise DataError(f"grade {bad[0]} is {grades[bad[0]]}", "finite grades")
    return a, b


def _centred(grades: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without their mean and scaled to at most 1, so that no product under- or overflows."""
    rest = grades - grades.mean()
    scaled: NDArray[np.float64] = rest / np.abs(rest).max()
    return scaled


def _ranks(grades: NDArray[np.float64]) -> NDArray[np.float64]:
    _, places, counts = np.unique(grades, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[places]
    return ranks
