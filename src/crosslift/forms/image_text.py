"""Contrastive image-text pairs: the symmetric softmax of CLIP, with a learned temperature."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.encode import encode
from crosslift.encoders.load import Encoder
from crosslift.errors import DataError
from crosslift.forms.contrast import info_nce, unit
from crosslift.forms.form import (
    FormOptions,
    Rows,
    Split,
    StepLoss,
    column,
    epoch_rows,
    group_numbers,
)
from crosslift.forms.forward import batch_vectors
from crosslift.images.augment import augment
from crosslift.images.tower import ConvolutionalTower, as_input, embed_pictures
from crosslift.retrieval.metrics import recall_at
from crosslift.retrieval.ranks import gold_ranks

_LARGEST_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class ImageText:
    """Pulls a picture and its text together in one space, away from the rest of the batch.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    Args:
        text: name of the records' text column.
        picture_size: side of the square pictures in pixels.
        first_temperature: where the learned temperature starts; its inverse stays at most 100.

    Source: Radford et al. 2021 (arXiv 2103.00020), section 2.3.
    """

    text: str = "text"
    picture_size: int = 64
    first_temperature: float = 0.07
    name: str = "image-text"

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column."""
        return (self.text,)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenImageText:
        """Tokenises the texts and makes the image tower, seeded by the options."""
        return OpenImageText(self, encoder, train, dev, options)


class ImageTextHead(torch.nn.Module):
    """What the image side of the task trains: the image tower and the temperature.

    Args:
        width: D of the shared space, the text encoder's.
        first_temperature: where the temperature starts.
    """

    def __init__(self, width: int, first_temperature: float) -> None:
        super().__init__()
        self.tower = ConvolutionalTower(width)
        self.log_scale = torch.nn.Parameter(torch.tensor(math.log(1 / first_temperature)))

    @property
    def scale(self) -> Tensor:
        """Inverse temperature; the parameter itself is clamped, so that it can come down again."""
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(_LARGEST_SCALE))
        return self.log_scale.exp()


class OpenImageText:
    """Image-text pairs opened on an encoder."""

    def __init__(
        self, form: ImageText, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        if train.pictures is None:
            raise DataError("the records of an image-text task have no pictures")
        self.encoder = encoder
        self._options = options
        self.size = len(train.records)
        self.groups = group_numbers(train.records)
        self.pictures = train.pictures
        if options.shuffle_pictures:
            self.pictures = train.pictures[wrong_partners(self.groups, options.seed)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.head = ImageTextHead(encoder.width, form.first_temperature).to(encoder.device)
        self._texts = column(train.records, form.text)
        self._sequences = encoder.tokenise(self._texts)
        self._dev_texts = column(dev.records, form.text)
        self._dev_pictures = dev.pictures
        self._locked = self._locked_vectors() if options.text_locked else None

    def _locked_vectors(self) -> Tensor:
        return torch.from_numpy(encode(self.encoder, self._texts)).to(self.encoder.device)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = self.encoder.tokenise(self._dev_texts) if self._dev_texts else []
        return {i for texts in (self._sequences, dev) for sequence in texts for i in sequence}

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean of picture-to-text and text-to-picture InfoNCE."""
        texts = unit(self._text_vectors(rows))
        pictures = as_input(augment(self.pictures[rows], generator), texts.device)
        images = unit(self.head.tower(pictures))
        groups = self.groups[rows]
        same = torch.from_numpy(groups[:, None] == groups[None, :]).to(texts.device)
        scale = self.head.scale
        loss = info_nce(images, texts, same, scale) + info_nce(texts, images, same, scale)
        tokens = 0 if self._locked is not None else sum(len(self._sequences[row]) for row in rows)
        return StepLoss(loss / 2, tokens)

    def _text_vectors(self, rows: Rows) -> Tensor:
        if self._locked is not None:
            return self._locked[rows]
        sequences = [self._sequences[row] for row in rows]
        return batch_vectors(self.encoder, sequences, self._options)

    def dev_scores(self) -> dict[str, float]:
        """Recall at 10 from dev texts to dev pictures."""
        if self._dev_pictures is None or not self._dev_texts:
            return {}
        ranks = gold_ranks(
            encode(self.encoder, self._dev_texts),
            embed_pictures(self.head.tower, self._dev_pictures),
            np.arange(len(self._dev_texts)),
        )
        return {"dev_recall_at_10": float(recall_at(ranks, 10).mean())}


def wrong_partners(groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A shuffling of N records that gives none a partner of its own group.

    Args:
        groups: int64 [N]; records of one group show the same thing.
        seed: of the shuffling.

    Returns:
        int64 [N], a permutation.

    Raises:
        DataError: more than half of the records are of one group, so that none exists.
    """
    largest = int(np.bincount(groups).max())
    if 2 * largest > len(groups):
        raise DataError(f"pictures cannot be shuffled: {largest} of {len(groups)} are of one group")
    # Records laid out group by group, the groups in random order: rotating them by the size of the
    # largest group takes every record out of its group, to a random other one.
    generator = np.random.default_rng(seed)
    turn = generator.permutation(int(groups.max()) + 1)
    order = generator.permutation(len(groups))
    by_group = order[np.argsort(turn[groups[order]], kind="stable")]
    partners = np.empty_like(order)
    partners[by_group] = np.roll(by_group, largest)
    return partners
