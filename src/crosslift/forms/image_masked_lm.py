"""Masked LM on captions that attend to their picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosslift.forms.picture_form import PictureForm

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions, Split
    from crosslift.forms.image_masked_lm_head import OpenImageMaskedLM


@dataclass(frozen=True, slots=True)
class ImageMaskedLM(PictureForm):
    """Hides some tokens of a caption and predicts them from the rest and from the picture.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    The states of the masked caption attend to the states of the picture's patches through one layer of
    cross-attention, between the text encoder and the tied output.

    Args:
        masked_share: probability that a token is chosen, or a word.
        whole_words: all tokens of a word are chosen together.

    Source: masks: see `MaskedLM`; with a picture: Lu et al. 2019 (arXiv 1908.02265), section 2.2, and
    Li et al. 2021 (arXiv 2107.07651), section 3.2.
    """

    masked_share: float = 0.15
    whole_words: bool = False
    name: str = "image-masked-lm"

    @property
    def patches(self) -> bool:
        """Tokens attend to patches."""
        return True

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenImageMaskedLM:
        """Tokenises the texts and makes the head.

        Raises:
            DataError: as in `MaskedLM`; or there are no pictures.
        """
        from crosslift.forms.image_masked_lm_head import OpenImageMaskedLM  # loads torch

        return OpenImageMaskedLM(self, encoder, train, dev, options)
