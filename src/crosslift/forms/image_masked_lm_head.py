"""The head of masked LM on captions that attend to their picture, and the task opened on an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch
from crosslift.errors import DataError
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss
from crosslift.forms.heads import seeded
from crosslift.forms.masked_lm import Context, MaskedLM, MaskedLMHead, OpenMaskedLM
from crosslift.forms.picture_side import PictureSide, SplitPictures

if TYPE_CHECKING:
    from crosslift.forms.image_masked_lm import ImageMaskedLM


class ImageMaskedLMHead(MaskedLMHead):
    """The head of masked LM, the picture side, and cross-attention between the two.

    Args:
        form: the form.
        width: D of the hidden states.
        rows: number of tokens that occur.
        seed: seed of the weights.
        features: see `PictureSide`.
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
        self.pictures = SplitPictures(form, train, options, encoder.device)
        rows, seed, features = len(self.head.bias), options.seed, self.pictures.width
        self.head = seeded(
            lambda: ImageMaskedLMHead(form, encoder.state_width, rows, seed, features),
            seed,
            encoder.device,
        )
        plain = FormOptions(text_locked=False, partners="own", seed=0, ranks=options.ranks)
        self._dev_pictures = (
            SplitPictures(form, dev, plain, encoder.device) if dev.records else None
        )
        self._dev_features: Tensor | None = None
        self.size = self.pictures.count

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs. In each, a picture appears once, with one of its texts."""
        return self.pictures.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the chosen tokens over the tokens that occur."""
        masked = [self._masked(self._texts[row], generator) for row in rows]
        features = self.pictures.features(self.head.side, rows, generator)
        share = self._share(masked)
        losses = self._losses(masked, self._attending_to(features[share.run]), share)
        return self._step_loss(masked, share, losses)

    def _dev_context(self, rows: Sequence[int]) -> Context:
        if self._dev_pictures is None or self._dev_features is None:
            raise DataError("masked LM with pictures has no dev pictures")
        return self._attending_to(self._dev_features[self._dev_pictures.places[list(rows)]])

    def dev_scores(self) -> dict[str, float]:
        """The loss on the dev captions with their pictures, masked the same way every time."""
        if self._dev_pictures is not None:  # the tower has changed since
            self._dev_features = self._dev_pictures.all_features(self.head.side)
        return super().dev_scores()

    def _attending_to(self, features: Tensor) -> Context:
        """A context in which packed texts attend to their pictures, one picture per text."""
        patches = self.head.side.project(features)

        def look(states: Tensor, batch: PackedBatch) -> Tensor:
            places, is_token = (each.to(states.device) for each in padded(batch))
            attended = self.head.look(states.float()[places], patches)
            packed = torch.empty_like(attended[is_token])
            packed[places[is_token]] = attended[is_token]
            return packed

        return look
