"""Masked LM on captions that see their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch
from crosslift.errors import DataError
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import count_tokens
from crosslift.forms.heads import seeded
from crosslift.forms.masked_lm import Context, MaskedLM, MaskedLMHead, OpenMaskedLM
from crosslift.forms.picture_side import PictureForm, PictureSide, ShownPictures


@dataclass(frozen=True, slots=True)
class ImageMaskedLM(PictureForm):
    """Hides some tokens of a caption and predicts them from the rest and from the picture.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    The states of the masked caption look at the states of the picture's patches through one layer of
    cross-attention, on top of the text encoder, before the tied output.

    Args:
        masked_share: probability that a token is chosen, or a word.
        whole_words: all tokens of a word are chosen together.

    Source: of masks, as `MaskedLM`; seen beside a picture: Lu et al. 2019 (arXiv 1908.02265), section
    2.2, with Li et al. 2021 (arXiv 2107.07651), section 3.2.
    """

    masked_share: float = 0.15
    whole_words: bool = False
    name: str = "image-masked-lm"

    @property
    def patches(self) -> bool:
        """Tokens look at patches."""
        return True

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenImageMaskedLM:
        """Tokenises the texts and makes the head.

        Raises:
            DataError: as of `MaskedLM`; no pictures.
        """
        return OpenImageMaskedLM(self, encoder, train, dev, options)


class ImageMaskedLMHead(MaskedLMHead):
    """The head of masked LM, the picture side, and cross-attention between the two.

    Args:
        form: the form.
        width: D of the hidden states.
        rows: number of tokens that occur.
        seed: of the weights.
        features: as of `PictureSide`.
    """

    def __init__(
        self, form: ImageMaskedLM, width: int, rows: int, seed: int, features: int | None
    ) -> None:
        super().__init__(width, rows)
        self.side = PictureSide(form, width, seed, features)
        self.look = CrossAttention(width)


class OpenImageMaskedLM(OpenMaskedLM):
    """Image-conditioned masked LM opened on an encoder."""

    head: ImageMaskedLMHead

    def __init__(
        self,
        form: ImageMaskedLM,
        encoder: Encoder,
        train: Split,
        dev: Split,
        options: FormOptions,
    ) -> None:
        words = MaskedLM(form.text, form.masked_share, form.whole_words)
        super().__init__(words, encoder, train, dev, options)
        self.pictures = ShownPictures(form, train, options, encoder.device)
        rows, seed, features = len(self.head.bias), options.seed, self.pictures.width
        self.head = seeded(
            lambda: ImageMaskedLMHead(form, encoder.state_width, rows, seed, features),
            seed,
            encoder.device,
        )
        plain = FormOptions(text_locked=False, shuffle_pictures=False, seed=0)
        self._dev_pictures = (
            ShownPictures(form, dev, plain, encoder.device) if dev.records else None
        )
        self._dev_features: Tensor | None = None
        self.size = self.pictures.count

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, in each of which a picture comes once, with one of its texts."""
        return self.pictures.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the chosen tokens over the tokens that occur."""
        masked = [self._masked(self._texts[row], generator) for row in rows]
        features = self.pictures.features(self.head.side, rows, generator)
        losses = self._losses(masked, self._looking_at(features))
        return StepLoss(losses.mean(), count_tokens([text.original for text in masked]))

    def _dev_context(self, rows: Sequence[int]) -> Context:
        if self._dev_pictures is None:
            raise DataError("masked LM beside pictures has no dev pictures")
        if self._dev_features is None:
            self._dev_features = self._dev_pictures.all_features(self.head.side)
        return self._looking_at(self._dev_features[self._dev_pictures.places[list(rows)]])

    def dev_scores(self) -> dict[str, float]:
        """The loss on the dev captions beside their pictures, masked the same way every time."""
        self._dev_features = None  # the tower has moved since
        return super().dev_scores()

    def _looking_at(self, features: Tensor) -> Context:
        """What adds to the states of packed texts what they find in as many pictures."""
        patches = self.head.side.project(features)

        def look(states: Tensor, batch: PackedBatch) -> Tensor:
            places, kept = (each.to(states.device) for each in padded(batch))
            looked = self.head.look(states.float()[places], patches)
            seen = torch.empty_like(looked[kept])
            seen[places[kept]] = looked[kept]
            return seen

        return look
