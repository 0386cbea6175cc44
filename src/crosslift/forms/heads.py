"""The heads that forms put on an encoder: float32, without dropout, seeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

_SPREAD = 0.02  # of initial weights, as in BERT and RoBERTa

Head = TypeVar("Head", bound=torch.nn.Module)


def seeded(make: Callable[[], Head], seed: int, device: torch.device) -> Head:
    """A head whose initial weights depend on the seed alone; torch's global random state does not
    change.

    Args:
        make: makes the head.
        seed: seed of its weights.
        device: device of the head.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().to(device)


def linear(width: int, outputs: int) -> torch.nn.Linear:
    """A linear head: normal weights with a standard deviation of 0.02, biases 0.

    Args:
        width: D of its input.
        outputs: number of scores.
    """
    layer = torch.nn.Linear(width, outputs)
    torch.nn.init.normal_(layer.weight, std=_SPREAD)
    torch.nn.init.zeros_(layer.bias)
    return layer


class ClassificationHead(torch.nn.Module):
    """The classification head of RoBERTa: a dense transformation, tanh, and a linear output.

    It differs in two ways: it reads the encoder's pooled vector, not always the first token's state;
    and it has no dropout, so that an update depends on the encoder's dropout alone.

    Args:
        width: D of the pooled vectors.
        classes: number of classes.

    Source: Liu et al. 2019 (arXiv 1907.11692), as released.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.dense = linear(width, width)
        self.output = linear(width, classes)

    def forward(self, vectors: Tensor) -> Tensor:
        """Maps pooled vectors [N, D] to scores of the classes, float32 [N, C]."""
        scores: Tensor = self.output(torch.tanh(self.dense(vectors)))
        return scores


class TokenHead(torch.nn.Module):
    """A linear output on the states of tokens.

    Args:
        width: D of the states.
        outputs: number of scores of a token.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.output = linear(width, outputs)

    def forward(self, states: Tensor) -> Tensor:
        """Maps hidden states [T, D] in any precision to scores, float32 [T, outputs]."""
        scores: Tensor = self.output(states.float())
        return scores
