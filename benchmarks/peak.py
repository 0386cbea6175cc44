"""What the processor can do at most, and what a transformer must do at least."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

_SIDE = 2048
_TRIES = 40
_PAUSE = 0.1  # seconds between tries, so that some fall into a quiet moment


def matrix_product_peak(precision: str) -> float:
    """Floating-point operations a second of a 2048-cubed matrix product, the best of forty tries.

    Args:
        precision: ``float32`` or ``bfloat16``.
    """
    first, second = (torch.randn(_SIDE, _SIDE).to(getattr(torch, precision)) for _ in range(2))
    best = float("inf")
    for _ in range(_TRIES):
        began = time.perf_counter()
        torch.mm(first, second)
        best = min(best, time.perf_counter() - began)
        time.sleep(_PAUSE)
    return 2 * _SIDE**3 / best


def forward_operations(config: Any, lengths: Sequence[int]) -> float:
    """Floating-point operations that a BERT-style transformer must do for texts, padding left out.

    Two for each multiply-add of the layers' matrices and of attention's two products; a training
    step needs three times as many.

    Args:
        config: of the transformer.
        lengths: tokens of each text.
    """
    width, layers = int(config.hidden_size), int(config.num_hidden_layers)
    of_token = 4 * width**2 + 2 * width * int(config.intermediate_size)
    of_pair = 2 * width
    multiply_adds = sum(n * of_token + n * n * of_pair for n in lengths)
    return 2.0 * layers * multiply_adds
