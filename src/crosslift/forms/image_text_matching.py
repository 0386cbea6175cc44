"""Image-text matching with hard negatives from the batch, together with the contrastive loss that mines
them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosslift.errors import DataError
from crosslift.forms.image_text import ImageText

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions, Split
    from crosslift.forms.image_text_matching_head import MatchingHead, OpenMatching


@dataclass(frozen=True, slots=True)
class ImageTextMatching(ImageText):
    """Predicts whether a text belongs to a picture, with similar ones as negatives.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    The loss includes the contrastive loss of `ImageText` (softmax). For each text and each picture of a
    batch, one wrong partner is drawn with its probability in that softmax. Tokens then attend to
    patches through one layer of cross-attention, and the pair is classified as right or wrong.

    Args:
        matching_weight: weight of the matching loss, relative to the contrastive loss.

    Source: Li et al. 2021 (arXiv 2107.07651), section 3.2.
    """

    matching_weight: float = 1.0
    name: str = "image-text-matching"

    @property
    def patches(self) -> bool:
        """Tokens attend to patches."""
        return True

    def head(self, width: int, seed: int, features: int | None = None) -> MatchingHead:
        """The form's head for a text encoder of this width; see `PictureSide`."""
        from crosslift.forms.image_text_matching_head import MatchingHead  # loads torch

        return MatchingHead(self, width, seed, features)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenMatching:
        """Tokenises the texts and makes the head, seeded by the options.

        Raises:
            DataError: the loss is not the softmax, which mines negatives; or there are no pictures.
        """
        if self.loss != "softmax":
            raise DataError(f"loss {self.loss!r} of image-text matching", "loss: softmax")
        from crosslift.forms.image_text_matching_head import OpenMatching  # loads torch

        return OpenMatching(self, encoder, train, dev, options)
