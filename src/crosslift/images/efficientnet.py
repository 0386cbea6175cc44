"""EfficientNet-Lite: the network of the embedded image towers.

Source: Tan and Le 2019 (arXiv 1905.11946), table 1 and equation 3 for stages and scaling; the Lite
variants leave squeeze-and-excitation out, use ReLU6 for swish, and scale neither stem nor head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_eval

from crosslift.images.efficientnet_sizes import STAGES, Scale

FEATURES = 1280
"""Channels of the last grid."""

_STEM = 32
_EPSILON = 1e-3
_MOMENTUM = 0.01  # of the running statistics: TensorFlow's 0.99 the other way round


class EfficientNetLite(torch.nn.Module):
    """From pictures to the grid of 1,280 channels before pooling and classifier.

    Args:
        scale: its size.
    """

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.stem = _Convolution(3, _STEM, kernel=3, stride=2)
        blocks: list[_Block] = []
        channels = _STEM
        for number, stage in enumerate(STAGES):
            for repeat in range(scale.repeats(number)):
                width, stride = scale.channels(stage.width), 1 if repeat else stage.stride
                blocks.append(_Block(channels, width, stage.kernel, stride, stage.expansion))
                channels = width
        self.blocks = torch.nn.Sequential(*blocks)
        self.head = _Convolution(channels, FEATURES)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, S, S] to the last grid [N, 1280, S / 32, S / 32], sides rounded up."""
        grid: Tensor = self.head(self.blocks(self.stem(pictures)))
        return grid

    def fuse(self) -> None:
        """Merges every batch norm into the convolution before it, for evaluation only."""
        for module in self.modules():
            if isinstance(module, _Convolution):
                module.fuse()


class _Convolution(torch.nn.Module):
    """A convolution with TensorFlow's padding "SAME", a batch norm, and ReLU6 unless it is linear.

    At stride 2 the padding depends on the size of the input and is one larger at the lower right.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        by_channel: bool = False,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(
            channels,
            width,
            kernel,
            stride,
            padding=kernel // 2 if stride == 1 else 0,
            groups=channels if by_channel else 1,
            bias=False,
        )
        self.norm: torch.nn.Module = torch.nn.BatchNorm2d(width, _EPSILON, _MOMENTUM)
        self._kernel, self._stride, self._linear = kernel, stride, linear

    def fuse(self) -> None:
        if isinstance(self.norm, torch.nn.BatchNorm2d):
            self.convolution = fuse_conv_bn_eval(self.convolution, self.norm)
            self.norm = torch.nn.Identity()

    def forward(self, grid: Tensor) -> Tensor:
        if self._stride > 1:
            grid = torch.nn.functional.pad(grid, self._margins(grid))
        out: Tensor = self.norm(self.convolution(grid))
        return out if self._linear else torch.nn.functional.relu6(out, inplace=not self.training)

    def _margins(self, grid: Tensor) -> tuple[int, int, int, int]:
        """Left, right, top and bottom."""
        (top, bottom), (left, right) = (self._split(int(side)) for side in grid.shape[2:])
        return left, right, top, bottom

    def _split(self, side: int) -> tuple[int, int]:
        reach = (math.ceil(side / self._stride) - 1) * self._stride + self._kernel
        margin = max(0, reach - side)
        return margin // 2, margin - margin // 2


class _Block(torch.nn.Module):
    """An inverted residual block (Sandler et al. 2018, arXiv 1801.04381, section 3.4)."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.expand = _Convolution(channels, inner) if expansion > 1 else torch.nn.Identity()
        self.by_channel = _Convolution(inner, inner, kernel, stride, by_channel=True)
        self.narrow = _Convolution(inner, width, linear=True)
        self._residual = stride == 1 and channels == width

    def forward(self, grid: Tensor) -> Tensor:
        out: Tensor = self.narrow(self.by_channel(self.expand(grid)))
        return out + grid if self._residual else out
