"""The head of contrastive image-text pairs, and the task opened on an encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.contrastive_losses import info_nce, nearer_by_guide, pairwise_sigmoid, unit
from crosslift.forms.form import Column, FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import batch_vectors, count_tokens, distinct_ids, text_vectors
from crosslift.forms.further_encoder import FurtherVectors
from crosslift.forms.heads import seeded
from crosslift.forms.matryoshka import check_dimensions, over_dimensions
from crosslift.forms.picture_side import (
    DevPictures,
    PictureSide,
    SplitPictures,
)

if TYPE_CHECKING:
    from crosslift.forms.image_text import ImageText

_LARGEST_SCALE = 100.0
_FIRST_TEMPERATURE = {"softmax": 0.07, "sigmoid": 0.1}
_FIRST_BIAS = -10.0
_GUIDE_MARGIN = 0.1


class ImageTextHead(PictureSide):
    """The trained modules of the image side: image tower, map, temperature and bias.

    Args:
        form: the form.
        width: D of the shared space, the text encoder's.
        seed: seed of the weights.
        features: see `PictureSide`.
    """

    def __init__(self, form: ImageText, width: int, seed: int, features: int | None = None) -> None:
        super().__init__(form, width, seed, features)
        first = form.first_temperature or _FIRST_TEMPERATURE[form.loss]
        self.log_scale = torch.nn.Parameter(torch.tensor(math.log(1 / first)))
        if form.loss == "sigmoid":
            self.bias = torch.nn.Parameter(torch.tensor(_FIRST_BIAS))

    @property
    def scale(self) -> Tensor:
        """Inverse temperature. The parameter itself is clamped, so that it can decrease again."""
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(_LARGEST_SCALE))
        return self.log_scale.exp()

    def picture_vectors(self, features: Tensor) -> Tensor:
        """Maps the tower's features of pictures, [N, W], to the shared space, [N, D]."""
        vectors: Tensor = self.project(features)
        return vectors

    def text_vectors(self, vectors: Tensor) -> Tensor:
        """Pooled text vectors [N, D] in the shared space: unchanged."""
        return vectors


class OpenImageText:
    """Image-text pairs opened on an encoder."""

    def __init__(
        self, form: ImageText, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        self.form = form
        self.encoder = encoder
        self._options = options
        self.pictures = SplitPictures(form, train, options, encoder.device)
        self.pictures.check_negatives()
        self.size = self.pictures.count
        width = encoder.width_in(encoder.place_at(form.hidden_state))
        check_dimensions(form.matryoshka, form.matryoshka_weights, width)
        seed, features = options.seed, self.pictures.width
        self.head = seeded(lambda: form.head(width, seed, features), seed, encoder.device)
        texts = Column(train.records, form.text)
        self._sequences = tokenise_compactly(encoder, texts)
        self._guide = _guide_of(form, texts, options)
        state = form.hidden_state
        if state is not None:
            _ = encoder.runner.stops_early  # tested here, not during training
        self._dev = DevPictures(form, encoder, dev, options.ranks, state) if dev.records else None
        self._locked = None
        if options.text_locked:
            vectors = text_vectors(encoder, texts, options.ranks, state)
            self._locked = torch.from_numpy(vectors).to(encoder.device)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = self._dev.sequences if self._dev else []
        return distinct_ids(self._sequences, dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs. In each, a picture appears once, with one of its texts."""
        return self.pictures.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean of InfoNCE in both directions, or the mean sigmoid loss of a record."""
        features = self.pictures.features(self.head, rows, generator)
        texts, tokens = self._texts(rows)
        loss = self._contrast(self.head.picture_vectors(features), texts, self._alike(rows))
        return StepLoss(loss, tokens)

    def _alike(self, rows: Rows) -> Tensor:
        """Which records of a batch are no negatives of one another, bool [B, B]."""
        same = self.pictures.alike(rows)
        if self._guide is None:
            return same
        margin = _GUIDE_MARGIN if self.form.guide_margin is None else self.form.guide_margin
        captions = unit(torch.from_numpy(self._guide.of(0, rows))).to(same.device)
        return same | nearer_by_guide(captions, captions, margin)

    def _contrast(self, images: Tensor, texts: Tensor, alike: Tensor) -> Tensor:
        """This rank's share of the contrastive loss of a batch, over all dimensions that train.

        Args:
            images, texts: vectors of the batch, float32 [B, D].
            alike: see `_alike`.
        """
        form, share = self.form, self._options.ranks.even(len(alike))

        def contrast(images: Tensor, texts: Tensor) -> Tensor:
            return self._contrast_of(unit(images), unit(texts), alike, share.span)

        both = [images, texts]
        loss = over_dimensions(contrast, both, form.matryoshka, form.matryoshka_weights)
        return share.of_mean(loss)

    def _contrast_of(self, images: Tensor, texts: Tensor, alike: Tensor, mine: slice) -> Tensor:
        """The loss of some records of a batch, the mean over them, against all of it.

        Args:
            images, texts: unit rows of the batch, float32 [B, D].
            alike: see `_alike`.
            mine: places of the records whose loss this rank computes.
        """
        same, scale = alike[mine], self.head.scale
        if self.form.loss == "sigmoid":
            return pairwise_sigmoid(images[mine], texts, same, scale, self.head.bias, mine.start)
        to_texts = info_nce(images[mine], texts, same, scale, mine.start)
        return (to_texts + info_nce(texts[mine], images, same, scale, mine.start)) / 2

    def _texts(self, rows: Rows) -> tuple[Tensor, int]:
        """Vectors of the records' texts, [B, D], and the number of tokens that were encoded."""
        if self._locked is not None:
            return self._locked[rows], 0
        sequences = [self._sequences[row] for row in rows]
        vectors = batch_vectors(self.encoder, sequences, self._options, self.form.hidden_state)
        return vectors, count_tokens(sequences)

    def dev_scores(self) -> dict[str, float]:
        """Recall at 10 from dev texts to dev pictures; empty without dev records."""
        return {} if self._dev is None else self._dev.scores(self.head)


def _guide_of(form: ImageText, texts: Column, options: FormOptions) -> FurtherVectors | None:
    """The guide's vectors of the captions, which are column 0; None: there is no guide.

    Raises:
        DataError: there is a margin without a guide.
        EncoderError: the guide cannot be used.
    """
    if form.guide is not None:
        return FurtherVectors(form.guide, [texts], options.ranks, options.kept.get("guide"))
    if form.guide_margin is not None:
        raise DataError(
            f"guide_margin {form.guide_margin} of {form.name} without a guide",
            "the encoder that it belongs to",
            "write `options: {guide: NAME}`",
        )
    return None
