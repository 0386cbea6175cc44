"""The interface of every image tower."""

from __future__ import annotations

import copy
from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.images.framing import Framing


class ImageTower(torch.nn.Module):
    """A vision model.

    Attributes:
        width: W of its states.
        pooled_width: E of its pooled vectors; W, except in a space shared with texts.
        picture_size: S, the side of its square pictures in pixels.
        framing: how a picture of any shape becomes such a square.
        background: grey level around a padded picture, 0 to 255.
        prefix: number of the P states before those of the patches (class token, registers).
    """

    width: int
    pooled_width: int
    picture_size: int
    framing: Framing
    background: int
    prefix: int

    @abstractmethod
    def as_input(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3] in the input format of the tower: float32 [N, 3, S, S],
        normalised with its own mean and standard deviation."""

    @abstractmethod
    def states(self, pictures: Tensor) -> Tensor:
        """The last states of pictures [N, 3, S, S]: [N, P, W]."""

    @abstractmethod
    def pooled(self, states: Tensor) -> Tensor:
        """One vector per picture, [N, E], from its states [N, P, W]."""

    def for_inference(self) -> ImageTower:
        """A copy in evaluation mode that is at least as fast and gives the same vectors up to
        rounding."""
        return copy.deepcopy(self).eval()

    def forward(self, pictures: Tensor) -> Tensor:
        """From pictures [N, 3, S, S] to vectors [N, E]: ``pooled(states(pictures))``."""
        return self.pooled(self.states(pictures))


def pixels(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Pictures uint8 [N, S, S, 3] as float32 [N, 3, S, S] in [0, 255], on the device."""
    bytes_first = torch.from_numpy(np.array(pictures)).to(device)  # a copy: maps may be read-only
    return bytes_first.permute(0, 3, 1, 2).contiguous().float()
