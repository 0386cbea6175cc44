"""Test pictures among a task's training and dev pictures, in a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from random_scenes import scenes

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.making.task_run import TaskRun
from crosslift.planning.picture_steps import picture_overlap_step
from crosslift.planning.task_runs import task_run
from crosslift.steps.run import make_steps
from crosslift.training.task_settings import MixedTaskSettings


def task_of(folder: Path, pictures: dict[str, list[Image.Image]], augmentation: str) -> TaskRun:
    """A task with captioned pictures by split."""
    rows = []
    for split, some in pictures.items():
        for number, picture in enumerate(some):
            picture.save(folder / f"{split}{number}.png")
            rows.append({"image": f"{split}{number}.png", "text": f"{split} {number}"})
            rows[-1]["split"] = split
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options: dict[str, Any] = {"augmentation": augmentation}
    return task_run(
        MixedTaskSettings(task="image-text", data=str(folder / "captions.jsonl"), options=options)
    )


@pytest.mark.parametrize("augmentation", ["photo", "drawing"])
def test_training_and_dev_pictures_are_compared(augmentation: str, tmp_path: Path) -> None:
    several = scenes(8)
    pictures = {"train": several[:3], "dev": several[2:5]}
    run = task_of(tmp_path, pictures, augmentation)
    shown = {}
    for name, picture in {
        "same": several[0],
        "mirrored": ImageOps.mirror(several[1]),
        "of both": several[2],
        "of dev, cut": several[3].crop((20, 0, 288, 224)),
        "other": several[6],
    }.items():
        shown[name] = tmp_path / f"{name}.png"
        picture.save(shown[name])
    step = picture_overlap_step(run, "target", shown, {"target": 1}, None)
    store = Store(tmp_path / "store")
    make_steps([step], store, Silent())
    content = json.loads((step.open(store) / "overlap.json").read_text())
    assert content["records"] == 6
    found = content["pictures"]
    facts = {item: tuple(f[k] for k in ("kind", "train", "split")) for item, f in found.items()}
    assert facts == {
        "same": ("exact", "train0.png", "train"),
        "mirrored": ("near", "train1.png", "train"),
        "of both": ("exact", "train2.png", "train"),
        "of dev, cut": ("near", "dev1.png", "dev"),
    }
    assert {item for item, f in found.items() if f["mirrored"]} == {"mirrored"}
    assert found["same"]["agreement"] == 1 > found["mirrored"]["agreement"] > 0.9


def test_a_task_without_dev_pictures(tmp_path: Path) -> None:
    run = task_of(tmp_path, {"train": scenes(2)}, "photo")
    step = picture_overlap_step(run, "target", {"a": tmp_path / "train1.png"}, {"target": 1}, None)
    assert set(step.inputs) == {"train", "test"}
