"""Perturbations of the token rows of a batch: values in a ball around them, and adding these."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder, Perturb
from crosslift.encoders.packing import PackedBatch

BallOf = Literal["token", "sequence"]


@dataclass(frozen=True, slots=True)
class Ball:
    """An L2 ball around the token rows that an encoder reads.

    Args:
        radius: in the units of the token rows; 0: only the rows themselves.
        of: unit of the ball. ``token``: each row moves by at most the radius; ``sequence``: the rows of
            a sequence, as one vector, do.
    """

    radius: float
    of: BallOf

    def norms(self, values: Tensor, batch: PackedBatch) -> Tensor:
        """L2 norms of some values of the tokens, over each token or over its whole sequence.

        Args:
            values: float32 [T, D].
            batch: the packed tokens.

        Returns:
            float32 [T, 1], the same for all tokens of a sequence where the ball is of sequences.
        """
        squares = values.square().sum(1)
        if self.of == "sequence":
            squares = torch.cat(
                [_shared(squares, block.tokens, block.count) for block in batch.blocks]
            )
        return squares.sqrt()[:, None]

    def project(self, values: Tensor, batch: PackedBatch) -> Tensor:
        """The nearest values inside the ball, float32 [T, D]."""
        norms = self.norms(values, batch)
        outside = norms > self.radius
        return torch.where(outside, values * (self.radius / norms.clamp_min(_TINY)), values)

    def draw(self, rows: Tensor, batch: PackedBatch, generator: torch.Generator) -> Tensor:
        """Values drawn uniformly from the ball.

        A direction is drawn from the normal distribution, a length as the radius times u to the power
        of 1 / dimensions, for u uniform in [0, 1]. A part of a larger batch gets what is drawn for its
        tokens in the whole one, so that several ranks have the noise of one.

        Args:
            rows: token rows [T, D], whose shape the values have.
            batch: the packed tokens.
            generator: on a CPU, so that one seed draws the same on every device.

        Returns:
            float32 [T, D]
        """
        width, blocks = rows.shape[1], batch.whole_blocks
        lengths = torch.cat([torch.full((b.count * b.length,), b.length) for b in blocks]).double()
        drawn = torch.randn((len(lengths), width), generator=generator)
        normal = batch.from_whole(drawn).to(rows.device)
        chances = torch.cat(
            [self._chances(block.count, block.length, generator) for block in blocks]
        )
        dimensions = lengths * width if self.of == "sequence" else torch.full_like(lengths, width)
        share = batch.from_whole(chances.double() ** (1 / dimensions)).float()
        share = share.to(rows.device)[:, None]
        values = normal / self.norms(normal, batch) * share * self.radius
        return self.project(values, batch)

    def _chances(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        """u of each token of a block, float32 [count * length]."""
        if self.of == "token":
            return torch.rand(count * length, generator=generator)
        return torch.rand(count, generator=generator).repeat_interleave(length)

    def climb(self, values: Tensor, gradient: Tensor, step: float, batch: PackedBatch) -> Tensor:
        """Values moved by `step` along their gradient, whatever its length, and back into the ball.

        Args:
            values: float32 [T, D].
            gradient: gradient of the loss by the values; values with gradient 0 do not move.
            step: L2 length of the move.
            batch: the packed tokens.
        """
        direction = gradient / self.norms(gradient, batch).clamp_min(_TINY)
        return self.project(values + step * direction, batch)


_TINY = 1e-30  # where a norm is 0, so is what is divided by it


def _shared(squares: Tensor, tokens: slice, count: int) -> Tensor:
    """The sum over each of `count` sequences of one length, for each of its tokens."""
    of_block = squares[tokens].unflatten(0, (count, -1))
    shared: Tensor = of_block.sum(1, keepdim=True).expand_as(of_block).flatten()
    return shared


@dataclass(slots=True)
class _Added:
    values: Tensor
    batch: PackedBatch


class Perturbation:
    """Values that are added to the token rows of every batch that an encoder reads.

    A form may read several batches for one loss, and one of them twice where activations are computed
    again for the gradient: the values belong to a batch's tokens, and are the same every time.

    Args:
        ball: ball around the rows.
        first: from token rows [T, D] and their batch to the initial values, float32 [T, D].
    """

    def __init__(self, ball: Ball, first: Callable[[Tensor, PackedBatch], Tensor]) -> None:
        self.ball = ball
        self._first = first
        self._added: dict[bytes, _Added] = {}

    def __call__(self, rows: Tensor, batch: PackedBatch) -> Tensor:
        """The perturbed rows [T, D], with gradient of the added values."""
        return rows + self._values(rows, batch)

    def fixed(self, rows: Tensor, batch: PackedBatch) -> Tensor:
        """The perturbed rows [T, D], without gradient of the added values."""
        return rows + self._values(rows, batch).detach()

    def _values(self, rows: Tensor, batch: PackedBatch) -> Tensor:
        key = b"".join(x.cpu().numpy().tobytes() for x in (batch.token_ids, batch.positions))
        if key not in self._added:
            with torch.inference_mode(False), torch.no_grad():
                first = self._first(rows, batch)
            self._added[key] = _Added(first.requires_grad_(), batch)
        return self._added[key].values

    @property
    def leaves(self) -> list[Tensor]:
        """The added values, float32 [T, D] for each batch; they require gradient."""
        return [added.values for added in self._added.values()]

    def climb(self, gradients: Sequence[Tensor | None], step: float) -> None:
        """Moves the added values towards a higher loss.

        Args:
            gradients: gradient of the loss by each leaf; None: the loss does not depend on that leaf.
            step: L2 length of the move.
        """
        with torch.no_grad():
            for added, gradient in zip(self._added.values(), gradients, strict=True):
                if gradient is not None:
                    moved = self.ball.climb(added.values, gradient, step, added.batch)
                    added.values = moved.requires_grad_()


@contextlib.contextmanager
def perturbed(encoder: Encoder, perturbation: Perturb | None) -> Iterator[None]:
    """Makes an encoder read perturbed token rows. None: unperturbed ones."""
    encoder.perturbation = perturbation
    try:
        yield
    finally:
        encoder.perturbation = None


def mean_row_norm(encoder: Encoder) -> float:
    """Mean L2 norm of all token rows of an encoder, before the current stage changed them."""
    rows = encoder.table.whole.detach()
    return float(torch.linalg.vector_norm(rows.float(), dim=1).double().mean())


def generator_of(*seeds: int) -> torch.Generator:
    """A random generator on a CPU, seeded by these numbers only."""
    (state,) = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state) % 2**63)
