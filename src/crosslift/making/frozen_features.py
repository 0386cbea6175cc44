"""Makes the outputs of frozen models: features of pictures, and a teacher's vectors of texts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosslift.forms.form import column
from crosslift.forms.picture_form import PictureForm
from crosslift.making.on_devices import advancing, make_on_devices, shared_file
from crosslift.making.picture_arrays import SKIPPED, open_pictures
from crosslift.making.task_run import TaskRun
from crosslift.ranks.ranks import Ranks
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class Teaching:
    """A task whose texts a teacher reads, and its form, which names the teacher."""

    run: TaskRun
    form: PictureForm


def make_features(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `features.npy`, float32 [N, E] or, of patches, float16 [N, P, W], and `skipped.json`, that
    of the pictures."""
    make_on_devices(_make_features, step, workplace, folder)


def _make_features(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    from crosslift.encoders.precision import device
    from crosslift.images.features import FeatureRun
    from crosslift.images.towers import open_tower

    form = step.job_as(PictureForm)
    tower = open_tower(form.tower_settings, step.settings["seed"] or 0, device())
    pictures = open_pictures(step.inputs["pictures"], workplace.store)
    run = FeatureRun(tower, pictures, states=form.patches)
    report = advancing(ranks, workplace, len(pictures))
    with shared_file(ranks, folder / "features.npy", run.shape, run.dtype) as features:
        run.write_into(features, report=report, turn=ranks.turn)
    if ranks.number == 0:
        shutil.copyfile(step.inputs["pictures"].open(workplace.store) / SKIPPED, folder / SKIPPED)


def make_teachings(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `features.npy`, float32 [N, E], in the order of the training records."""
    from crosslift.encoders.precision import device
    from crosslift.images.towers import open_text_tower

    job = step.job_as(Teaching)
    run, form = job.run, job.form
    teacher = open_text_tower(form.tower, form.tower_revision, device())
    np.save(folder / "features.npy", teacher.vectors(column(run.task.source.train(), form.text)))
    workplace.report(1.0)
