"""Robust training: a batch goes through the encoder several times with perturbed token rows.

Forms do not depend on it: the encoder reads perturbed rows (see `crosslift.encoders.perturbation`),
whatever a form makes of the states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder, Perturb
from crosslift.encoders.packing import PackedBatch
from crosslift.encoders.perturbation import (
    Ball,
    Perturbation,
    generator_of,
    mean_row_norm,
    perturbed,
)
from crosslift.errors import TrainingError
from crosslift.forms.form import StepLoss
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.training.robust_settings import (
    AdversarialSettings,
    BallSettings,
    RandomPerturbationSettings,
    SmoothedPredictionSettings,
)

_NOISE = 6  # among the seeds of an update


class Before:
    """The state that a pass over a batch changes beside gradients, as it is before the first pass:
    torch's random state, a generator, and the buffers of a head, such as the running means of batch
    norms.

    Every pass begins with the same state, so that dropout, masking and augmentation are the same in
    each (FreeLB, arXiv 1909.11764, section 3.3), and the state afterwards is that after a single pass.

    Args:
        generator: generator that the passes draw from.
        head: head of the task.
    """

    def __init__(self, generator: np.random.Generator, head: torch.nn.Module) -> None:
        self._generator = generator
        self._numpy = generator.bit_generator.state
        self._torch = torch.get_rng_state()
        self._devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        self._buffers = [(buffer, buffer.clone()) for buffer in head.buffers()]

    def again(self) -> None:
        """Restores the state."""
        self._generator.bit_generator.state = self._numpy
        torch.set_rng_state(self._torch)
        if self._devices:
            torch.cuda.set_rng_state_all(self._devices)
        for buffer, value in self._buffers:
            buffer.copy_(value)


class Passes:
    """The passes over one batch, each of which adds to the gradient of the weights or looks for a
    perturbation.

    Args:
        encoder: encoder whose token rows are perturbed.
        forward: computes the loss of the batch, from the same state every time.
        back: adds the gradient of a loss, times its share of the whole, to the gradient of the weights.
            It is called while the encoder reads the rows of the pass: activations may be computed
            again.
        operations: returns the floating-point operations counted so far. `plain_operations` has those
            of the last pass that only trains, which are the operations of a plain update.
    """

    def __init__(
        self,
        encoder: Encoder,
        forward: Callable[[], StepLoss],
        back: Callable[[Tensor, float], None],
        operations: Callable[[], int] = lambda: 0,
    ) -> None:
        self._encoder = encoder
        self._forward = forward
        self._back = back
        self._operations = operations
        self._value = 0.0
        self._tokens = 0
        self.plain_operations = 0

    def learn(self, share: float, perturbation: Perturbation | None = None) -> None:
        """A pass that trains; `share` is its weight in the loss."""
        before = self._operations()
        with perturbed(self._encoder, perturbation.fixed if perturbation else None):
            self._train(share)
        self.plain_operations = self._operations() - before

    def learn_and_climb(self, share: float, perturbation: Perturbation, step: float) -> None:
        """A pass that trains, and moves the perturbation towards a higher loss."""
        with perturbed(self._encoder, perturbation):
            self._train(share)
        perturbation.climb([leaf.grad for leaf in _leaves(perturbation)], step)

    def search(self, perturbation: Perturbation, step: float) -> None:
        """A pass that only moves the perturbation towards a higher loss."""
        with perturbed(self._encoder, perturbation):
            loss = self._forward().loss
            leaves = _leaves(perturbation)
            gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        perturbation.climb(gradients, step)

    def _train(self, share: float) -> None:
        outcome = self._forward()
        self._back(outcome.loss, share)
        self._value += outcome.loss.item() * share
        self._tokens = outcome.tokens

    @property
    def outcome(self) -> StepLoss:
        """The loss that was trained on, without gradient, and the tokens of one pass."""
        return StepLoss(torch.tensor(self._value), self._tokens)


def _leaves(perturbation: Perturbation) -> list[Tensor]:
    leaves = perturbation.leaves
    if not leaves:
        raise TrainingError(
            "robust training of a task whose texts do not go through the encoder",
            "a text side that is trained",
        )
    return leaves


class Robustness:
    """How a stage passes over its batches.

    Args:
        encoder: encoder of the stage, before anything is trained: the length of its token rows is the
            unit.
        settings: settings of the perturbation of token rows; None: one pass without perturbation.
        seed: seed of the stage.
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: AdversarialSettings | RandomPerturbationSettings | None,
        seed: int,
    ) -> None:
        self._settings = settings if settings is not None and settings.radius > 0 else None
        self._unit = unit_of(settings, encoder) if settings is not None else 1.0
        self._seed = seed

    def take(self, passes: Passes, *place: int) -> StepLoss:
        """All passes over one batch.

        Args:
            passes: the passes over the batch.
            place: numbers that identify the batch within the stage: the noise depends on them.

        Returns:
            The loss that was trained on, and the tokens of one pass.
        """
        settings = self._settings
        if settings is None:
            passes.learn(1.0)
        elif isinstance(settings, RandomPerturbationSettings):
            self._smooth(settings, passes, generator_of(self._seed, _NOISE, *place))
        else:
            self.ascend(settings, passes, generator_of(self._seed, _NOISE, *place))
        return passes.outcome

    def _smooth(
        self, settings: RandomPerturbationSettings, passes: Passes, generator: torch.Generator
    ) -> None:
        share = 0.5 if settings.loss == "both" else 1.0
        if settings.loss == "both":
            passes.learn(0.5)
        for _ in range(settings.draws):
            passes.learn(share / settings.draws, self._noise(settings, generator))

    def ascend(
        self, settings: AdversarialSettings, passes: Passes, generator: torch.Generator
    ) -> Perturbation:
        """The passes of adversarial training; returns the perturbation of the last one."""
        ball, step = self._ball(settings), settings.length * self._unit
        random = settings.start == "random"
        perturbation = self._noise(settings, generator) if random else Perturbation(ball, _zero)
        if settings.free:
            for _ in range(settings.steps - 1):
                passes.learn_and_climb(1 / settings.steps, perturbation, step)
            passes.learn(1 / settings.steps, perturbation)
            return perturbation
        steps, share = settings.steps, 1.0
        if settings.loss == "both":
            share = 0.5
            if random:
                passes.learn(share)
            else:
                passes.learn_and_climb(share, perturbation, step)
                steps -= 1
        for _ in range(steps):
            passes.search(perturbation, step)
        passes.learn(share, perturbation)
        return perturbation

    def _ball(self, settings: BallSettings) -> Ball:
        return Ball(settings.radius * self._unit, settings.ball)

    def _noise(self, settings: BallSettings, generator: torch.Generator) -> Perturbation:
        ball = self._ball(settings)
        return Perturbation(ball, lambda rows, batch: ball.draw(rows, batch, generator))


def _zero(rows: Tensor, batch: PackedBatch) -> Tensor:
    del batch
    return torch.zeros_like(rows)


def unit_of(settings: BallSettings, encoder: Encoder) -> float:
    """The unit of a radius, in the numbers of the token rows."""
    return 1.0 if settings.unit == "absolute" else mean_row_norm(encoder)


def smoothed_answers(
    settings: SmoothedPredictionSettings,
    encoder: Encoder,
    answer: Callable[[], list[Any]],
    ranks: Ranks = ALONE,
) -> list[Any]:
    """The most frequent answer to each of N examples over several draws of noise.

    Args:
        settings: settings of the noise, and the number of draws.
        encoder: encoder that answers.
        answer: returns N answers: classes or texts, which are voted on as a whole, or lists of tags,
            which are voted on word by word.
        ranks: ranks that share the draws; all of them get the answers.

    Returns:
        N answers; in a tie, the answer that came first.
    """
    ball = Ball(settings.radius * unit_of(settings, encoder), settings.ball)
    mine = []
    for number in range(settings.draws)[ranks.turn]:
        with perturbed(encoder, _noisy(ball, generator_of(_NOISE, number))):
            mine.append((number, answer()))
    by_draw = dict(ranks.united(mine))
    answers = [by_draw[number] for number in range(settings.draws)]
    return [_vote(votes) for votes in zip(*answers, strict=True)]


def _noisy(ball: Ball, generator: torch.Generator) -> Perturb:
    return lambda rows, batch: rows + ball.draw(rows, batch, generator)


def _vote(votes: Sequence[Any]) -> Any:
    if isinstance(votes[0], list):
        return [_vote(of_word) for of_word in zip(*votes, strict=True)]
    return Counter(votes).most_common(1)[0][0]
