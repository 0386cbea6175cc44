"""The map from captions to the vectors of a frozen teacher, and the task opened on an encoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.contrastive_losses import info_nce, unit
from crosslift.forms.form import Column, FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import batch_vectors, count_tokens, distinct_ids, text_vectors
from crosslift.forms.heads import seeded
from crosslift.forms.picture_side import DevPictures, SplitPictures

if TYPE_CHECKING:
    from crosslift.forms.caption_to_feature import CaptionToFeature

_TEMPERATURE = 0.07


class FeatureHead(torch.nn.Module):
    """A linear map from text vectors to the teacher's.

    Args:
        width: D of the text encoder.
        features: E of the teacher.
    """

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.map = torch.nn.Linear(width, features)

    def text_vectors(self, vectors: Tensor) -> Tensor:
        """Maps pooled text vectors [N, D] to the teacher's space, [N, E]."""
        mapped: Tensor = self.map(vectors)
        return mapped

    def picture_vectors(self, features: Tensor) -> Tensor:
        """The tower's vectors of pictures, [N, E], in the shared space: unchanged."""
        return features


class OpenCaptionToFeature:
    """Caption-to-feature regression opened on an encoder."""

    def __init__(
        self,
        form: CaptionToFeature,
        encoder: Encoder,
        train: Split,
        dev: Split,
        options: FormOptions,
    ) -> None:
        self.form = form
        self.encoder = encoder
        self._options = options
        self.pictures = SplitPictures(form, train, options, encoder.device)
        if form.loss == "softmax":
            self.pictures.check_negatives()
        self.size = self.pictures.count
        width, features = encoder.width, self.pictures.width
        if features is None:
            raise DataError("caption-to-feature has no vectors of its teacher")
        self.head = seeded(
            lambda: form.head(width, options.seed, features), options.seed, encoder.device
        )
        texts = Column(train.records, form.text)
        self._sequences = tokenise_compactly(encoder, texts)
        self._dev = DevPictures(form, encoder, dev, options.ranks) if dev.records else None
        self._caption_targets = None
        if train.teachings is not None:  # captions with the teacher's vectors of them
            self._caption_targets = torch.from_numpy(np.asarray(train.teachings)).to(encoder.device)
        self._locked = None
        if options.text_locked:
            vectors = text_vectors(encoder, texts, options.ranks)
            self._locked = torch.from_numpy(vectors).to(encoder.device)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = self._dev.sequences if self._dev else []
        return distinct_ids(self._sequences, dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs. In each, a picture appears once, with one of its captions."""
        return self.pictures.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean distance of the mapped captions from the teacher's vectors."""
        vectors, tokens = self._vectors(rows)
        share = self._options.ranks.even(len(rows))
        mine = share.span
        texts = unit(self.head.text_vectors(vectors[mine]))
        if self._caption_targets is not None:
            targets = unit(self._caption_targets[self.pictures.records_of_partners(rows)])
        else:
            targets = unit(self.pictures.features(None, rows, generator))
        if self.form.loss == "softmax":
            same = self.pictures.alike(rows)[mine]
            loss = info_nce(texts, targets, same, 1 / _TEMPERATURE, mine.start)
            return StepLoss(share.of_mean(loss), tokens)
        cosines = (texts * targets[mine]).sum(1)
        factor = 2.0 if self.form.loss == "mse" else 1.0  # |u - v|^2 = 2 (1 - u v) of unit vectors
        return StepLoss(share.of_mean(factor * (1 - cosines).mean()), tokens)

    def _vectors(self, rows: Rows) -> tuple[Tensor, int]:
        if self._locked is not None:
            return self._locked[rows], 0
        sequences = [self._sequences[row] for row in rows]
        return batch_vectors(self.encoder, sequences, self._options), count_tokens(sequences)

    def dev_scores(self) -> dict[str, float]:
        """Recall at 10 from dev captions to dev pictures; empty without dev records."""
        return {} if self._dev is None else self._dev.scores(self.head)
