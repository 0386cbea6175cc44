"""Opening image towers of every kind."""

from __future__ import annotations

import torch

from crosslift.images.convolutional import SmallConvolutionalTower
from crosslift.images.embedded_tower import open_embedded
from crosslift.images.image_tower import ImageTower
from crosslift.images.published_tower import open_published, seeded
from crosslift.images.text_tower import TextTower, open_text_tower
from crosslift.images.timm_tower import open_timm
from crosslift.images.tower_facts import PICTURE_SIZE, is_of_timm
from crosslift.images.tower_settings import CONVOLUTIONAL, EMBEDDED, TowerSettings

__all__ = ["ImageTower", "TextTower", "TowerSettings", "open_text_tower", "open_tower"]


def open_tower(settings: TowerSettings, seed: int, device: torch.device) -> ImageTower:
    """An image tower; published ones are in evaluation mode.

    Args:
        settings: settings of the tower.
        seed: seed of random weights; published weights do not depend on it.
        device: device that it computes on.

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
    return open_timm(settings, seed) if is_of_timm(settings) else open_published(settings, seed)
