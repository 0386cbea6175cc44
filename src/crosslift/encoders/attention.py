"""Attention within each sequence of a packed batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface

from crosslift.encoders.dropout import dropout_noise
from crosslift.encoders.packing import Block

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
    packed_blocks: tuple[Block, ...],
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention within each sequence of a packed batch, in the form transformers calls it.

    Args:
        module: the attention layer that calls; unused.
        query, key, value: [1, heads, T, width].
        attention_mask: always None: a packed batch has no padding to mask.
        scaling: of the products; None means 1 / sqrt(width).
        dropout: probability of dropping an attention weight.
        packed_blocks: of the batch.
        sliding_window: None; layers that attend within a window only are not supported.

    Returns:
        [1, T, heads, width] and None (no attention weights).

    Raises:
        ValueError: the layer has a window; its model has to be run padded.
    """
    del module, attention_mask
    if sliding_window is not None:
        raise ValueError(f"attention within a window of {sliding_window}")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    flat = [states[0].transpose(0, 1) for states in (query, key, value)]
    if 0 < dropout < 1 and query.device.type == "cpu":
        output: Tensor = _DroppedAttention.apply(*flat, packed_blocks, dropout, scale)  # type: ignore[no-untyped-call]
        return output[None], None
    return _fused_attention(flat, packed_blocks, dropout, scale)[None], None


def _fused_attention(
    flat: list[Tensor], blocks: tuple[Block, ...], dropout: float, scale: float
) -> Tensor:
    sizes = [block.count * block.length for block in blocks]
    outputs = []
    for block, *parts in zip(blocks, *(states.split(sizes) for states in flat), strict=True):
        query, key, value = (_sequences(part, block).transpose(1, 2) for part in parts)
        output = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, scale=scale
        )
        outputs.append(output.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs) if len(outputs) > 1 else outputs[0]


def _sequences(states: Tensor, block: Block) -> Tensor:
    by_sequence: Tensor = states.unflatten(0, (block.count, block.length))
    return by_sequence


class _DroppedAttention(torch.autograd.Function):
    """Attention with dropout in one node of the graph; torch has no fused one for a CPU.

    Scores and softmax are in float32. Every block reads and writes its part of arrays that are
    allocated once: slices and views on the graph would cost more than the products.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        blocks: tuple[Block, ...],
        dropout: float,
        scale: float,
    ) -> Tensor:
        """From query, key and value [T, heads, width] to [T, heads, width]."""
        output = torch.empty_like(query, memory_format=torch.contiguous_format)
        saved = []
        for block in blocks:
            q, k, v = (_by_head(states, block) for states in (query, key, value))
            weights = torch.softmax((q @ k.mT).mul_(scale), -1)
            noise = dropout_noise(weights, dropout)
            _put(output, block, (weights * noise) @ v)
            saved += [weights.to(query.dtype), noise.bool()]
        ctx.blocks, ctx.dropout, ctx.scale = blocks, dropout, scale
        ctx.save_for_backward(query, key, value, *saved)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """From the output's gradient to those of query, key and value."""
        query, key, value, *saved = ctx.saved_tensors
        of_query, of_key, of_value = (torch.empty_like(gradient) for _ in range(3))
        for block, rounded, mask in zip(ctx.blocks, saved[::2], saved[1::2], strict=True):
            q, k, v, g = (_by_head(states, block) for states in (query, key, value, gradient))
            weights, noise = rounded.float(), mask.float().mul_(1 / (1 - ctx.dropout))
            _put(of_value, block, (weights * noise).mT @ g)
            of_weights = (g @ v.mT).mul_(noise)
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, torch.float32)
            of_scores.mul_(ctx.scale)
            _put(of_query, block, of_scores @ k)
            _put(of_key, block, of_scores.mT @ q)
        return of_query, of_key, of_value, None, None, None


def _by_head(states: Tensor, block: Block) -> Tensor:
    """A block of [T, heads, width] as float32 [count * heads, length, width]."""
    by_head: Tensor = _sequences(states[block.tokens], block).transpose(1, 2).float()
    return by_head.flatten(0, 1)


def _put(place: Tensor, block: Block, values: Tensor) -> None:
    """Writes what ``_by_head`` would read."""
    by_token = values.unflatten(0, (block.count, -1)).transpose(1, 2)
    _sequences(place[block.tokens], block).copy_(by_token)


AttentionInterface.register(ATTENTION_NAME, packed_attention)
