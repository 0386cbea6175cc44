"""Rounding of weights to eight bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def int8_rows(
    weights: NDArray[np.float32], largest: int = 127
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rounds a matrix, symmetrically around 0, with a scale for each row.

    Args:
        weights: float32 [R, C].
        largest: the largest number that a weight becomes, at most 127.

    Returns:
        int8 [R, C] and float32 [R, 1], whose product is near the weights: it differs by half a scale
        at most.
    """
    scales = np.abs(weights).max(axis=1, keepdims=True) / np.float32(largest)
    scales[scales == 0] = 1
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)
