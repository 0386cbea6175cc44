"""Regression from captions to the vectors of a frozen teacher: an image tower, or the text half of
CLIP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crosslift.errors import DataError
from crosslift.forms.picture_form import PictureForm
from crosslift.images.tower_settings import CONVOLUTIONAL, TowerSettings

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.caption_to_feature_head import FeatureHead, OpenCaptionToFeature
    from crosslift.forms.form import FormOptions, Split


@dataclass(frozen=True, slots=True)
class CaptionToFeature(PictureForm):
    """Moves the mapped vector of a caption towards the vector of a frozen teacher.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    The map is linear. With ``text_side: locked``, only the map is learned, between two frozen encoders.
    What it learns from English captions is then used in every language of the text encoder.

    Args:
        teacher: ``pictures``: the tower's vector of the caption's picture; ``captions``: the vector of
            the caption by the text half of the same CLIP or SigLIP model, which needs no picture. In
            both cases, pictures are retrieved by the tower's vectors.
        loss: ``cosine``: 1 - cosine; ``mse``: the squared distance of unit vectors, the mean over the
            records; ``softmax``: InfoNCE from captions to the batch's vectors, at a temperature of
            0.07.
        shared_space: vectors of a CLIP or SigLIP teacher are in the space that its halves share; always
            true with teacher ``captions``.

    Source: to the text half, Carlsson et al. 2022 (LREC, "Cross-lingual and multilingual CLIP"),
    section 3, after Reimers and Gurevych 2020 (arXiv 2004.09813), section 2; the linear map between
    frozen encoders: arXiv 2601.10096.
    """

    tower_side: Literal["trainable", "frozen"] | None = "frozen"
    teacher: Literal["pictures", "captions"] = "pictures"
    loss: Literal["cosine", "mse", "softmax"] = "cosine"
    shared_space: bool = False
    name: str = "caption-to-feature"

    @property
    def tower_settings(self) -> TowerSettings:
        """Tower of the teacher."""
        projected = self.shared_space or self.teacher == "captions"
        return TowerSettings(
            self.tower, self.tower_revision, self.tower_weights, self.picture_size, projected
        )

    @property
    def reads_teachings(self) -> bool:
        """Whether the teacher is the text half of the model, which reads captions."""
        return self.teacher == "captions"

    def check(self) -> None:
        """Raises if there is no teacher to learn from.

        Raises:
            DataError: the tower is trained, or has no published weights.
        """
        if not self.frozen:
            raise DataError("tower_side trainable of caption-to-feature", "tower_side: frozen")
        if self.tower == CONVOLUTIONAL and self.tower_weights == "published":
            raise DataError(
                "caption-to-feature has no teacher: the convolutional tower knows nothing yet",
                "the folder or name of a published vision model",
                "write `options: {tower: NAME}`",
            )

    def head(self, width: int, seed: int, features: int | None = None) -> FeatureHead:
        """The form's head: maps text vectors of this width to this many features."""
        from crosslift.forms.caption_to_feature_head import FeatureHead  # loads torch

        del seed
        return FeatureHead(width, features or width)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenCaptionToFeature:
        """Tokenises the captions and makes the map, seeded by the options.

        Raises:
            DataError: there is no teacher, or there are no vectors of it.
        """
        self.check()
        from crosslift.forms.caption_to_feature_head import OpenCaptionToFeature  # loads torch

        return OpenCaptionToFeature(self, encoder, train, dev, options)
