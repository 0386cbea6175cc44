"""The training loop of one stage. It does not know which forms of task it runs."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from crosslift.encoders.adapters import is_adapter, merged
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import TrainingError
from crosslift.forms.form import FormOptions, OpenTask, StepLoss
from crosslift.ranks.launch import STOPPING
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from crosslift.training.guards.guard import Guard, GuardOnData, OpenGuard
from crosslift.training.kept_checkpoints import KeptCheckpoints, KeptWeights
from crosslift.training.mixing import MixedTask, Mixture
from crosslift.training.rates import rate_of
from crosslift.training.robust import Before, Passes, Robustness
from crosslift.training.selection import Selection
from crosslift.training.stage_settings import StageSettings
from crosslift.training.update_part import UpdatePart
from crosslift.training.weights import Weights

SECONDS_BETWEEN_CHECKPOINTS = 20.0
SHARE_OF_CHECKPOINTS = 0.02
"""Largest share of the time after the first checkpoint that checkpoints may take; those of large models
are written less often."""
MOST_SECONDS_BETWEEN_CHECKPOINTS = 600.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage ready to be trained.

    Args:
        settings: its settings.
        budget: how much it may train.
        seed: seed of batches, masking, augmentation and dropout.
        checkpoint: the file of its checkpoint.
        report: called after each update with the spent share of the budget, in [0, 1].
        note: called before `report` with the update's number and loss, in words.
        kept: which weights are kept in addition to the final ones.
        ranks: ranks that train the stage together; its tasks are opened with the same ranks.
        track: called after each update, on the first rank only, with the progress.
    """

    settings: StageSettings
    budget: Budget
    seed: int
    checkpoint: Path
    report: Callable[[float], None]
    note: Callable[[str], None] = lambda _: None
    kept: Sequence[KeptWeights] = ()
    ranks: Ranks = ALONE
    track: Callable[[Progress], None] = lambda _: None


def train(
    stage: Stage,
    members: Sequence[MixedTask],
    encoder: Encoder,
    guards: Sequence[Guard] | None = None,
    keep: Callable[[str, dict[str, Tensor]], None] | None = None,
) -> tuple[dict[str, Tensor], Progress]:
    """Trains one stage to the end of its budget, from its checkpoint if there is one.

    Every random choice of an update is a function of the seed and the update's number, so a run that
    was killed and resumed ends with the same weights, bit for bit, as one that was not, on the same
    processor, with the same number of threads and the same versions.

    Args:
        stage: settings and place of the stage.
        members: its tasks.
        encoder: encoder on which the tasks are opened.
        guards: guards against forgetting; None: those that the stage's settings request.
        keep: called for each kept set of weights (see `KeptCheckpoints.at_end`) with its name and
            trained parameters, while they are in the encoder and the heads.

    Returns:
        The trained parameters of the text encoder by name, float32, and the progress. The heads and the
        encoder's token rows are trained in place.

    Raises:
        TrainingError: a loss is not finite; the settings do not fit the encoder or the tasks.
        DataError: a guard on data has none.
    """
    chosen = stage.settings.guards if guards is None else guards
    with _on(encoder, chosen, stage) as opened, _recomputing(encoder, stage.settings):
        run = _Run(stage, members, encoder, opened)
        run.to_the_end()
        if keep is not None:
            for name, weights in run.kept.at_end(run.progress.dev_evaluations):
                run.weights.put_back(weights)
                keep(name, merged(encoder, run.weights.masters))
        run.finish()
        return merged(encoder, run.weights.masters), run.progress


class _Run:
    """A stage while it is trained."""

    def __init__(
        self,
        stage: Stage,
        members: Sequence[MixedTask],
        encoder: Encoder,
        guards: Mapping[str, OpenGuard],
    ) -> None:
        self.stage = stage
        self.ranks = stage.ranks
        self.encoder = encoder
        self.mixture = Mixture(
            members, stage.settings.mixing, stage.settings.accumulation, stage.seed
        )
        self.tasks = {member.name: member.task for member in members}
        self.seeds = {member.name: member.seed for member in members}
        self.guards = guards
        for name, guard in guards.items():
            if guard.task is not None:
                self.tasks[name], self.seeds[name] = guard.task, stage.seed
        heads = {n: self.ranks.with_shared_norms(task.head) for n, task in self.tasks.items()}
        token_ids = {i for task in self.tasks.values() for i in task.token_ids()}
        robust = stage.settings.robust
        self.robustness = Robustness(encoder, robust.of_rows if robust else None, stage.seed)
        self.plain = Robustness(encoder, None, stage.seed)
        opened = list(guards.values())
        self.weights = Weights(encoder, heads, token_ids, stage.settings, opened, self.ranks)
        self.kept = KeptCheckpoints(stage.kept, stage.checkpoint.parent, self.ranks)
        best = stage.checkpoint.with_name("best.safetensors")
        self.selection = Selection(stage.settings, best, self.ranks)
        self.progress = load_checkpoint(stage.checkpoint, self.weights)
        self.resumed = self.progress.train_on(self.ranks.count)

    def to_the_end(self) -> None:
        _training_mode(self.encoder, self.tasks.values(), self.stage.settings)
        due = time.monotonic() + SECONDS_BETWEEN_CHECKPOINTS
        try:
            self._take_dev_score()  # due where its taking was interrupted
            while self._spent() < 1 and not self.selection.ended(self.progress):
                with _interrupts_held():
                    self._update()
                self._take_dev_score()
                with _interrupts_held():
                    self.ranks.on_the_first(lambda: self.stage.track(self.progress))
                self.stage.report(self._spent())
                self.ranks.stop_if_asked()
                if time.monotonic() > due:
                    due = self._save_checkpoint()
        except _StoppedAtOnceError:
            raise  # in the middle of an update, which the checkpoint before does not hold
        except KeyboardInterrupt:
            self._write_checkpoint()
            raise
        self._evaluation_mode()

    def finish(self) -> None:
        """Puts the final weights of the stage into the encoder and the heads."""
        self.ranks.check_same(self.weights.sums)
        self.kept.put_back_last(self.progress.dev_evaluations, self.weights)
        self.selection.finish(self.weights)

    def _save_checkpoint(self) -> float:
        """Writes a checkpoint; returns when the next one is due."""
        began = time.monotonic()
        self._write_checkpoint()
        ended = time.monotonic()
        pause = min((ended - began) / SHARE_OF_CHECKPOINTS, MOST_SECONDS_BETWEEN_CHECKPOINTS)
        return ended + max(SECONDS_BETWEEN_CHECKPOINTS, pause)

    def _write_checkpoint(self) -> None:
        """Nothing in a checkpoint differs between ranks: random choices follow from the seed and the
        update."""
        self.ranks.on_the_first(
            lambda: save_checkpoint(self.stage.checkpoint, self.weights, self.progress)
        )

    def _spent(self) -> float:
        budget = self.stage.budget
        return min(1.0, float(getattr(self.progress, budget.unit)) / budget.amount)

    def _update(self) -> None:
        began = time.monotonic()
        progress, budget = self.progress, self.stage.budget
        number = progress.updates
        generator = np.random.default_rng((self.stage.seed, number, 1))
        torch.manual_seed(int(generator.integers(2**62)) + self.ranks.number)  # of dropout
        rate = rate_of(self.stage.settings, budget, progress)
        parts = self.mixture.parts(number, self._spent(), budget.batch_size, progress.taken)
        losses: dict[str, float] = {}
        for part in (*parts, *self._guard_parts()):
            loss = self._learn(part, generator)
            losses[part.name] = losses.get(part.name, 0.0) + loss * part.weight
            if part.name not in self.guards:
                progress.examples += part.count
        losses = dict(zip(losses, self.ranks.summed(list(losses.values())), strict=True))
        self.weights.step(rate)
        progress.updates += 1
        self._note(parts, losses)
        progress.seconds += time.monotonic() - began
        resumed = f" ({self.resumed})" if self.resumed else ""
        loss = sum(losses.values())
        self.stage.note(f"update {progress.updates:,}, loss {loss:.3g}{resumed}")

    def _guard_parts(self) -> list[UpdatePart]:
        taken = self.progress.taken
        return [
            part for name, guard in self.guards.items() for part in guard.parts(taken.get(name, 0))
        ]

    def _learn(self, part: UpdatePart, generator: np.random.Generator) -> float:
        """Adds the gradient of a part; returns its mean loss."""
        task, progress = self.tasks[part.name], self.progress
        rows = task.draw(part.start, part.count, self.seeds[part.name])
        before = Before(generator, task.head)

        def forward() -> StepLoss:
            before.again()
            return task.loss(rows, generator)

        def back(loss: Tensor, share: float) -> None:
            self._back(part, loss, share)

        how = self.plain if part.name in self.guards else self.robustness
        place = (progress.updates, part.start, self.seeds[part.name])
        if part.name in progress.flops_per_example:
            outcome = how.take(Passes(self.encoder, forward, back), *place)
        else:
            with FlopCounterMode(display=False) as counter:
                passes = Passes(self.encoder, forward, back, counter.get_total_flops)
                outcome = how.take(passes, *place)
            counts = [counter.get_total_flops(), passes.plain_operations]
            total, plain = self.ranks.summed(counts)
            progress.flops_per_example[part.name] = total / part.count
            progress.cost[part.name] = total / max(1, plain)
        progress.taken[part.name] = part.start + part.count
        progress.tokens += outcome.tokens
        progress.flops += progress.flops_per_example[part.name] * part.count
        return outcome.loss.item()

    def _back(self, part: UpdatePart, loss: Tensor, share: float) -> None:
        if not loss.requires_grad:
            raise TrainingError(
                f"nothing that is trained changes the loss of {part.name}",
                "a loss above what is frozen",
                "raise `hidden_state`, or lower `frozen_layers`; with `lora` a hidden state above 0",
            )
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss of {part.name} in update {self.progress.updates + 1} is {value}",
                "a finite loss",
                "lower learning_rate or head_learning_rate, or set the encoder's precision to "
                "float32; everything finished before this stage is kept",
            )
        self.weights.add_gradient(loss * (share * part.weight))

    def _note(self, parts: Sequence[UpdatePart], losses: dict[str, float]) -> None:
        """Adds an update to the curves: the mean loss of each of its tasks and, if the stage has
        several tasks, their shares of the examples."""
        progress, batch_size = self.progress, self.stage.budget.batch_size
        counts = dict.fromkeys((part.name for part in parts), 0)
        weights = dict.fromkeys((*counts, *self.guards), 0.0)
        for part in (*parts, *self._guard_parts()):
            weights[part.name] += part.weight
            if part.name in counts:
                counts[part.name] += part.count
        for name, loss in losses.items():
            progress.curve.append((progress.updates, name, "loss", loss / weights[name]))
        if len(self.mixture.members) > 1:
            for member in self.mixture.members:
                share = counts.get(member.name, 0) / batch_size
                progress.curve.append((progress.updates, member.name, "share", share))

    def _take_dev_score(self) -> None:
        evaluations, progress, budget = (
            self.stage.settings.dev_evaluations,
            self.progress,
            self.stage.budget,
        )
        done = min(int(getattr(progress, budget.unit)), budget.amount)
        if evaluations == 0 or done * evaluations < (progress.dev_evaluations + 1) * budget.amount:
            return
        began = time.monotonic()
        self._evaluation_mode()
        mine = {name: task.dev_scores() for name, task in self.tasks.items()}
        scores = self.ranks.once(lambda: mine)
        _training_mode(self.encoder, self.tasks.values(), self.stage.settings)
        with _interrupts_held():
            progress.curve.extend(
                (progress.updates, name, metric, value)
                for name, metrics in scores.items()
                for metric, value in metrics.items()
            )
            progress.dev_evaluations += 1
            self.kept.note(progress.dev_evaluations, self.weights)
            self.selection.note(scores, progress, self.weights)
            progress.seconds += time.monotonic() - began

    def _evaluation_mode(self) -> None:
        self.encoder.model.eval()
        for task in self.tasks.values():
            task.head.eval()


class _StoppedAtOnceError(KeyboardInterrupt):
    """A second Ctrl-C within an update."""


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Delays Ctrl-C to the end of the block, with a message, because half an update cannot be resumed.
    A second Ctrl-C stops at once; the stage then resumes from its last checkpoint."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Ctrl-C never arrives here
        return
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)
        if len(came) > 1:
            raise _StoppedAtOnceError
        sys.stderr.write(STOPPING)
        sys.stderr.flush()

    former = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if former is None else former)
    if came:
        signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _on(encoder: Encoder, guards: Sequence[Guard], stage: Stage) -> Iterator[dict[str, OpenGuard]]:
    """The guards on an encoder, by name. Guards on data are opened first: they may read the encoder,
    whose layers other guards may change."""
    settings = stage.settings
    locked = settings.text_side == "locked"
    options = FormOptions(
        locked,
        "own",
        stage.seed,
        settings.cached_texts,
        stage.ranks,
        settings.cached_tokens,
    )
    in_order = sorted(guards, key=lambda guard: not isinstance(guard, GuardOnData))
    with contextlib.ExitStack() as stack:
        yield {guard.name: stack.enter_context(guard.open(encoder, options)) for guard in in_order}


@contextlib.contextmanager
def _recomputing(encoder: Encoder, settings: StageSettings) -> Iterator[None]:
    """A context in which layers compute their activations again for the gradient, if the stage requests
    it."""
    if not settings.gradient_checkpointing:
        yield
        return
    model = encoder.model
    if not model.supports_gradient_checkpointing:
        raise TrainingError(
            f"a model of type {model.config.model_type} has no gradient checkpointing",
            "gradient_checkpointing: false",
            "cached_texts and cached_tokens save memory with every model",
        )
    without = {"use_reentrant": False}
    if hasattr(model, "activation_checkpointing_enable"):  # the name in newer transformers
        model.activation_checkpointing_enable(activation_checkpointing_kwargs=without)
        disable = model.activation_checkpointing_disable
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=without)
        disable = model.gradient_checkpointing_disable
    try:
        yield
    finally:
        disable()


def _training_mode(encoder: Encoder, tasks: Iterable[OpenTask], settings: StageSettings) -> None:
    for task in tasks:
        task.head.train()
    encoder.model.train(settings.text_side == "trainable")
    if settings.dropout is not None:
        for name, module in encoder.model.named_modules():
            if isinstance(module, torch.nn.Dropout) and not is_adapter(name):
                module.p = settings.dropout
