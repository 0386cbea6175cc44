"""Correction of p-values for several comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Corrects p-values so that the probability of any false finding in the family stays below alpha.

    Holm's step-down method needs no assumption about how the comparisons depend on one another,
    and comparisons that share an arm do depend. It never finds less than Bonferroni's.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on; a corrected value
    is never below one before it, and never above 1.

    Example::

        0.01 0.04 0.03  ->  0.03 (x3)   0.06 (x1 is 0.04, but 0.06 came before)   0.06 (x2)

    Args:
        p_values: [M], in any order.

    Returns:
        float64 [M], corrected, in the same order.

    Raises:
        DataError: a value that is NaN or outside [0, 1].

    Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, pages 65-70.
    """
    raw = np.asarray(p_values, np.float64)
    bad = np.flatnonzero(~((raw >= 0) & (raw <= 1)))
    if len(bad):
        raise DataError(f"p-value {int(bad[0])} is {raw[bad[0]]}", "a number from 0 to 1")
    order = np.argsort(raw, kind="stable")
    stepped = raw[order] * np.arange(len(raw), 0, -1)
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return corrected


def holm_steps(p_values: Sequence[float] | NDArray[np.float64], alpha: float) -> list[float]:
    """The level with which Holm's method compares each p-value; it rejects if p is below the level.

    The smallest of m p-values has the level alpha / m, the next alpha / (m - 1), and so on, up to the
    first p-value that is not below its level; it and all larger ones have that level. With a
    probability of at least 1 - alpha, every rejected effect has the sign of its estimate, and every
    other effect lies in its interval at 1 - its level (Strassburger and Bretz 2008, Statistics in
    Medicine 27, section 3, for each direction at half the level).

    Example, alpha 0.05::

        0.01 0.04 0.03  ->  0.0167 (below: rejected)   0.025   0.025

    Args:
        p_values: [M], in any order.
        alpha: alpha of the family.

    Returns:
        [M] levels, in the same order.

    Raises:
        DataError: as `holm`.
    """
    corrected = holm(p_values)
    count = len(corrected)
    order = np.argsort(np.asarray(p_values, np.float64), kind="stable")
    first_kept = int((corrected < alpha).sum())
    steps = np.empty(count)
    for place, member in enumerate(order):
        steps[member] = alpha / (count - min(place, first_kept))
    return [float(step) for step in steps]
