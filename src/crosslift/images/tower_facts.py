"""The facts of image towers of every kind that need no weights. It loads no torch."""

from __future__ import annotations

from pathlib import Path

from crosslift.artifacts.places import user_path
from crosslift.artifacts.read_once import read_once
from crosslift.images.framing import Framing
from crosslift.images.packaged_towers import (
    check_embedded_tower,
    embedded_fingerprint,
    embedded_preparation,
)
from crosslift.images.preparation import PUBLISHED, Preparation, preparation_of
from crosslift.images.tower_files import (
    check_published,
    is_timm,
    published_fingerprint,
    tower_folder,
)
from crosslift.images.tower_settings import CONVOLUTIONAL, EMBEDDED, TIMM, TowerSettings

PICTURE_SIZE = 64
FRAMING = Framing("pad")
BACKGROUND = 255
"""Background of the small convolutional tower's pictures."""


def preparation_for(settings: TowerSettings) -> tuple[int, Framing, int]:
    """Size, framing and background of a tower's pictures, as `decode_all` takes them.

    The tower's weights are not needed.

    Raises:
        EncoderError: no such model, or its files do not state them.
    """
    if settings.name == CONVOLUTIONAL:
        size = settings.picture_size or PICTURE_SIZE
        return size, FRAMING, BACKGROUND
    preparation = _preparation(settings).at(settings.picture_size)
    return preparation.size, preparation.framing, preparation.background


def fingerprint_of(settings: TowerSettings) -> str:
    """The text that identifies a tower's files in a key: see `published_fingerprint`.

    The small network that is trained from scratch has no files: its code identifies it.

    Raises:
        EncoderError: a name that is neither a folder nor a hub name.
    """
    if settings.name == CONVOLUTIONAL:
        return f"{CONVOLUTIONAL}:from scratch"
    if settings.name in EMBEDDED:
        return embedded_fingerprint(settings)
    return published_fingerprint(settings)


@read_once()
def check_tower(settings: TowerSettings) -> None:
    """Raises if a tower is not available. Fetches, converts and loads nothing.

    Raises:
        EncoderError: its files are neither here nor on the hub.
    """
    if settings.name in EMBEDDED:
        check_embedded_tower(settings)
    elif settings.name != CONVOLUTIONAL:
        check_published(settings)


def _preparation(settings: TowerSettings) -> Preparation:
    if settings.name in EMBEDDED:
        return embedded_preparation(settings.name)
    return PUBLISHED.get(settings.name) or preparation_of(_configuration(settings))


def is_of_timm(settings: TowerSettings) -> bool:
    """Whether a published tower is one of timm."""
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
