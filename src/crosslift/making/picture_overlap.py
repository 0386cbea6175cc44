"""Makes the comparison of a task's pictures with a target's pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.images.copies import find_copies
from crosslift.making.decode_pictures import FramedPictures
from crosslift.making.picture_arrays import open_pictures
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class ComparedItems:
    """The items of a target's pictures, in the order of the pictures."""

    items: tuple[str, ...]


def find_picture_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `overlap.json`: how many pictures a task has, and which of a target's pictures are among
    them."""
    test = open_pictures(step.inputs["test"], workplace.store)
    records, overlap = 0, dict[str, Any]()
    for split in ("train", "dev"):
        if split in step.inputs:
            pictures = open_pictures(step.inputs[split], workplace.store)
            records += len(pictures)
            copies = _copies_in(split, step, pictures, test)
            overlap = copies | overlap  # a training picture is named rather than a dev picture
    content = {"records": records, "pictures": overlap}
    (folder / "overlap.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _copies_in(
    split: str, step: Step, pictures: NDArray[np.uint8], test: NDArray[np.uint8]
) -> dict[str, dict[str, Any]]:
    """Item -> the picture of a split that it is a copy of, and how."""
    copies = find_copies(pictures, test)
    names = step.inputs[split].job_as(FramedPictures).pictures
    return {
        item: {
            "kind": "exact" if np.array_equal(pictures[at], test[row]) else "near",
            "train": Path(str(names[at])).name,
            "split": split,
            "agreement": float(copies.agreement[row]),
            "mirrored": bool(copies.mirrored[row]),
        }
        for row, item in enumerate(step.job_as(ComparedItems).items)
        if (at := copies.train[row]) >= 0
    }
