"""The settings of an image tower. No torch here: studies are validated without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosslift.errors import StudyError

CONVOLUTIONAL = "convolutional"
EMBEDDED = ("embedded", "embedded-medium", "embedded-small")
"""The packaged towers, the default first."""
TIMM = "timm:"

_SMALLEST, _LARGEST = 8, 4096


@dataclass(frozen=True, slots=True)
class TowerSettings:
    """An image tower and the pictures that it sees.

    Args:
        name: ``embedded``, the packaged EfficientNet-Lite2 (``embedded-medium`` and
            ``embedded-small`` are Lite1 and Lite0); ``convolutional``, a small network trained from
            scratch; a folder or hub name of a vision model of transformers (ViT, DINOv2, DINOv3,
            ConvNeXt, ResNet, or the vision half of CLIP and SigLIP); ``timm:NAME`` or a folder
            of a timm model as the hub lays it out.
        revision: commit, tag or branch of a hub name. None: its main branch.
        weights: ``published``, or ``random``: the same architecture with weights from a seed, the
            control for the effect of the architecture alone. ``convolutional`` has no published
            weights, so it starts from scratch either way.
        picture_size: side of the square pictures in pixels. None: 64 for ``convolutional``, the size
            of its training for a packaged tower (260, 240 and 224), else that of the model's own files.
        projected: pooled vectors are in the space that a CLIP or SigLIP model shares with its texts
            (`crosslift.images.text_tower`).

    Raises:
        StudyError: a value is not allowed.
    """

    name: str = EMBEDDED[0]
    revision: str | None = None
    weights: Literal["published", "random"] = "published"
    picture_size: int | None = None
    projected: bool = False

    @property
    def from_scratch(self) -> bool:
        """Whether its weights are random before training."""
        return self.weights == "random" or self.name == CONVOLUTIONAL

    def __post_init__(self) -> None:
        if self.weights not in ("published", "random"):
            raise StudyError(f"weights {self.weights!r} of an image tower", "published or random")
        if self.picture_size is not None and not _SMALLEST <= self.picture_size <= _LARGEST:
            raise StudyError(
                f"picture_size {self.picture_size} of an image tower",
                f"{_SMALLEST} to {_LARGEST} pixels",
            )
        if self.name in (CONVOLUTIONAL, *EMBEDDED) and self.projected:
            raise StudyError(
                f"the image tower {self.name!r} has no space shared with texts",
                "projected: false, or a CLIP or SigLIP model",
            )
