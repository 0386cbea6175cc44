"""Makes a trained encoder: one stage."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crosslift.encoders.encoder_folder import prompts_of_sides
from crosslift.forms.form import FormOptions
from crosslift.forms.further_encoder import KeptVectors
from crosslift.making.guide_vectors import open_kept
from crosslift.making.on_devices import make_on_devices
from crosslift.making.synonym_copies import smoothed
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.making.trained_heads import load_head
from crosslift.making.training_files import TaskRecords, write_training_files
from crosslift.making.training_pictures import open_split
from crosslift.making.weight_files import weights_file
from crosslift.ranks.ranks import Ranks
from crosslift.steps.step import Step, Workplace
from crosslift.studies.flat_settings import flat
from crosslift.tasks.controls import PARTNERS
from crosslift.training.budget import Budget
from crosslift.training.guards.guard import Guard
from crosslift.training.stage_settings import StageSettings

if TYPE_CHECKING:
    from torch import Tensor

    from crosslift.encoders.load_encoder import Encoder
    from crosslift.training.checkpoint import Progress
    from crosslift.training.kept_checkpoints import KeptWeights
    from crosslift.training.mixing import MixedTask
    from crosslift.training.trackers.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Training:
    """The job of a training step."""

    before: Trained
    tasks: dict[str, TaskRun]
    guards: tuple[Guard, ...]
    stage: StageSettings
    budget: Budget
    seed: int
    kept: tuple[KeptWeights, ...] = ()

    def check_needs(self) -> None:
        """Raises if the encoder cannot be found or cannot train, or if the records or the image tower
        of a task cannot be found or fetched."""
        self.before.check_needs()
        self.before.check_trains()
        for run in self.tasks.values():
            run.check_needs()


def train_stage(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes the files that `train_step` names, on as many devices as the stage asks for.

    Raises:
        CrossLiftError: the stage cannot be trained.
    """
    checkpoint = workplace.unfinished(step) / "checkpoint.safetensors"
    make_on_devices(_train, step, workplace, folder, checkpoint)


def _train(ranks: Ranks, step: Step, workplace: Workplace, folder: Path, checkpoint: Path) -> None:
    """Does one rank's part of a training step; the first rank writes the files."""
    from crosslift.encoders.state import save_change
    from crosslift.training.loop import Stage, train

    job = step.job_as(Training)
    encoder = job.before.load(workplace)
    members, records = _open_members(step, workplace, encoder, ranks)

    def save(checkpoint: str | None, changed: dict[str, Tensor]) -> None:
        if job.stage.text_side == "trainable":
            save_change(changed, encoder, folder / weights_file("encoder", checkpoint))
        _save_heads(members, folder / weights_file("head", checkpoint))

    def save_on_the_first(checkpoint: str | None, changed: dict[str, Tensor]) -> None:
        ranks.on_the_first(lambda: save(checkpoint, changed))

    with _tracked(step, workplace.tracker, checkpoint.parent) as track:
        stage = Stage(
            job.stage,
            job.budget,
            job.seed,
            checkpoint,
            workplace.report,
            workplace.note,
            job.kept,
            ranks,
            track,
        )
        changed, progress = train(stage, members, encoder, job.guards, save_on_the_first)
    save_on_the_first(None, changed)
    ranks.on_the_first(lambda: write_training_files(folder, progress, records))


@contextlib.contextmanager
def _tracked(
    step: Step, tracker: Tracker | None, note: Path
) -> Iterator[Callable[[Progress], None]]:
    """The function that is called after each update of a step, so that a tracker shows the update."""
    if tracker is None:
        yield lambda _: None
        return
    with contextlib.closing(tracker.follow(step.key, step.label, flat(step.settings), note)) as it:
        yield it


def _open_members(
    step: Step, workplace: Workplace, encoder: Encoder, ranks: Ranks
) -> tuple[list[MixedTask], dict[str, TaskRecords]]:
    """The tasks of a stage, opened, and the numbers of their records."""
    from crosslift.training.mixing import MixedTask

    job = step.job_as(Training)
    members, records_of_tasks = [], {}
    store = workplace.store
    for number, (name, run) in enumerate(job.tasks.items()):
        seed = job.seed
        if number:  # each task of a stage has other batches and another head
            seed = int(np.random.default_rng((job.seed, number, 3)).integers(2**31))
        records, left_out = run.train(store, job.seed)
        train_split, broken = open_split(step, store, name, "train", records)
        train_split, augmentation = smoothed(
            train_split, run.task.form, job.stage.robust, encoder, seed
        )
        dev_split, _ = open_split(step, store, name, "dev", run.dev())
        options = _options(job, run, seed, ranks, open_kept(step, store, name, run))
        opened = run.task.form.open().open(encoder, train_split, dev_split, options)
        if "heads" in step.inputs:
            opened.head.load_state_dict(load_head(step.inputs["heads"], store, name))
        members.append(MixedTask(name, run.settings, opened, seed))
        records_of_tasks[name] = TaskRecords(
            train=len(train_split.records),
            dev=len(dev_split.records),
            rows=opened.size,
            left_out=left_out | broken,
            augmentation=augmentation,
        )
    return members, records_of_tasks


def _save_heads(members: Sequence[MixedTask], place: Path) -> None:
    from safetensors.torch import save_file

    tensors = {
        f"{member.name}/{name}": value.contiguous().cpu()
        for member in members
        for name, value in member.task.head.state_dict().items()
    }
    save_file(tensors, place)


def _options(
    job: Training, run: TaskRun, seed: int, ranks: Ranks, kept: Mapping[str, KeptVectors]
) -> FormOptions:
    stage = job.stage
    return FormOptions(
        text_locked=stage.text_side == "locked",
        partners=PARTNERS.get(run.settings.control, "own"),
        seed=seed,
        cached_texts=stage.cached_texts,
        ranks=ranks,
        cached_tokens=stage.cached_tokens,
        prompts=prompts_of_sides(run.settings, job.before.settings),
        kept=kept,
    )
