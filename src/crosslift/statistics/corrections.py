"""Correction of p-values for several comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p-values so that the chance of any false finding in the family stays below alpha.

    Holm's step-down method needs no assumption about how the comparisons depend on one another,
    and comparisons that share an arm do depend. It never finds less than Bonferroni's.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on; a corrected value
    is never below one before it, and never above 1.

    Example::

        0.01 0.04 0.03  ->  0.03 (x3)   0.06 (x1 is 0.04, but 0.06 came before)   0.06 (x2)

    Args:
        p_values: [M], in any order.

    Returns:
        float64 [M], corrected, in the order given.

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
