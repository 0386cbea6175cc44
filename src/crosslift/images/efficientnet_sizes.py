"""The sizes of EfficientNet-Lite networks. No torch here: steps are planned without it.

Source: Tan and Le 2019 (arXiv 1905.11946), table 1 and equation 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_DIVISOR = 8  # widths are multiples of it


@dataclass(frozen=True, slots=True)
class BlockStage:
    """A stage of blocks before scaling."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    BlockStage(1, 3, 1, 1, 16),
    BlockStage(2, 3, 2, 6, 24),
    BlockStage(2, 5, 2, 6, 40),
    BlockStage(3, 3, 2, 6, 80),
    BlockStage(3, 5, 1, 6, 112),
    BlockStage(4, 5, 2, 6, 192),
    BlockStage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a network.

    Args:
        width: factor of the channels of every stage.
        depth: factor of the blocks of every stage but the first and the last.
        picture_size: side in pixels of the pictures that it was trained on.
    """

    width: float
    depth: float
    picture_size: int

    def channels(self, width: int) -> int:
        """A stage's channels: the nearest multiple of 8, and no more than a tenth below."""
        scaled = self.width * width
        rounded = max(_DIVISOR, int(scaled + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
        return rounded if rounded >= 0.9 * scaled else rounded + _DIVISOR

    def repeats(self, number: int) -> int:
        """Blocks of a stage, counted from 0."""
        repeats = STAGES[number].repeats
        return repeats if number in (0, len(STAGES) - 1) else math.ceil(self.depth * repeats)
