"""Makes a trained encoder: one stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import TIMINGS, Store
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.state import save_change
from crosslift.forms.form import FormOptions
from crosslift.making.synonym_copies import smoothed
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.making.trained_heads import load_head
from crosslift.making.training_pictures import open_split
from crosslift.steps.step import Step, Workplace
from crosslift.training.budget import Budget
from crosslift.training.guards.guard import Guard
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings

SPENT = ("updates", "examples", "tokens", "flops", "seconds")
"""What a training step spends (see `spent_of`)."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a training step is asked for."""

    before: Trained
    tasks: dict[str, TaskRun]
    guards: tuple[Guard, ...]
    stage: StageSettings
    budget: Budget
    seed: int


def train_stage(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes what `train_step` says.

    Raises:
        CrossLiftError: the stage cannot be trained.
    """
    job = step.job_as(Training)
    encoder = job.before.load(workplace)
    members, counts = _open_members(step, workplace, encoder)
    stage = Stage(
        job.stage,
        job.budget,
        job.seed,
        workplace.unfinished(step) / "checkpoint.safetensors",
        workplace.report,
    )
    changed, progress = train(stage, members, encoder, job.guards)
    if job.stage.text_side == "trainable":
        save_change(changed, encoder, folder / "encoder.safetensors")
    _save_heads(members, folder)
    spent = {n: getattr(progress, n) for n in (*SPENT, "taken", "best_update", "cost")}
    timings = {"seconds": spent.pop("seconds")}
    written = {"spent.json": spent, "curve.json": progress.curve, "records.json": counts}
    for name, content in (written | {TIMINGS: timings}).items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def spent_of(step: Step, store: Store) -> dict[str, Any]:
    """What a training step spent: the numbers named in `SPENT`; `taken`, the records of each task; the
    `cost` of an update; and `best_update`, whose weights were kept."""
    folder = step.open(store)
    parts = [folder / name for name in ("spent.json", TIMINGS)]
    return {
        name: v for path in parts for name, v in parse_json(path.read_bytes(), str(path)).items()
    }


def _open_members(
    step: Step, workplace: Workplace, encoder: Encoder
) -> tuple[list[MixedTask], dict[str, Any]]:
    """The tasks of a stage, opened, and how many records each has and left out."""
    job = step.job_as(Training)
    members, counts = [], {}
    for number, (name, run) in enumerate(job.tasks.items()):
        seed = job.seed
        if number:  # tasks of one stage have batches and heads of their own
            seed = int(np.random.default_rng((job.seed, number, 3)).integers(2**31))
        records, left_out = run.train(workplace.store, job.seed)
        splits = {"train": records, "dev": run.dev()}
        store = workplace.store
        train_split, broken = open_split(step, store, name, "train", splits["train"])
        train_split, copied = smoothed(train_split, run.task.form, job.stage.robust, encoder, seed)
        dev_split, _ = open_split(step, store, name, "dev", splits["dev"])
        left_out |= broken
        shuffled = run.settings.control == "shuffled-pictures"
        options = _options(job, seed, shuffled)
        opened = run.task.form.open().open(encoder, train_split, dev_split, options)
        if "heads" in step.inputs:
            opened.head.load_state_dict(load_head(step.inputs["heads"], store, name))
        members.append(MixedTask(name, run.settings, opened, seed))
        held = {"train": train_split, "dev": dev_split}
        lengths = {split: len(found.records) for split, found in held.items()}
        counts[name] = {**lengths, "rows": opened.size, "left_out": left_out, **copied}
    return members, counts


def _save_heads(members: Sequence[MixedTask], folder: Path) -> None:
    tensors = {
        f"{member.name}/{name}": value.contiguous().cpu()
        for member in members
        for name, value in member.task.head.state_dict().items()
    }
    save_file(tensors, folder / "head.safetensors")


def _options(job: Training, seed: int, shuffled: bool) -> FormOptions:
    locked = job.stage.text_side == "locked"
    return FormOptions(locked, shuffled, seed, job.stage.cached_texts)
