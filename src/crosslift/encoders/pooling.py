"""From the hidden states of a packed batch to one vector a sequence."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from crosslift.encoders.packing import PackedBatch
from crosslift.encoders.settings import Pooling


def pool(states: Tensor, batch: PackedBatch, pooling: Pooling, specials: Tensor) -> Tensor:
    """One vector a sequence, in the order the caller gave them.

    Args:
        states: [T, D], hidden states of the packed tokens.
        batch: the packed batch of N sequences.
        pooling: ``mean`` is over all tokens, special tokens included, as sentence-transformers does;
            ``mean_without_specials`` leaves out the tokens that mark a text's ends (a sequence of
            nothing else is pooled whole); ``position_weighted`` weighs the i-th token of a sequence
            with i, from 1 (Muennighoff 2022, arXiv 2202.08904, equation 2).
        specials: int64 ids of the tokens that mark a text's ends.

    Returns:
        float32 [N, D]
    """
    if pooling == "mean_without_specials":
        weights = _without_specials(batch, specials)
    elif pooling == "position_weighted":
        weights = (batch.positions + 1).float()
    else:
        return _by_block(states, batch, _REDUCE[pooling])
    weighted = torch.cat([states.float() * weights[:, None], weights[:, None]], dim=1)
    sums = _by_block(weighted, batch, lambda tokens: tokens.sum(1))
    return sums[:, :-1] / sums[:, -1:]


def _by_block(states: Tensor, batch: PackedBatch, reduce: Callable[[Tensor], Tensor]) -> Tensor:
    parts = states.split([block.count * block.length for block in batch.blocks])
    vectors = [
        reduce(part.unflatten(0, (block.count, block.length)).float())
        for part, block in zip(parts, batch.blocks, strict=True)
    ]
    return torch.cat(vectors)[batch.inverse]


def _without_specials(batch: PackedBatch, specials: Tensor) -> Tensor:
    """1 for a token of the text, 0 for one that marks an end; all 1 where there is no text: [T]."""
    kept = ~torch.isin(batch.token_ids, specials)
    for block in batch.blocks:
        of_block = kept[block.tokens].unflatten(0, (block.count, block.length))
        of_block |= ~of_block.any(1, keepdim=True)
    return kept.float()


_REDUCE: dict[Pooling, Callable[[Tensor], Tensor]] = {
    "mean": lambda tokens: tokens.mean(1),
    "first_token": lambda tokens: tokens[:, 0],
    "last_token": lambda tokens: tokens[:, -1],
}
