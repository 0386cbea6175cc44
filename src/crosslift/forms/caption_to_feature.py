"""Regression from captions to the vectors of a frozen teacher: an image tower, or the text half of
CLIP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import DataError
from crosslift.forms.contrastive_losses import info_nce, unit
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, column
from crosslift.forms.forward import batch_vectors, count_tokens, distinct_ids
from crosslift.forms.heads import seeded
from crosslift.forms.picture_side import DevPictures, PictureForm, SplitPictures
from crosslift.images.tower_settings import CONVOLUTIONAL, TowerSettings

_TEMPERATURE = 0.07


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
        """Of the teacher."""
        projected = self.shared_space or self.teacher == "captions"
        return TowerSettings(
            self.tower, self.tower_revision, self.tower_weights, self.picture_size, projected
        )

    @property
    def reads_teachings(self) -> bool:
        """Whether the teacher is the text half, which reads captions."""
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
        return OpenCaptionToFeature(self, encoder, train, dev, options)


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
        texts = column(train.records, form.text)
        self._sequences = encoder.tokenise(texts)
        self._dev = DevPictures(form, encoder, dev) if dev.records else None
        self._caption_targets = None
        if train.teachings is not None:  # captions with the teacher's vectors of them
            self._caption_targets = torch.from_numpy(np.asarray(train.teachings)).to(encoder.device)
        self._locked = None
        if options.text_locked:
            self._locked = torch.from_numpy(encode(encoder, texts)).to(encoder.device)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = self._dev.sequences if self._dev else []
        return distinct_ids(map(np.array, [*self._sequences, *dev]))

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs. In each, a picture appears once, with one of its captions."""
        return self.pictures.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean distance of the mapped captions from the teacher's vectors."""
        vectors, tokens = self._vectors(rows)
        texts = unit(self.head.text_vectors(vectors))
        if self._caption_targets is not None:
            targets = unit(self._caption_targets[self.pictures.records_of_partners(rows)])
        else:
            targets = unit(self.pictures.features(None, rows, generator))
        if self.form.loss == "softmax":
            same = self.pictures.alike(rows)
            return StepLoss(info_nce(texts, targets, same, 1 / _TEMPERATURE), tokens)
        cosines = (texts * targets).sum(1)
        factor = 2.0 if self.form.loss == "mse" else 1.0  # |u - v|^2 = 2 (1 - u v) of unit vectors
        return StepLoss(factor * (1 - cosines).mean(), tokens)

    def _vectors(self, rows: Rows) -> tuple[Tensor, int]:
        if self._locked is not None:
            return self._locked[rows], 0
        sequences = [self._sequences[row] for row in rows]
        return batch_vectors(self.encoder, sequences, self._options), count_tokens(sequences)

    def dev_scores(self) -> dict[str, float]:
        """Recall at 10 from dev captions to dev pictures; empty without dev records."""
        return {} if self._dev is None else self._dev.scores(self.head)
