"""From the hidden states of a packed batch to one vector a sequence."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from crosslift.encoders.packing import PackedBatch
from crosslift.encoders.settings import Pooling


def pool(states: Tensor, batch: PackedBatch, pooling: Pooling) -> Tensor:
    """One vector a sequence, in the order the caller gave them.

    Args:
        states: [T, D], hidden states of the packed tokens.
        batch: the packed batch of N sequences.
        pooling: ``mean`` is over all tokens, special tokens included, as sentence-transformers does.

    Returns:
        float32 [N, D]
    """
    reduce = _REDUCE[pooling]
    parts = states.split([block.count * block.length for block in batch.blocks])
    vectors = [
        reduce(part.unflatten(0, (block.count, block.length)).float())
        for part, block in zip(parts, batch.blocks, strict=True)
    ]
    return torch.cat(vectors)[batch.inverse]


_REDUCE: dict[Pooling, Callable[[Tensor], Tensor]] = {
    "mean": lambda tokens: tokens.mean(1),
    "first_token": lambda tokens: tokens[:, 0],
    "last_token": lambda tokens: tokens[:, -1],
}
