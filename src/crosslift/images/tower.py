"""The small convolutional image tower that is trained from scratch beside a text encoder."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_CHANNELS = (32, 64, 128, 256)
_PICTURES_PER_BATCH = 256


class ConvolutionalTower(torch.nn.Module):
    """Residual convolutional network for small pictures (64 pixels): about 1.6 million weights.

    Args:
        width: D of the vectors.

    Source of the block: He et al. 2016 (arXiv 1603.05027), section 3 (pre-activation).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, _CHANNELS[0], 3, stride=2, padding=1, bias=False)
        stages = itertools.pairwise(_CHANNELS)
        self.stages = torch.nn.Sequential(*(_Stage(narrow, wide) for narrow, wide in stages))
        self.norm = torch.nn.BatchNorm2d(_CHANNELS[-1])
        self.project = torch.nn.Linear(_CHANNELS[-1], width)

    def forward(self, pictures: Tensor) -> Tensor:
        """From pictures float32 [N, 3, size, size] to vectors [N, D]."""
        states = self.norm(self.stages(self.stem(pictures))).relu()
        vectors: Tensor = self.project(states.mean((2, 3)))
        return vectors


class _Stage(torch.nn.Module):
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


def as_input(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Pictures uint8 [N, size, size, 3] as the tower takes them: float32 [N, 3, size, size] in
    [-2, 0], so that the white background is 0."""
    scaled = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float()
    return scaled.div_(127.5).sub_(2.0)


def embed_pictures(tower: torch.nn.Module, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Vectors float32 [N, D] of N pictures, in evaluation mode."""
    device = next(tower.parameters()).device
    training = tower.training
    tower.eval()
    with torch.inference_mode():
        vectors = [
            tower(as_input(pictures[first : first + _PICTURES_PER_BATCH], device)).cpu().numpy()
            for first in range(0, len(pictures), _PICTURES_PER_BATCH)
        ]
    tower.train(training)
    return np.concatenate(vectors)
