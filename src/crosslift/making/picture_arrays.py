"""Reads the artifacts of pictures: decoded pictures, and features of a frozen tower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.steps.step import Step

SKIPPED = "skipped.json"


def open_pictures(step: Step, store: Store) -> NDArray[np.uint8]:
    """The pictures of a picture step, uint8 [N, S, S, 3]: a read-only memory map."""
    pictures: NDArray[np.uint8] = np.load(step.open(store) / "pictures.npy", mmap_mode="r")
    return pictures


def open_skipped(step: Step, store: Store) -> dict[str, str]:
    """Index of a picture that could not be read -> reason, for decoded pictures or their features."""
    path = step.open(store) / SKIPPED
    skipped: dict[str, str] = parse_json(path.read_bytes(), str(path))
    return skipped


def open_features(step: Step, store: Store) -> NDArray[np.floating]:
    """The features of a features step, float [N, ...]: a read-only memory map."""
    features: NDArray[np.floating] = np.load(step.open(store) / "features.npy", mmap_mode="r")
    return features
