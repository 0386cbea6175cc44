"""The steps that make of a task's pictures what its form reads: decoded, run through a frozen image
tower, or put in words by a teacher; and their comparison with the pictures of a target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.array_file import array_file
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.encoders.precision import device
from crosslift.errors import DataError
from crosslift.forms.caption_to_feature import CaptionToFeature
from crosslift.forms.form import Split, column, pictures_of
from crosslift.forms.picture_side import PictureForm
from crosslift.images.copies import find_copies
from crosslift.images.features import decode_into, extract_features
from crosslift.images.framing import Framing
from crosslift.images.tower_settings import TowerSettings
from crosslift.images.towers import fingerprint_of, open_text_tower, open_tower, preparation_for
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.task_runs import TaskRun
from crosslift.tasks.task import IntermediateTask

_Preparation = tuple[int, Framing, int]
_COMPARED_AS: _Preparation = (64, Framing("stretch"), 255)
"""Size, framing and background of pictures that are compared: all of each, whatever its shape."""


@dataclass(frozen=True, slots=True)
class _Shown:
    pictures: Sequence[Picture]
    framing: Framing


def form_of(task: IntermediateTask) -> PictureForm:
    """The form of a task with pictures."""
    form = task.form.open()
    if not isinstance(form, PictureForm):
        raise TypeError(f"task {task.name} has no pictures")
    return form


def picture_step(
    label: str, pictures: Sequence[Picture], of: Mapping[str, Any], tower: TowerSettings
) -> Step:
    """Decodes pictures as an image tower takes them: `pictures.npy`, uint8 [N, S, S, 3].

    Args:
        label: in words.
        pictures: N of them.
        of: what decides which they are, JSON-like.
        tower: of which size and framing count here.
    """
    return _decoding(label, pictures, of, preparation_for(tower), skip_broken=False)


def _decoding(
    label: str,
    pictures: Sequence[Picture],
    of: Mapping[str, Any],
    preparation: _Preparation,
    *,
    skip_broken: bool,
) -> Step:
    """Makes `pictures.npy`, and `skipped.json`: index -> reason of those that could not be read.

    Args:
        label, pictures, of: see `picture_step`.
        preparation: size in pixels, framing and background.
        skip_broken: leave damaged pictures out; else the first is an error.
    """
    size, framing, background = preparation
    asked = {"framing": asdict(framing), "background": background, "skip_broken": skip_broken}
    return Step(
        kind="pictures",
        label=label,
        settings={"of": dict(of), "size": size, "count": len(pictures), **asked},
        inputs={},
        make=_decode,
        work=len(pictures) * (size / 64) ** 2,
        context=_Shown(pictures, framing),
    )


def _decode(step: Step, workplace: Workplace, folder: Path) -> None:
    shown: _Shown = step.context
    size, count = step.settings["size"], len(shown.pictures)
    with array_file(folder / "pictures.npy", (count, size, size, 3), np.uint8) as squares:
        skipped = decode_into(
            squares,
            shown.pictures,
            size,
            fit=shown.framing,
            background=step.settings["background"],
            report=_share_of(workplace, count),
            skip_broken=step.settings["skip_broken"],
        )
    if count and len(skipped) == count:
        raise DataError(f"none of {count} pictures can be read: {skipped[0]}", "whole pictures")
    (folder / "skipped.json").write_text(json.dumps(skipped), encoding="utf-8")


def _share_of(workplace: Workplace, count: int) -> Any:
    done = 0

    def report(more: int) -> None:
        nonlocal done
        done += more
        workplace.report(done / max(1, count))

    return report


def features_step(label: str, pictures: Step, form: PictureForm, seed: int) -> Step:
    """Runs pictures through a frozen image tower: `features.npy`, float32 [N, E] or, of patches,
    float16 [N, P, W].

    Args:
        label: in words.
        pictures: the step that decodes them.
        form: whose tower it is.
        seed: of a tower with random weights; a published one is the same for every seed.
    """
    tower = form.tower_settings
    asked = {name: value for name, value in asdict(tower).items() if name != "name"}
    return Step(
        kind="features",
        label=label,
        settings={
            "tower": {"files": fingerprint_of(tower), **asked},
            "patches": form.patches,
            "seed": seed if tower.from_scratch else None,
        },
        inputs={"pictures": pictures},
        make=_extract,
        work=pictures.work,
        context=form,
    )


def _extract(step: Step, workplace: Workplace, folder: Path) -> None:
    form: PictureForm = step.context
    tower = open_tower(form.tower_settings, step.settings["seed"] or 0, device())
    pictures = open_pictures(step.inputs["pictures"], workplace.store)
    report = _share_of(workplace, len(pictures))
    found = extract_features(tower, pictures, states=form.patches, report=report)
    np.save(folder / "features.npy", found)


def _teachings_step(run: TaskRun, form: CaptionToFeature) -> Step:
    """What the text half of a CLIP model makes of a task's English texts: `features.npy`, float32
    [N, E], in the order of the training records."""
    tower = form.tower_settings
    return Step(
        kind="features",
        label=f"captions of {run.task.name} as its teacher has them",
        settings={"tower": fingerprint_of(tower), "records": run.checksum, "text": form.text},
        inputs={},
        make=_teach,
        work=len(run.task.source.train()),
        context=(run, form),
    )


def _teach(step: Step, workplace: Workplace, folder: Path) -> None:
    run, form = step.context
    teacher = open_text_tower(form.tower, form.tower_revision, device())
    np.save(folder / "features.npy", teacher.vectors(column(run.task.source.train(), form.text)))
    workplace.report(1.0)


def open_pictures(step: Step, store: Store) -> NDArray[np.uint8]:
    """The pictures of a picture step, uint8 [N, S, S, 3]: a memory map that is not written to."""
    pictures: NDArray[np.uint8] = np.load(step.open(store) / "pictures.npy", mmap_mode="r")
    return pictures


def open_features(step: Step, store: Store) -> NDArray[np.floating]:
    """The features of a features step, float [N, ...]: a memory map that is not written to."""
    features: NDArray[np.floating] = np.load(step.open(store) / "features.npy", mmap_mode="r")
    return features


def picture_role(name: str, split: str) -> str:
    """The role of the step that makes what a task's form reads of its pictures, among the inputs of a
    training step."""
    return f"{name}: {split} pictures"


def _teaching_role(name: str) -> str:
    return f"{name}: train teachings"


def picture_steps(name: str, run: TaskRun, seed: int) -> dict[str, Step]:
    """The steps that make of a task's pictures what its form reads, by their role.

    Args:
        name: of the task in its stage.
        run: the task.
        seed: of a frozen tower with random weights.
    """
    if not run.task.pictures:
        return {}
    form = form_of(run.task)
    found: dict[str, Step] = {}
    for split, records in run.shown().items():
        if split == "dev" and not records:
            continue
        made = _decoded(run, split, records, preparation_for(form.tower_settings))
        if form.frozen:
            made = features_step(f"{made.label}, as a frozen tower has them", made, form, seed)
        found[picture_role(name, split)] = made
    if isinstance(form, CaptionToFeature):
        form.check()
        if form.teacher == "captions":
            found[_teaching_role(name)] = _teachings_step(run, form)
    return found


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
        skip_broken=run.settings.skip_broken,
    )


def open_split(
    step: Step, store: Store, name: str, split: str, records: Sequence[Record]
) -> tuple[Split, dict[str, int]]:
    """Records with what their form reads of their pictures, and reason -> how many were left out.

    Args:
        step: the training step.
        store: with its inputs.
        name: of the task in its stage.
        split: "train" or "dev".
        records: N of them.
    """
    made = step.inputs.get(picture_role(name, split))
    if made is None:
        return Split(records), {}
    frozen = made.kind == "features"
    decoded = made.inputs["pictures"] if frozen else made
    row = {picture: number for number, picture in enumerate(decoded.context.pictures)}
    broken = {int(n) for n in _skipped(decoded, store)}
    kept = [r for r, p in zip(records, pictures_of(records), strict=True) if row[p] not in broken]
    places = np.array([row[picture] for picture in pictures_of(kept)], np.int64)
    shown, where = np.unique(places, return_inverse=True)
    held: Any = open_features(made, store) if frozen else open_pictures(made, store)
    if len(shown) < len(held):
        held = held[shown]
    teachings = _teachings(step, store, name, kept) if split == "train" else None
    left_out = {"picture damaged": len(records) - len(kept)} if len(kept) < len(records) else {}
    pictures, features = (None, held) if frozen else (held, None)
    return Split(kept, pictures, where, features, teachings), left_out


def _skipped(step: Step, store: Store) -> dict[str, str]:
    path = step.open(store) / "skipped.json"
    skipped: dict[str, str] = parse_json(path.read_bytes(), str(path))
    return skipped


def _teachings(
    step: Step, store: Store, name: str, records: Sequence[Record]
) -> NDArray[np.float32] | None:
    """The teacher's vectors of records, float32 [N, E]: of a translated one, those of its original."""
    made = step.inputs.get(_teaching_role(name))
    if made is None:
        return None
    run, _ = made.context
    row = {record.id: number for number, record in enumerate(run.task.source.train())}
    ids = [r.id if r.id in row else r.id.removesuffix(f":{r.language}") for r in records]
    vectors: NDArray[np.float32] = np.load(made.open(store) / "features.npy")
    return vectors[[row[i] for i in ids]]


def picture_overlap_step(
    run: TaskRun, target: str, shown: Mapping[str, Picture], facts: Mapping[str, Any]
) -> Step:
    """Compares a task's training and dev pictures with a target's: `overlap.json`.

    Dev pictures count too, as they may choose the weights that are kept.

    Args:
        run: the task.
        target: name of the target.
        shown: item -> picture of the target.
        facts: what decides them, JSON-like.
    """
    splits = {
        split: _decoded(run, split, records, _COMPARED_AS)
        for split, records in run.shown().items()
        if records
    }
    pictures = list(shown.values())
    test = _decoding(f"pictures of {target}", pictures, facts, _COMPARED_AS, skip_broken=False)
    return Step(
        kind="overlap",
        label=f"pictures of {run.task.name} with {target}",
        settings={},
        inputs={**splits, "test": test},
        make=_find_overlap,
        work=len(shown),
        context=list(shown),
    )


def _find_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    test = open_pictures(step.inputs["test"], workplace.store)
    records, found = 0, dict[str, Any]()
    for split in ("train", "dev"):
        if split in step.inputs:
            pictures = open_pictures(step.inputs[split], workplace.store)
            records += len(pictures)
            copies = _copies_in(split, step, pictures, test)
            found = copies | found  # a training picture is named rather than a dev picture
    content = {"records": records, "pictures": found}
    (folder / "overlap.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _copies_in(
    split: str, step: Step, pictures: NDArray[np.uint8], test: NDArray[np.uint8]
) -> dict[str, dict[str, Any]]:
    """Item -> the picture of a split that it is a copy of, and how."""
    copies = find_copies(pictures, test)
    names = step.inputs[split].context.pictures
    return {
        item: {
            "kind": "exact" if np.array_equal(pictures[at], test[row]) else "near",
            "train": Path(str(names[at])).name,
            "split": split,
            "agreement": float(copies.agreement[row]),
            "mirrored": bool(copies.mirrored[row]),
        }
        for row, item in enumerate(step.context)
        if (at := copies.train[row]) >= 0
    }
