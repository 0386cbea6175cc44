"""Makes decoded pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosslift.artifacts.array_file import array_file
from crosslift.errors import DataError
from crosslift.images.framing import Framing
from crosslift.making.picture_arrays import SKIPPED
from crosslift.sources.picture import Picture
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class FramedPictures:
    """Pictures, and how they are framed in squares.

    Args:
        pictures: N pictures.
        framing: framing of all pictures.
        owner: task or target whose reader chose and ordered the pictures; it is a part of the code.
    """

    pictures: Sequence[Picture]
    framing: Framing
    owner: object


def decode_pictures(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `pictures.npy`, uint8 [N, S, S, 3], and `skipped.json`: index -> why a picture cannot be
    read.

    Raises:
        DataError: no picture can be read, or one cannot be read and none may be skipped.
    """
    from crosslift.images.features import decode_into

    framed = step.job_as(FramedPictures)
    size, count = step.settings["size"], len(framed.pictures)
    with array_file(folder / "pictures.npy", (count, size, size, 3), np.uint8) as squares:
        skipped = decode_into(
            squares,
            framed.pictures,
            size,
            fit=framed.framing,
            background=step.settings["background"],
            report=workplace.counting(count),
            skip_broken=step.settings["skip_broken"],
        )
    if count and len(skipped) == count:
        raise DataError(f"none of {count} pictures can be read: {skipped[0]}", "whole pictures")
    (folder / SKIPPED).write_text(json.dumps(skipped), encoding="utf-8")
