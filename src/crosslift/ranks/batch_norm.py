"""Batch norm over the batch of all ranks. torch's own `SyncBatchNorm` runs on GPUs only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from crosslift.errors import TrainingError

Sum = Callable[[Tensor], None]
"""Replaces a tensor by its sum over all ranks."""


class _Summed(torch.autograd.Function):
    """The sum over all ranks; its gradient is the sum of the gradients of all ranks."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, add: Sum) -> Tensor:
        ctx.add = add
        total = values.contiguous().clone()
        add(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        total = gradient.contiguous().clone()
        ctx.add(total)
        return total, None


class SharedBatchNorm(torch.nn.BatchNorm2d):
    """A batch norm with statistics over the pictures of all ranks.

    Args:
        norm: norm whose weights and buffers it takes over.
        add: sums over the ranks.

    Source: Ioffe & Szegedy 2015 (arXiv 1502.03167), algorithm 1.
    """

    def __init__(self, norm: torch.nn.BatchNorm2d, add: Sum) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self._add = add
        self.train(norm.training)

    def forward(self, pictures: Tensor) -> Tensor:
        """Normalises each channel of pictures [N, C, H, W]; N may be 0 on some ranks."""
        if not self.training:
            return super().forward(pictures)
        places = torch.tensor(pictures.numel() / pictures.shape[1], dtype=torch.float64)
        self._add(places)
        count = places.item()
        mean = self._summed(pictures.sum((0, 2, 3))) / count
        centred = pictures - mean[:, None, None]
        variance = self._summed(centred.square().sum((0, 2, 3))) / count
        self._follow(mean.detach(), variance.detach() * (count / max(1.0, count - 1)))
        scale = self.weight * (variance + self.eps).rsqrt()
        normalised: Tensor = centred * scale[:, None, None] + self.bias[:, None, None]
        return normalised

    def _summed(self, values: Tensor) -> Tensor:
        summed: Tensor = _Summed.apply(values, self._add)  # type: ignore[no-untyped-call]
        return summed

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Updates the running statistics; the variance is the unbiased one, as in torch."""
        if self.running_mean is None or self.running_var is None:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked or 1)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def with_shared_norms(module: torch.nn.Module, add: Sum) -> torch.nn.Module:
    """The module with a `SharedBatchNorm` instead of every batch norm; names do not change.

    Args:
        module: a module such as an image tower.
        add: sums over the ranks.

    Raises:
        TrainingError: it has a batch norm of another kind.
    """
    for name, inner in list(module.named_modules()):
        if type(inner) is torch.nn.BatchNorm2d:
            module.set_submodule(name, SharedBatchNorm(inner, add))
        elif isinstance(inner, _BatchNorm):
            raise TrainingError(
                f"module {name} is a {type(inner).__name__}, whose statistics several devices "
                "cannot share",
                "devices: 1, or another image tower",
                "write `devices: 1` into the stage, or freeze the tower (`tower_side: frozen`)",
            )
    return module
