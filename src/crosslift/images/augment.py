"""Augmentation of small pictures: a random shift and a random change of brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FARTHEST_SHIFT = 0.08
_BRIGHTNESS = 0.2


def augment(pictures: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Each picture shifted by up to 8 % of its side (white comes in) and dimmed by up to 20 %.

    No mirroring: names such as "left arrow" would become wrong.

    Args:
        pictures: uint8 [N, size, size, 3].
        generator: of the random choices.

    Returns:
        uint8 [N, size, size, 3]
    """
    count, size = pictures.shape[:2]
    reach = max(1, round(size * _FARTHEST_SHIFT))
    shifts = generator.integers(0, 2 * reach + 1, (count, 2))
    dimming = 1 - _BRIGHTNESS * generator.random((count, 1, 1, 1), dtype=np.float32)
    margins = ((0, 0), (reach, reach), (reach, reach), (0, 0))
    wide = np.pad(pictures, margins, constant_values=255)
    cut = [
        picture[down : down + size, right : right + size]
        for picture, (down, right) in zip(wide, shifts, strict=True)
    ]
    dimmed: NDArray[np.uint8] = (np.stack(cut) * dimming).astype(np.uint8)
    return dimmed
