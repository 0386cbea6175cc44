"""Kinds of pictures: the class of ImageNet that an embedded tower predicts for a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.images.tower_settings import EMBEDDED, TowerSettings

_PART = 4096


def check_kinds(settings: TowerSettings, *, pooled: bool) -> None:
    """Raises if a tower cannot predict kinds of pictures.

    Args:
        settings: settings of the tower.
        pooled: whether it is frozen, and its features are one vector a picture.

    Raises:
        DataError: the tower is trained, has random weights or no classifier, or is read by patches.
    """
    if not pooled or settings.name not in EMBEDDED or settings.weights != "published":
        raise DataError(
            "pictures of the same kind, without a tower that knows kinds",
            "a frozen embedded tower with its published weights, one vector a picture",
            f"`options: {{tower: {EMBEDDED[0]}, tower_side: frozen}}`, or another control",
        )


def class_scores(settings: TowerSettings, features: NDArray[np.floating]) -> NDArray[np.float32]:
    """The classifier's scores of pictures.

    Args:
        settings: settings of an embedded tower.
        features: its pooled features, [N, 1280].

    Returns:
        Float32 [N, 1000], before the softmax.

    Raises:
        EncoderError: as for `embedded_classifier`.
    """
    from crosslift.images.embedded_tower import embedded_classifier  # loads torch

    weights, biases = (part.numpy() for part in embedded_classifier(settings.name))
    parts = range(0, len(features), _PART)
    scores = [np.asarray(features[i : i + _PART], np.float32) @ weights.T + biases for i in parts]
    return np.concatenate(scores).astype(np.float32)


def kinds_of(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """The kind of each picture: its class, or, if no other picture is of that class, the class of
    others that it most resembles.

    Args:
        scores: scores of classes, float [N, C]; at least two pictures.

    Returns:
        Int64 [N]; at least two pictures have each kind.
    """
    classes = scores.argmax(1)
    counts = np.bincount(classes, minlength=scores.shape[1])
    shared = counts > 1
    if not shared.any():
        return np.zeros(len(scores), np.int64)
    among_shared = np.where(shared, scores, -np.inf).argmax(1)
    kinds: NDArray[np.int64] = np.where(shared[classes], classes, among_shared).astype(np.int64)
    return kinds


def partners_of_kind(kinds: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Another picture of the same kind for each picture, at random.

    Args:
        kinds: int64 [N]; at least two pictures of each.
        seed: seed of the choice.

    Returns:
        Int64 [N], a permutation without fixed points that stays within each kind.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(kinds))
    by_kind = order[np.argsort(kinds[order], kind="stable")]
    starts = np.flatnonzero(np.diff(kinds[by_kind], prepend=-1))
    partners = np.empty_like(order)
    for start, end in zip(starts, [*starts[1:], len(kinds)], strict=True):
        members = by_kind[start:end]
        partners[members] = np.roll(members, 1)
    return partners
