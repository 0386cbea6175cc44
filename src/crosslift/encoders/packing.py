"""Packed batches: the tokens of all sequences end to end, with no padding but in attention.

Sequences are laid out by length, so that those of one length are one contiguous block, and those of
similar lengths one contiguous group: attention (see ``attention.py``) runs once for each of them as an
ordinary batched product, and every other operation of the transformer runs on the flat tokens. The
result is the padded computation's, to rounding.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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


GROUP_STEP = 16
"""Rows of short sequences have a multiple of this width: vectors of 16 numbers fill a register, and
`torch.softmax` takes ten times as long for rows of 13 as for rows of 16."""
LONGEST_IN_GROUP = 64
"""Longer sequences fill a row each: padding would cost more than it saves."""
PLACES_OF_A_GROUP = 1024
"""Places of tokens in one group, so that their intermediate results stay in the cache."""


@dataclass(frozen=True, slots=True)
class Padding:
    """How the tokens of a group lie in its rows.

    Args:
        sources: int64 [rows * width], index of each place's token among the group's; a place without
            a token has the last one of its row.
        places: int64 [tokens], index of each token's place.
        bias: float32 [rows, 1, width, width], 0 between the tokens of a sequence and minus infinity
            elsewhere; a place without a token attends as the last token of its row.
        empty: bool [rows, 1, width, 1], places without a token.
    """

    sources: Tensor
    places: Tensor
    bias: Tensor
    empty: Tensor


@dataclass(frozen=True, slots=True)
class Group:
    """Contiguous sequences in rows of one width, for which attention runs once.

    A row has one sequence, or several that fit into the narrowest rows.

    Args:
        tokens: the group's part of the flat tokens.
        rows: number of rows.
        width: places of a row.
        padding: None if every row is one sequence of that length.
    """

    tokens: slice
    rows: int
    width: int
    padding: Padding | None


@dataclass(frozen=True, slots=True)
class LargerBatch:
    """A batch of which a rank runs a part: random values are drawn for all tokens of the batch.

    Args:
        blocks: its runs of equal length.
        places: int64 [T], for each token of the part its index among the whole batch's flat tokens.
    """

    blocks: tuple[Block, ...]
    places: Tensor


@dataclass(frozen=True)
class PackedBatch:
    """N sequences of token ids, laid out shortest first.

    Args:
        token_ids: int64 [T], all sequences end to end.
        positions: int64 [T], index of each token in its sequence, from 0.
        blocks: the runs of equal length.
        inverse: int64 [N]; ``inverse[i]`` is the laid-out index of the caller's sequence i.
        larger: the batch that these sequences are a part of; None: they are all of it.
    """

    token_ids: Tensor
    positions: Tensor
    blocks: tuple[Block, ...]
    inverse: Tensor
    larger: LargerBatch | None = None

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The runs of similar lengths, in rows; their tensors are on the CPU."""
        return groups_of(self.blocks)

    def to(self, device: torch.device) -> PackedBatch:
        """The same batch with its tensors on ``device``."""
        return PackedBatch(
            self.token_ids.to(device),
            self.positions.to(device),
            self.blocks,
            self.inverse.to(device),
            self.larger,
        )

    @property
    def whole_blocks(self) -> tuple[Block, ...]:
        """The blocks of the batch that these sequences are a part of; its own if they are all of it."""
        return self.blocks if self.larger is None else self.larger.blocks

    def from_whole(self, values: Tensor) -> Tensor:
        """The values of its own tokens, [T, ...], from those of all tokens of the whole batch."""
        return values if self.larger is None else values[self.larger.places]


def pack(
    sequences: Sequence[Sequence[int] | NDArray[np.int64]], share: NDArray[np.int64] | None = None
) -> PackedBatch:
    """Lays out N sequences of token ids (each of at least one token) as a packed batch.

    Args:
        sequences: the sequences.
        share: indices of those that are laid out, as a part of the batch of all; None: all.
    """
    if share is not None and len(share) < len(sequences):
        part = pack([sequences[place] for place in share])
        return replace(part, larger=_larger(sequences, share))
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


def _larger(
    sequences: Sequence[Sequence[int] | NDArray[np.int64]], share: NDArray[np.int64]
) -> LargerBatch:
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    order = np.argsort(lengths, kind="stable")
    starts = np.empty_like(lengths)
    starts[order] = np.cumsum(lengths[order]) - lengths[order]
    laid_out = share[np.argsort(lengths[share], kind="stable")]
    places = [np.arange(starts[i], starts[i] + lengths[i]) for i in laid_out]
    return LargerBatch(_blocks(lengths[order]), torch.from_numpy(np.concatenate(places)))


def _blocks(sorted_lengths: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[Block, ...]:
    values, counts = np.unique(sorted_lengths, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(values * counts)[:-1]])
    return tuple(
        Block(int(s), int(c), int(n)) for s, c, n in zip(starts, counts, values, strict=True)
    )


def groups_of(blocks: Sequence[Block]) -> tuple[Group, ...]:
    """The groups of blocks that lie end to end, shortest first."""
    groups: list[Group] = []
    for width, members in itertools.groupby(blocks, key=lambda block: _width(block.length)):
        of_width = list(members)
        lengths = [block.length for block in of_width for _ in range(block.count)]
        groups += _groups(of_width[0].start, lengths, width)
    return tuple(groups)


def _width(length: int) -> int:
    return length if length > LONGEST_IN_GROUP else -(-length // GROUP_STEP) * GROUP_STEP


def _groups(start: int, lengths: Sequence[int], width: int) -> Iterator[Group]:
    """Groups of one width."""
    rows = _rows(lengths, width)
    most = max(1, PLACES_OF_A_GROUP // width)
    for part in (rows[i : i + most] for i in range(0, len(rows), most)):
        stop = start + sum(map(sum, part))
        full = all(row == [width] for row in part)
        yield Group(slice(start, stop), len(part), width, None if full else _padding(part, width))
        start = stop


def _rows(lengths: Sequence[int], width: int) -> list[list[int]]:
    """The sequences' lengths in rows: as many in each as fit, in their order."""
    rows: list[list[int]] = []
    room = 0
    for length in lengths:
        if length > room:
            rows.append([])
            room = width
        rows[-1].append(length)
        room -= length
    return rows


def _padding(rows: Sequence[Sequence[int]], width: int) -> Padding:
    lengths = np.concatenate(rows)
    filled = np.array([sum(row) for row in rows])
    columns = np.arange(width)
    sources = (np.cumsum(filled) - filled)[:, None] + np.minimum(columns, filled[:, None] - 1)
    has_token = columns < filled[:, None]
    sequences = np.repeat(np.arange(len(lengths)), lengths)[sources]
    attends = (sequences[:, :, None] == sequences[:, None]) & has_token[:, None]
    bias = np.where(attends, np.float32(0), np.float32(-np.inf))
    return Padding(
        torch.from_numpy(sources.ravel()),
        torch.from_numpy(np.flatnonzero(has_token)),
        torch.from_numpy(bias[:, None]),
        torch.from_numpy(~has_token[:, None, :, None]),
    )
