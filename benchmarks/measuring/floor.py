"""The least time that work can take on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.encoders.encoder_settings import Precision

PASSES_OF_A_STEP = 3
"""Products of a training step over those of a forward pass: forward, and the two of backward."""
OPTIMIZER_BYTES = 28
"""Bytes that AdamW moves for each parameter: gradient, weight and both moments are read, and all but
the gradient are written, 4 bytes each."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a turn must do at least.

    Args:
        operations: floating-point operations of its matrix products, two for each multiply-add.
        bytes: that it reads and writes in memory.
        precision: in which ours multiplies.
    """

    operations: float
    bytes: float
    precision: Precision

    def times(self, factor: float) -> Needs:
        """What several such turns must do."""
        return Needs(self.operations * factor, self.bytes * factor, self.precision)


@dataclass(frozen=True, slots=True)
class Speeds:
    """What the machine can do at most, as measured.

    Args:
        peaks: precision -> floating-point operations a second of a large matrix product.
        bandwidth: bytes a second of a large copy, read and written.
        others: share of the cores that other processes took meanwhile.
    """

    peaks: Mapping[str, float]
    bandwidth: float
    others: float = 0.0

    def floor(self, needs: Needs) -> float:
        """Seconds: the longer of the operations at the peak and the bytes at the bandwidth."""
        return max(needs.operations / self.peaks[needs.precision], needs.bytes / self.bandwidth)


def forward_operations(config: Any, lengths: Sequence[int]) -> float:
    """Floating-point operations that a BERT-style transformer must do for texts, without padding.

    They are two for each multiply-add of the layers' matrices and of attention's two products. A
    training step needs `PASSES_OF_A_STEP` times as many.

    Args:
        config: of the transformer.
        lengths: tokens of each text.
    """
    layers = int(config.num_hidden_layers)
    token, pair = _of_token(config), 2 * int(config.hidden_size)
    multiply_adds = sum(n * token + n * n * pair for n in lengths)
    return 2.0 * layers * multiply_adds


def layer_parameters(config: Any) -> int:
    """Parameters in the matrices of a BERT-style transformer's layers."""
    return int(config.num_hidden_layers) * _of_token(config)


def step_needs(config: Any, lengths: Sequence[int], steps: int, precision: Precision) -> Needs:
    """What training steps on texts must do: all products, and AdamW's traffic for the layers.

    Args:
        config: of the transformer.
        lengths: tokens of each text of all steps.
        steps: updates of the weights.
        precision: of the products.
    """
    operations = PASSES_OF_A_STEP * forward_operations(config, lengths)
    return Needs(operations, steps * OPTIMIZER_BYTES * layer_parameters(config), precision)


def _of_token(config: Any) -> int:
    """Multiply-adds of one token in the matrices of one layer."""
    width = int(config.hidden_size)
    return 4 * width**2 + 2 * width * int(config.intermediate_size)
