"""The small convolutional image tower that is trained from scratch beside a text encoder."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.images.image_tower import ImageTower, pixels
from crosslift.images.tower_facts import BACKGROUND, FRAMING, PICTURE_SIZE

CHANNELS = (32, 64, 128, 256)


class SmallConvolutionalTower(ImageTower):
    """Residual convolutional network for small pictures: about 1.2 million weights.

    Args:
        picture_size: side of its pictures in pixels.

    Source of the block: He et al. 2016 (arXiv 1603.05027), section 3 (pre-activation).
    """

    def __init__(self, picture_size: int = PICTURE_SIZE) -> None:
        super().__init__()
        self.picture_size, self.framing, self.background = picture_size, FRAMING, BACKGROUND
        self.width = self.pooled_width = CHANNELS[-1]
        self.prefix = 0
        self.stem = torch.nn.Conv2d(3, CHANNELS[0], 3, stride=2, padding=1, bias=False)
        stages = itertools.pairwise(CHANNELS)
        self.stages = torch.nn.Sequential(
            *(_ConvolutionalStage(narrow, wide) for narrow, wide in stages)
        )
        self.norm = torch.nn.BatchNorm2d(CHANNELS[-1])

    def as_input(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3] as float32 [N, 3, S, S] in [-2, 0]: white is 0."""
        return pixels(pictures, device).div_(127.5).sub_(2.0)

    def states(self, pictures: Tensor) -> Tensor:
        """The last grid, row by row: [N, P, W]; P is 16 at 64 pixels."""
        grid = self.norm(self.stages(self.stem(pictures))).relu()
        states: Tensor = grid.flatten(2).transpose(1, 2)
        return states

    def pooled(self, states: Tensor) -> Tensor:
        """Their mean, [N, W]."""
        return states.mean(1)


class _ConvolutionalStage(torch.nn.Module):
    """Halves the side and widens the channels, then one residual convolution."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(narrow)
        self.widen = torch.nn.Conv2d(narrow, wide, 3, stride=2, padding=1, bias=False)
        self.inner_norm = torch.nn.BatchNorm2d(wide)
        self.inner = torch.nn.Conv2d(wide, wide, 3, padding=1, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        wide = self.widen(self.norm(states).relu())
        out: Tensor = wide + self.inner(self.inner_norm(wide).relu())
        return out
