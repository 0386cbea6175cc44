"""Pools the hidden states of a packed batch into one vector for each sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crosslift.encoders.encoder_settings import Poolings
from crosslift.encoders.packing import Block, PackedBatch


def pool(
    states: Tensor, batch: PackedBatch, pooling: Poolings, specials: Tensor, skipped: int = 0
) -> Tensor:
    """One vector for each sequence, in the caller's order.

    Args:
        states: [T, D], hidden states of the packed tokens.
        batch: the packed batch of N sequences.
        pooling: one of these, or several joined by ``+``, whose vectors are then concatenated.
            ``mean`` is over all tokens, special tokens included, as sentence-transformers does;
            ``mean_without_specials`` leaves out the tokens that mark a text's ends (a sequence of only
            such tokens is pooled whole); ``mean_sqrt_length`` divides the sum by the square root of
            the number of tokens; ``position_weighted`` weighs the i-th token of a sequence with i,
            from 1 (Muennighoff 2022, arXiv 2202.08904, equation 2); ``max`` takes the largest value of
            each dimension.
        specials: int64 ids of the tokens that mark a text's ends.
        skipped: number of tokens at the beginning of each sequence, those of a prompt, that are not
            pooled; a sequence that has no other tokens is pooled whole.

    Returns:
        float32 [N, D], of P poolings [N, P * D]

    Raises:
        KeyError: the pooling is unknown.
    """
    parts = [_pool(states, batch, name, specials, skipped) for name in pooling.split("+")]
    return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]


@dataclass(frozen=True, slots=True)
class _Pooled:
    """The tokens of B sequences of one length that are pooled.

    Args:
        states: float32 [B, L, D].
        positions: int64 [B, L], of each token in its sequence, from 0.
        ids: int64 [B, L].
        specials: int64, ids of the tokens that mark a text's ends.
    """

    states: Tensor
    positions: Tensor
    ids: Tensor
    specials: Tensor

    def weighted_mean(self, weights: Tensor) -> Tensor:
        """Mean of the states by weights [B, L]: float32 [B, D]."""
        return (self.states * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)


def _pool(
    states: Tensor, batch: PackedBatch, pooling: str, specials: Tensor, skipped: int
) -> Tensor:
    vectors = [
        _REDUCE[pooling](_pooled(states, batch, block, specials, skipped)) for block in batch.blocks
    ]
    return torch.cat(vectors)[batch.inverse]


def _pooled(
    states: Tensor, batch: PackedBatch, block: Block, specials: Tensor, skipped: int
) -> _Pooled:
    first = skipped if block.length > skipped else 0
    of_block, positions, ids = (
        values[block.tokens].unflatten(0, (block.count, block.length))[:, first:]
        for values in (states, batch.positions, batch.token_ids)
    )
    return _Pooled(of_block.float(), positions, ids, specials)


def _without_specials(tokens: _Pooled) -> Tensor:
    keep_mask = ~torch.isin(tokens.ids, tokens.specials)
    keep_mask |= ~keep_mask.any(1, keepdim=True)
    return tokens.weighted_mean(keep_mask.float())


_REDUCE: dict[str, Callable[[_Pooled], Tensor]] = {
    "mean": lambda tokens: tokens.states.mean(1),
    "mean_without_specials": _without_specials,
    "mean_sqrt_length": lambda tokens: tokens.states.sum(1) / tokens.states.shape[1] ** 0.5,
    "position_weighted": lambda tokens: tokens.weighted_mean((tokens.positions + 1).float()),
    "max": lambda tokens: tokens.states.amax(1),
    "first_token": lambda tokens: tokens.states[:, 0],
    "last_token": lambda tokens: tokens.states[:, -1],
}
