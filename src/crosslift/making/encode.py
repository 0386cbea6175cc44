"""Makes the vectors of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.on_devices import make_on_devices, write_json
from crosslift.making.trained import Trained
from crosslift.ranks.ranks import Ranks
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder that gives the vectors of texts."""

    encoder: Trained | ObjectEncoder

    def check_needs(self) -> None:
        """Raises if the encoder cannot be found or fetched."""
        self.encoder.check_needs()


@dataclass(frozen=True, slots=True)
class EncodedTexts(Encoding):
    """N distinct texts, and the encoder that gives their vectors."""

    texts: Sequence[str]


def encode_texts(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `vectors.npy`, float32 [N, D], and `reading.json`: how they were read from the encoder."""
    make_on_devices(_encode, step, workplace, folder)


def _encode(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    job = step.job_as(EncodedTexts)
    write_encoded(job.encoder, job.texts, ranks, workplace, folder)


def write_encoded(
    encoder: Trained | ObjectEncoder,
    texts: Sequence[str],
    ranks: Ranks,
    workplace: Workplace,
    folder: Path,
) -> None:
    """Writes one rank's part of the files that `encode_texts` names."""
    reading = encoder.write_vectors(folder / "vectors.npy", texts, workplace, ranks)
    write_json(ranks, folder / "reading.json", reading)


def open_reading(step: Step, store: Store) -> dict[str, Any]:
    """How the vectors of a step that encodes were read from the encoder: pooling, prompt, ..."""
    path = step.open(store) / "reading.json"
    reading: dict[str, Any] = parse_json(path.read_bytes(), str(path))
    return reading
