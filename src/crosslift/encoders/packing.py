"""Packed batches: the tokens of all sequences end to end, with no padding and so no arithmetic on it.

Sequences are laid out by length, so that those of one length are one contiguous block: attention
(see ``attention.py``) runs once per block as an ordinary batched product, and every other operation
of the transformer runs on the flat tokens. The result is the padded computation's, to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Block:
    """Contiguous sequences of one length.

    Args:
        start: index of the block's first token in the flat tokens.
        count: number of sequences.
        length: tokens in each of them.
    """

    start: int
    count: int
    length: int

    @property
    def tokens(self) -> slice:
        """The block's part of the flat tokens."""
        return slice(self.start, self.start + self.count * self.length)


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """N sequences of token ids, laid out shortest first.

    Args:
        token_ids: int64 [T], all sequences end to end.
        positions: int64 [T], index of each token in its sequence, from 0.
        blocks: the runs of equal length.
        inverse: int64 [N]; ``inverse[i]`` is the laid-out index of the caller's sequence i.
    """

    token_ids: Tensor
    positions: Tensor
    blocks: tuple[Block, ...]
    inverse: Tensor

    def to(self, device: torch.device) -> PackedBatch:
        """The same batch with its tensors on ``device``."""
        return PackedBatch(
            self.token_ids.to(device),
            self.positions.to(device),
            self.blocks,
            self.inverse.to(device),
        )


def pack(sequences: Sequence[Sequence[int] | NDArray[np.int64]]) -> PackedBatch:
    """Lays out N sequences of token ids (each of at least one token) as a packed batch."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    order = np.argsort(lengths, kind="stable")
    flat = np.concatenate([np.asarray(sequences[i], np.int64) for i in order])
    positions = np.concatenate([np.arange(n, dtype=np.int64) for n in lengths[order]])
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return PackedBatch(
        torch.from_numpy(flat),
        torch.from_numpy(positions),
        _blocks(lengths[order]),
        torch.from_numpy(inverse),
    )


def _blocks(sorted_lengths: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[Block, ...]:
    values, counts = np.unique(sorted_lengths, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(values * counts)[:-1]])
    return tuple(
        Block(int(s), int(c), int(n)) for s, c, n in zip(starts, counts, values, strict=True)
    )
