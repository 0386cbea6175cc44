"""The training loop of one stage. It does not know which form of task it runs."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from crosslift.encoders.load import Encoder
from crosslift.errors import TrainingError
from crosslift.forms.form import OpenTask, StepLoss
from crosslift.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from crosslift.training.settings import Budget, StageSettings
from crosslift.training.weights import Weights

SECONDS_BETWEEN_CHECKPOINTS = 20.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage ready to be trained.

    Args:
        settings: its settings.
        budget: how much it may train.
        seed: of batches, masking, augmentation and dropout.
        checkpoint: where its checkpoint stands.
        report: called after each update with the share of the budget that is spent, in [0, 1].
    """

    settings: StageSettings
    budget: Budget
    seed: int
    checkpoint: Path
    report: Callable[[float], None]


def train(stage: Stage, task: OpenTask, encoder: Encoder) -> tuple[Weights, Progress]:
    """Trains one stage to the end of its budget, from its checkpoint where it has one.

    Every random choice of an update is a function of the seed and the update's number, so a run
    that was killed ends with the same weights, bit for bit, as one that was not.

    Returns:
        The trained weights and what was spent.

    Raises:
        TrainingError: the loss is not finite.
    """
    weights = Weights(encoder, task.head, task.token_ids(), stage.settings)
    progress = load_checkpoint(stage.checkpoint, weights, task.head)
    _training_mode(encoder, task, stage.settings)
    saved = time.monotonic()
    try:
        _take_dev_score(stage, task, encoder, progress)  # due where its taking was interrupted
        while _spent(stage.budget, progress) < 1:
            with _interrupts_held():
                _update(stage, task, weights, progress)
            _take_dev_score(stage, task, encoder, progress)
            stage.report(_spent(stage.budget, progress))
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                save_checkpoint(stage.checkpoint, weights, task.head, progress)
                saved = time.monotonic()
    except KeyboardInterrupt:
        save_checkpoint(stage.checkpoint, weights, task.head, progress)
        raise
    encoder.model.eval()
    task.head.eval()
    return weights, progress


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Lets Ctrl-C take effect only after the block: half an update cannot be gone on from."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Ctrl-C never arrives here
        return
    came: list[int] = []
    former = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if former is None else former)
    if came:
        signal.raise_signal(signal.SIGINT)


def _training_mode(encoder: Encoder, task: OpenTask, settings: StageSettings) -> None:
    task.head.train()
    encoder.model.train(settings.text_side == "trainable")
    if settings.dropout is not None:
        for module in encoder.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = settings.dropout


def _spent(budget: Budget, progress: Progress) -> float:
    return min(1.0, float(getattr(progress, budget.unit)) / budget.amount)


def _update(stage: Stage, task: OpenTask, weights: Weights, progress: Progress) -> None:
    began = time.monotonic()
    number = progress.updates
    generator = np.random.default_rng((stage.seed, number, 1))
    torch.manual_seed(int(generator.integers(2**62)))
    rows = task.draw(number, stage.budget.batch_size, stage.seed)
    rate = _rate(stage, progress)
    if progress.flops_per_example is None:
        with FlopCounterMode(display=False) as counter:
            outcome = _learn(task, weights, rows, generator, rate, number)
        progress.flops_per_example = counter.get_total_flops() / len(rows)
    else:
        outcome = _learn(task, weights, rows, generator, rate, number)
    progress.updates += 1
    progress.examples += len(rows)
    progress.tokens += outcome.tokens
    progress.flops = progress.flops_per_example * progress.examples
    progress.curve.append((progress.updates, "loss", outcome.loss.item()))
    progress.seconds += time.monotonic() - began


def _learn(
    task: OpenTask,
    weights: Weights,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    generator: np.random.Generator,
    rate: float,
    number: int,
) -> StepLoss:
    outcome = task.loss(rows, generator)
    value = outcome.loss.item()
    if not math.isfinite(value):
        raise TrainingError(
            f"the loss of update {number + 1} is {value}",
            "a finite loss",
            "lower learning_rate or head_learning_rate, or set the encoder's precision to float32; "
            "everything finished before this stage is kept",
        )
    weights.step(outcome.loss, rate)
    return outcome


def _rate(stage: Stage, progress: Progress) -> float:
    """Share of the peak learning rate for the next update, taken at the update's middle."""
    budget, rise = stage.budget, stage.settings.warmup_share
    mean_tokens = progress.tokens / max(1, progress.updates)
    step = {"updates": 1.0, "examples": float(budget.batch_size), "tokens": mean_tokens}
    middle = min(1.0, _spent(budget, progress) + step[budget.unit] / budget.amount / 2)
    if middle < rise or rise == 1:
        return min(1.0, max(middle, 1e-3) / rise)
    if stage.settings.schedule == "constant":
        return 1.0
    return max(0.0, 1 - middle) / (1 - rise)


def _take_dev_score(stage: Stage, task: OpenTask, encoder: Encoder, progress: Progress) -> None:
    wanted = stage.settings.dev_evaluations
    if wanted == 0:
        return
    taken = len({update for update, metric, _ in progress.curve if metric != "loss"})
    done, budget = int(getattr(progress, stage.budget.unit)), stage.budget.amount
    if min(done, budget) * wanted < (taken + 1) * budget:
        return
    began = time.monotonic()
    encoder.model.eval()
    scores = task.dev_scores()
    _training_mode(encoder, task, stage.settings)
    progress.curve.extend((progress.updates, metric, value) for metric, value in scores.items())
    progress.seconds += time.monotonic() - began
