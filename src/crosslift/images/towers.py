"""Opening image towers of every kind, and the facts that need no weights."""

from __future__ import annotations

from pathlib import Path

import torch

from crosslift.artifacts.places import user_path
from crosslift.images.convolutional import (
    BACKGROUND,
    FRAMING,
    PICTURE_SIZE,
    SmallConvolutionalTower,
)
from crosslift.images.embedded_tower import (
    embedded_fingerprint,
    embedded_preparation,
    open_embedded,
)
from crosslift.images.framing import Framing
from crosslift.images.image_tower import ImageTower
from crosslift.images.preparation import PUBLISHED, Preparation, preparation_of
from crosslift.images.published_tower import open_published, seeded
from crosslift.images.text_tower import TextTower, open_text_tower
from crosslift.images.timm_tower import open_timm
from crosslift.images.tower_files import is_timm, published_fingerprint, tower_folder
from crosslift.images.tower_settings import CONVOLUTIONAL, EMBEDDED, TIMM, TowerSettings

__all__ = [
    "ImageTower",
    "TextTower",
    "TowerSettings",
    "fingerprint_of",
    "open_text_tower",
    "open_tower",
    "preparation_for",
]


def open_tower(settings: TowerSettings, seed: int, device: torch.device) -> ImageTower:
    """An image tower; published ones are in evaluation mode.

    Args:
        settings: of the tower.
        seed: of random weights; published weights do not depend on it.
        device: that it computes on.

    Raises:
        EncoderError: the model does not exist, or has no vision half or no safetensors weights, or
            timm is not installed.
    """
    return _open(settings, seed).to(device)


def _open(settings: TowerSettings, seed: int) -> ImageTower:
    if settings.name == CONVOLUTIONAL:
        size = settings.picture_size or PICTURE_SIZE
        small: SmallConvolutionalTower = seeded(lambda: SmallConvolutionalTower(size), seed)
        return small
    if settings.name in EMBEDDED:
        embedded: ImageTower = seeded(lambda: open_embedded(settings), seed)
        return embedded
    return open_timm(settings, seed) if _is_of_timm(settings) else open_published(settings, seed)


def preparation_for(settings: TowerSettings) -> tuple[int, Framing, int]:
    """Size, framing and background of a tower's pictures, as `decode_all` takes them.

    The tower's weights are not needed.

    Raises:
        EncoderError: no such model, or its files do not say.
    """
    if settings.name == CONVOLUTIONAL:
        size = settings.picture_size or PICTURE_SIZE
        return size, FRAMING, BACKGROUND
    preparation = _preparation(settings).at(settings.picture_size)
    return preparation.size, preparation.framing, preparation.background


def fingerprint_of(settings: TowerSettings) -> str:
    """What identifies a tower's files in a key: see `published_fingerprint`.

    The small network that is trained from scratch has no files: its code identifies it.

    Raises:
        EncoderError: a name that is neither a folder nor a hub name.
    """
    if settings.name == CONVOLUTIONAL:
        return f"{CONVOLUTIONAL}:from scratch"
    if settings.name in EMBEDDED:
        return embedded_fingerprint(settings)
    return published_fingerprint(settings)


def _preparation(settings: TowerSettings) -> Preparation:
    if settings.name in EMBEDDED:
        return embedded_preparation(settings.name)
    return PUBLISHED.get(settings.name) or preparation_of(_configuration(settings))


def _is_of_timm(settings: TowerSettings) -> bool:
    if settings.name.startswith(TIMM):
        return True
    folder = user_path(settings.name)
    return is_timm(folder if folder.is_dir() else _configuration(settings))


def _configuration(settings: TowerSettings) -> Path:
    return tower_folder(_as_random(settings))


def _as_random(settings: TowerSettings) -> TowerSettings:
    """The same architecture with random weights, so that no weights are read."""
    return TowerSettings(
        settings.name, settings.revision, "random", settings.picture_size, settings.projected
    )
