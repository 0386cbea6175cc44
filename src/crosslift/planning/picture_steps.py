"""The steps that turn a task's pictures into the data that its form reads: decoded, run through a
frozen image tower, or put in words by a teacher; and their comparison with the pictures of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from crosslift.forms.form import pictures_of
from crosslift.forms.picture_form import PictureForm
from crosslift.images.framing import Framing
from crosslift.images.tower_facts import fingerprint_of, preparation_for
from crosslift.images.tower_settings import TowerSettings
from crosslift.making.decode_pictures import FramedPictures, decode_pictures
from crosslift.making.frozen_features import Teaching, make_features, make_teachings
from crosslift.making.picture_overlap import ComparedItems, find_picture_overlap
from crosslift.making.task_run import TaskRun
from crosslift.making.training_pictures import picture_role, teaching_role
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record
from crosslift.steps.step import Step
from crosslift.tasks.task import IntermediateTask

_Preparation = tuple[int, Framing, int]
_COMPARED_AS: _Preparation = (64, Framing("stretch"), 255)
"""Size, framing and background of pictures that are compared: the whole picture, in any shape."""


def form_of(task: IntermediateTask) -> PictureForm:
    """The form of a task with pictures."""
    form = task.form.open()
    if not isinstance(form, PictureForm):
        raise TypeError(f"task {task.name} has no pictures")
    return form


def picture_step(
    label: str,
    pictures: Sequence[Picture],
    of: Mapping[str, Any],
    tower: TowerSettings,
    owner: object,
) -> Step:
    """Decodes pictures in the format of an image tower: `pictures.npy`, uint8 [N, S, S, 3].

    Args:
        label: label in words.
        pictures: N pictures.
        of: facts that decide which pictures they are, JSON-like.
        tower: image tower; only its size and framing count here.
        owner: task or target that has the pictures.
    """
    return _decoding(label, pictures, of, preparation_for(tower), owner, skip_broken=False)


def _decoding(
    label: str,
    pictures: Sequence[Picture],
    of: Mapping[str, Any],
    preparation: _Preparation,
    owner: object,
    *,
    skip_broken: bool,
) -> Step:
    """Makes `pictures.npy`, and `skipped.json`: index -> reason for each picture that could not be
    read.

    Args:
        label, pictures, of, owner: see `picture_step`.
        preparation: size in pixels, framing and background.
        skip_broken: leave damaged pictures out; else the first damaged picture is an error.
    """
    size, framing, background = preparation
    preparation_facts = {
        "framing": asdict(framing),
        "background": background,
        "skip_broken": skip_broken,
    }
    return Step(
        kind="pictures",
        label=label,
        settings={"of": dict(of), "size": size, "count": len(pictures), **preparation_facts},
        inputs={},
        make=decode_pictures,
        work=len(pictures) * (size / 64) ** 2,
        job=FramedPictures(pictures, framing, owner),
    )


def features_step(label: str, pictures: Step, form: PictureForm, seed: int, devices: int) -> Step:
    """Runs pictures through a frozen image tower: `features.npy`, float32 [N, E] or, for patches,
    float16 [N, P, W].

    Args:
        label: label in words.
        pictures: the step that decodes them.
        form: form whose tower it is.
        seed: seed of a tower with random weights; a published tower is the same for every seed.
        devices: number of devices that run the tower together.
    """
    tower = form.tower_settings
    tower_facts = {name: value for name, value in asdict(tower).items() if name != "name"}
    return Step(
        kind="features",
        label=label,
        settings={
            "tower": {"files": fingerprint_of(tower), **tower_facts},
            "patches": form.patches,
            "seed": seed if tower.from_scratch else None,
        },
        inputs={"pictures": pictures},
        make=make_features,
        work=pictures.work,
        job=form,
        devices=devices,
    )


def _teachings_step(run: TaskRun, form: PictureForm) -> Step:
    """Encodes a task's English texts with the text half of a CLIP model: `features.npy`, float32
    [N, E], in the order of the training records."""
    tower = form.tower_settings
    return Step(
        kind="features",
        label=f"captions of {run.task.name} as its teacher has them",
        settings={"tower": fingerprint_of(tower), "records": run.checksum, "text": form.text},
        inputs={},
        make=make_teachings,
        work=len(run.task.source.train()),
        job=Teaching(run, form),
    )


def picture_steps(name: str, run: TaskRun, seed: int, devices: int) -> dict[str, Step]:
    """The steps that turn a task's pictures into the data that its form reads, by their role.

    Args:
        name: name of the task in its stage.
        run: the task.
        seed: seed of a frozen tower with random weights.
        devices: number of devices that run a frozen tower together.
    """
    if not run.task.pictures:
        return {}
    form = form_of(run.task)
    steps: dict[str, Step] = {}
    for split, records in run.shown().items():
        if split == "dev" and not records:
            continue
        made = _decoded(run, split, records, preparation_for(form.tower_settings))
        if form.frozen:
            label = f"{made.label}, as a frozen tower has them"
            made = features_step(label, made, form, seed, devices)
        steps[picture_role(name, split)] = made
    form.check()
    if form.reads_teachings:
        steps[teaching_role(name)] = _teachings_step(run, form)
    return steps


def _decoded(
    run: TaskRun, split: str, records: Sequence[Record], preparation: _Preparation
) -> Step:
    limit = run.settings.limit if split == "train" else run.settings.dev_limit
    limited = {"limit": limit} if limit is None else {"limit": limit, "limited_by": run.limited_by}
    return _decoding(
        f"pictures of {run.task.name}, {split}",
        list(dict.fromkeys(pictures_of(records))),
        {"records": run.checksum, "split": split, **limited},
        preparation,
        run,
        skip_broken=run.settings.skip_broken,
    )


def picture_overlap_step(
    run: TaskRun,
    target: str,
    tested: Mapping[str, Picture],
    facts: Mapping[str, Any],
    owner: object,
) -> Step:
    """Compares a task's training and dev pictures with a target's: `overlap.json`.

    Dev pictures count too, as they may choose the weights that are kept.

    Args:
        run: the task.
        target: name of the target.
        shown: item -> picture of the target.
        facts: facts that decide the target's pictures, JSON-like.
        owner: the target itself.
    """
    splits = {
        split: _decoded(run, split, records, _COMPARED_AS)
        for split, records in run.shown().items()
        if records
    }
    pictures = list(tested.values())
    label = f"pictures of {target}"
    test = _decoding(label, pictures, facts, _COMPARED_AS, owner, skip_broken=False)
    return Step(
        kind="overlap",
        label=f"pictures of {run.task.name} with {target}",
        settings={},
        inputs={**splits, "test": test},
        make=find_picture_overlap,
        work=len(tested),
        job=ComparedItems(tuple(tested)),
    )
