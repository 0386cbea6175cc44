"""Attention within each sequence of a packed batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface

from crosslift.encoders.dropout import dropout_noise
from crosslift.encoders.packing import Block, Group, PackedBatch

ATTENTION_NAME = "crosslift_packed"


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    packed_batch: PackedBatch,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention within each sequence of a packed batch, with the signature that transformers calls.

    Args:
        module: the attention layer that calls; unused.
        query, key, value: [1, heads, T, width].
        attention_mask: always None: a packed batch has no padding to mask.
        scaling: factor of the products; None means 1 / sqrt(width).
        dropout: probability of dropping an attention weight.
        packed_batch: the packed batch of these T tokens.
        sliding_window: None; layers that attend within a window only are not supported.

    Returns:
        [1, T, heads, width] and None (no attention weights).

    Raises:
        ValueError: the layer has a window, so its model must run padded.
    """
    del module, attention_mask
    if sliding_window is not None:
        raise ValueError(f"attention within a window of {sliding_window}")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    flat = [states[0].transpose(0, 1) for states in (query, key, value)]
    if 0 < dropout < 1 and query.device.type == "cpu":
        groups = packed_batch.groups
        output: Tensor = _DroppedAttention.apply(*flat, groups, dropout, scale)  # type: ignore[no-untyped-call]
        return output[None], None
    return _fused_attention(flat, packed_batch.blocks, dropout, scale)[None], None


def _fused_attention(
    flat: list[Tensor], blocks: Sequence[Block], dropout: float, scale: float
) -> Tensor:
    sizes = [block.count * block.length for block in blocks]
    outputs = []
    for block, *parts in zip(blocks, *(states.split(sizes) for states in flat), strict=True):
        query, key, value = (
            part.unflatten(0, (block.count, block.length)).transpose(1, 2) for part in parts
        )
        output = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, scale=scale
        )
        outputs.append(output.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs) if len(outputs) > 1 else outputs[0]


class _DroppedAttention(torch.autograd.Function):
    """Attention with dropout in one node of the graph; torch has no fused one for a CPU.

    Scores and softmax are in float32. Every group reads and writes its part of arrays that are
    allocated once: slices and views on the graph would cost more than the products.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        groups: Sequence[Group],
        dropout: float,
        scale: float,
    ) -> Tensor:
        """From query, key and value [T, heads, width] to [T, heads, width]."""
        output = torch.empty_like(query, memory_format=torch.contiguous_format)
        saved = []
        for group in groups:
            q, k, v = (_by_head(states, group) for states in (query, key, value))
            weights = torch.softmax(_scores(q, k, group, scale), -1)
            noise = dropout_noise(weights, dropout)
            _put(output, group, (weights * noise) @ v)
            saved += [weights.to(query.dtype), noise.bool()]
        ctx.groups, ctx.dropout, ctx.scale = groups, dropout, scale
        ctx.save_for_backward(query, key, value, *saved)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """From the output's gradient to those of query, key and value."""
        query, key, value, *saved = ctx.saved_tensors
        of_query, of_key, of_value = (torch.empty_like(gradient) for _ in range(3))
        for group, rounded, mask in zip(ctx.groups, saved[::2], saved[1::2], strict=True):
            q, k, v, g = (_by_head(states, group) for states in (query, key, value, gradient))
            _clear_padding(g, group)
            weights, noise = rounded.float(), mask.float().mul_(1 / (1 - ctx.dropout))
            _put(of_value, group, (weights * noise).mT @ g)
            of_weights = (g @ v.mT).mul_(noise)
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, torch.float32)
            of_scores.mul_(ctx.scale)
            _put(of_query, group, of_scores @ k)
            _put(of_key, group, of_scores.mT @ q)
        return of_query, of_key, of_value, None, None, None


def _by_head(states: Tensor, group: Group) -> Tensor:
    """A group of [T, heads, width] as float32 [rows * heads, width of a row, width]."""
    part = states[group.tokens]
    if group.padding is not None:
        part = part.index_select(0, group.padding.sources)
    by_head: Tensor = part.unflatten(0, (group.rows, group.width)).transpose(1, 2)
    return by_head.to(torch.float32, memory_format=torch.contiguous_format).flatten(0, 1)


def _scores(query: Tensor, key: Tensor, group: Group, scale: float) -> Tensor:
    """Scaled products [rows * heads, width, width]; those between sequences are minus infinity."""
    scores = (query @ key.mT).mul_(scale)
    if group.padding is not None:
        scores.unflatten(0, (group.rows, -1)).add_(group.padding.bias)
    return scores


def _clear_padding(by_head: Tensor, group: Group) -> None:
    """Sets what ``_by_head`` put at places without a token to zero."""
    if group.padding is not None:
        by_head.unflatten(0, (group.rows, -1)).masked_fill_(group.padding.empty, 0)


def _put(states: Tensor, group: Group, values: Tensor) -> None:
    """Writes what ``_by_head`` would read."""
    part = states[group.tokens]
    by_token = values.unflatten(0, (group.rows, -1)).transpose(1, 2)
    if group.padding is None:
        part.unflatten(0, (group.rows, group.width)).copy_(by_token)
    else:
        padded = by_token.to(states.dtype, memory_format=torch.contiguous_format).flatten(0, 1)
        torch.index_select(padded, 0, group.padding.places, out=part)


AttentionInterface.register(ATTENTION_NAME, packed_attention)
