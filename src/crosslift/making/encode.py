"""Makes the vectors of texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """N texts, and the encoder that gives their vectors."""

    encoder: Trained | ObjectEncoder
    texts: Sequence[str]

    def check_needs(self) -> None:
        """Raises if the encoder cannot be had."""
        self.encoder.check_needs()


def encode_texts(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `vectors.npy`, float32 [N, D], and `reading.json`: how they were read from the encoder."""
    job = step.job_as(EncodedTexts)
    vectors, reading = job.encoder.vectors(job.texts, workplace)
    np.save(folder / "vectors.npy", vectors)
    write_reading(reading, folder)


def write_reading(reading: Mapping[str, Any], folder: Path) -> None:
    """Writes `reading.json`, which `open_reading` reads."""
    (folder / "reading.json").write_text(json.dumps(reading), encoding="utf-8")


def open_reading(step: Step, store: Store) -> dict[str, Any]:
    """How the vectors of a step that encodes were read from the encoder: pooling, prompt, ..."""
    path = step.open(store) / "reading.json"
    reading: dict[str, Any] = parse_json(path.read_bytes(), str(path))
    return reading
