"""Contrastive image-text pairs: CLIP's symmetric softmax or SigLIP's sigmoid, with a learned
temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crosslift.forms.picture_form import PictureForm

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions, Split
    from crosslift.forms.image_text_head import ImageTextHead, OpenImageText


@dataclass(frozen=True, slots=True)
class ImageText(PictureForm):
    """Pulls a picture and its text together in one space, away from the rest of the batch.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    Args:
        loss: ``softmax`` over the batch in both directions, or a ``sigmoid`` of each pair.
        first_temperature: initial value of the learned temperature; its inverse stays at most 100.
            None: 0.07 for the softmax, 0.1 for the sigmoid, as in the papers.
        hidden_state: the hidden state of the text encoder that is pooled for the loss; 0 is the
            embedding output. The layers above it learn nothing, and picture targets read texts as the
            arm does. None: the encoder's.
        guide: a further text encoder, which does not train: `embedded`, a folder or a hub name. Of two
            captions that it puts near, neither is a negative of the other's picture. None: no guide.
        guide_margin: captions are near if their cosine is above 1 less this. None: 0.1.
        matryoshka, matryoshka_weights: dimensions of the shared space, and their weights; see
            `crosslift.forms.text_pairs.TextPairs`.

    Source: Radford et al. 2021 (arXiv 2103.00020), section 2.3; the sigmoid and its bias, which
    starts at -10: Zhai et al. 2023 (arXiv 2303.15343), section 3.2; the guide, as for texts: Solatorio
    2024 (arXiv 2402.16829).
    """

    loss: Literal["softmax", "sigmoid"] = "softmax"
    first_temperature: float | None = None
    hidden_state: int | None = None
    guide: str | None = None
    guide_margin: float | None = None
    matryoshka: tuple[int, ...] | None = None
    matryoshka_weights: tuple[float, ...] | None = None
    name: str = "image-text"

    def head(self, width: int, seed: int, features: int | None = None) -> ImageTextHead:
        """The form's head for a text encoder of this width; see `PictureSide`."""
        from crosslift.forms.image_text_head import ImageTextHead  # loads torch

        return ImageTextHead(self, width, seed, features)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenImageText:
        """Tokenises the texts and makes the image tower, seeded by the options."""
        from crosslift.forms.image_text_head import OpenImageText  # loads torch

        return OpenImageText(self, encoder, train, dev, options)
