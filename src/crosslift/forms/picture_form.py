"""The settings that the forms with pictures share. Loads no torch: steps are planned without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosslift.images.augment import Augmentation
from crosslift.images.picture_kinds import check_kinds
from crosslift.images.tower_settings import EMBEDDED, TowerSettings


@dataclass(frozen=True, slots=True)
class PictureForm:
    """The settings that all forms with pictures share.

    Args:
        text: name of the records' text column.
        tower: the image tower: ``embedded``, the packaged one (or ``embedded-medium``,
            ``embedded-small``); ``convolutional``, a small network trained from scratch; or a folder
            or hub name of a vision model of transformers (the vision half of CLIP and SigLIP), or
            ``timm:NAME``.
        tower_revision: commit or branch of a hub name.
        tower_weights: ``random``: the architecture of a published tower, with random weights.
        tower_side: None: ``frozen``, but ``trainable`` if the tower starts from scratch. ``frozen``:
            the tower does not change, and its features are computed once per picture (locked-image
            tuning: Zhai et al. 2022, arXiv 2111.07991); the map from them to the text's space is
                trained.
        picture_size: side of the square pictures in pixels; None: the tower's default.
        augmentation: augmentation of the pictures of a trained tower; a frozen tower sees the original
            pictures.
    """

    text: str = "text"
    tower: str = EMBEDDED[0]
    tower_revision: str | None = None
    tower_weights: Literal["published", "random"] = "published"
    tower_side: Literal["trainable", "frozen"] | None = None
    picture_size: int | None = None
    augmentation: Augmentation = "drawing"

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column."""
        return (self.text,)

    @property
    def tower_settings(self) -> TowerSettings:
        """The settings of its image tower."""
        return TowerSettings(self.tower, self.tower_revision, self.tower_weights, self.picture_size)

    @property
    def frozen(self) -> bool:
        """Whether its tower does not change."""
        if self.tower_side is None:
            return not self.tower_settings.from_scratch
        return self.tower_side == "frozen"

    @property
    def patches(self) -> bool:
        """Whether it reads the states of a picture's patches, not one vector of the picture."""
        return False

    @property
    def reads_teachings(self) -> bool:
        """Whether it learns from a teacher's vectors of the texts (`Split.teachings`)."""
        return False

    def check_kinds(self) -> None:
        """Raises if its tower gives pictures no kinds, which the control of the same kind needs.

        Raises:
            DataError: the reason.
        """
        check_kinds(self.tower_settings, pooled=self.frozen and not self.patches)

    def check(self) -> None:
        """Raises if the form cannot be trained with its image tower; most forms accept any tower.

        Raises:
            DataError: the reason.
        """
