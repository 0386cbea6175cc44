"""Dropout from cheap random bits: torch's own dropout on a CPU draws one number after another, on one
core.

A 64-bit draw decides four values, each dropped with a probability that is right to 1/65,536. The
draws come from torch's random generator, so one seed gives one outcome.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_STEPS = 2**16
_DRAWS_PER_WORD = 4


def dropout_noise(like: Tensor, probability: float) -> Tensor:
    """Factors by which dropout multiplies: 0, or 1 / (1 - probability).

    Args:
        like: a tensor on a CPU with the shape and dtype of the factors.
        probability: probability of 0, in [0, 1); rounded to a multiple of 1/65,536.
    """
    words = torch.empty(-(-like.numel() // _DRAWS_PER_WORD), dtype=torch.int64)
    draws = words.random_(-(2**63), None).view(torch.int16)[: like.numel()].view(like.shape)
    threshold = min(round(probability * _STEPS), _STEPS - 1) - _STEPS // 2
    noise = torch.empty_like(like, memory_format=torch.contiguous_format)
    torch.ge(draws, threshold, out=noise)
    return noise.mul_(1 / (1 - probability))


class CheapDropout(torch.nn.Dropout):
    """``torch.nn.Dropout`` whose factors come from ``dropout_noise`` on a CPU."""

    def forward(self, states: Tensor) -> Tensor:
        """Drops values of the states in training mode, as ``torch.nn.Dropout`` does."""
        if not self.training or self.p in (0, 1) or states.device.type != "cpu":
            return super().forward(states)
        return states * dropout_noise(states, self.p)


def make_dropout_cheap(model: Any) -> None:
    """Replaces each ``torch.nn.Dropout`` of a model by ``CheapDropout``."""
    for name, module in list(model.named_modules()):
        if type(module) is torch.nn.Dropout:
            model.set_submodule(name, CheapDropout(module.p))
