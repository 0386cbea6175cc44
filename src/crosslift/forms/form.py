"""What every form of intermediate task gives the training loop, which knows nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record

Rows = NDArray[np.int64]
Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class StepLoss:
    """The outcome of one batch.

    Args:
        loss: scalar, float32, with gradient.
        tokens: tokens that went through the text encoder (prompt and special tokens included).
    """

    loss: Tensor
    tokens: int


@dataclass(frozen=True, slots=True)
class FormOptions:
    """The settings of a stage that a form reads.

    Args:
        text_locked: the text encoder stays as it is.
        shuffle_pictures: every picture goes to a wrong text, the control of image-text tasks.
        seed: of the head's initial weights and of the shuffling.
        cached_texts: so many texts go through the encoder at a time, and their activations are
            computed again for the gradient; None: all at once, and activations are kept.
    """

    text_locked: bool
    shuffle_pictures: bool
    seed: int
    cached_texts: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """The records of one split and, in tasks with pictures, their pictures.

    Args:
        records: N records.
        pictures: the P distinct pictures, decoded, uint8 [P, size, size, 3]; None in text-only tasks,
            and where the image tower is frozen.
        places: which picture each record has, int64 [N]; None: record i has picture i.
        features: what a frozen image tower makes of each picture, float [P, W] or, of patches,
            [P, patches, W].
        teachings: what a teacher makes of each record's text, float32 [N, E].
    """

    records: Sequence[Record]
    pictures: Pictures | None = None
    places: NDArray[np.int64] | None = None
    features: NDArray[np.floating] | None = None
    teachings: NDArray[np.float32] | None = None

    @property
    def places_of_records(self) -> NDArray[np.int64]:
        """Which picture each record has, int64 [N]."""
        return np.arange(len(self.records)) if self.places is None else self.places


class OpenTask(Protocol):
    """A task opened on an encoder: tokenised, with its head, ready to be trained on."""

    size: int
    """Number of training rows; a record that is cut into windows has several."""

    @property
    def head(self) -> torch.nn.Module:
        """What the form trains beside the encoder; without parameters where there is nothing."""

    def token_ids(self) -> Iterable[int]:
        """Ids of every token that can occur in training or on dev."""

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """The next rows after `start` that were drawn before: a function of its arguments alone, so
        that a killed run goes on with the batches it would have had."""

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The loss of a batch of training records."""

    def dev_scores(self) -> dict[str, float]:
        """Scores in [0, 1] or losses on the dev records, English only; empty where there are none."""


class Form(Protocol):
    """A form of task: what gives a dataset its head, loss and collation."""

    @property
    def name(self) -> str:
        """As it is written in a study."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The text columns it binds, by name."""

    def open(self, encoder: Encoder, train: Split, dev: Split, options: FormOptions) -> OpenTask:
        """Tokenises the records and makes the head."""


def epoch_rows(size: int, start: int, count: int, seed: int) -> Rows:
    """The next rows when epochs are shuffled and joined end to end without a remainder.

    Args:
        size: number of records.
        start: rows that were drawn before.
        count: rows to draw.
        seed: of the shuffling.

    Returns:
        int64 [count]
    """
    wanted = np.arange(start, start + count)
    rows = np.empty(count, np.int64)
    for epoch in range(wanted[0] // size, wanted[-1] // size + 1):
        order = np.random.default_rng((seed, epoch)).permutation(size)
        inside = wanted // size == epoch
        rows[inside] = order[wanted[inside] % size]
    return rows


def rows_by_group(groups: NDArray[np.int64], start: int, count: int, seed: int) -> Rows:
    """The next rows when an epoch has one row of each group, another one in another epoch.

    Args:
        groups: int64 [N], the group of each row, from 0 on without gaps.
        start: rows that were drawn before.
        count: rows to draw.
        seed: of the shuffling of the groups, and of the row that is taken of each.

    Returns:
        int64 [count]
    """
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    firsts = np.cumsum(sizes) - sizes
    chosen = epoch_rows(len(sizes), start, count, seed)
    epochs = np.arange(start, start + count) // len(sizes)
    within = np.empty(count, np.int64)
    for epoch in np.unique(epochs):
        chances = np.random.default_rng((seed, int(epoch), 5)).random(len(sizes))
        here = epochs == epoch
        within[here] = (chances * sizes)[chosen[here]].astype(np.int64)
    rows: Rows = order[firsts[chosen] + within]
    return rows


def group_numbers(records: Sequence[Record]) -> NDArray[np.int64]:
    """A number for each record, equal for records of one group (see Record), int64 [N]."""
    numbers: dict[str, int] = {}
    names = [record.group or f"\0{record.id}" for record in records]
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def column(records: Sequence[Record], name: str) -> list[str]:
    """The texts of a column, bound by its name.

    Raises:
        DataError: a record lacks the column.
    """
    from crosslift.errors import DataError

    for record in records:
        if name not in record.texts:
            raise DataError(
                f"record {record.id!r} has no text {name!r}", f"one of {', '.join(record.texts)}"
            )
    return [record.texts[name] for record in records]


def pictures_of(records: Sequence[Record]) -> list[Picture]:
    """The pictures of the records.

    Raises:
        DataError: a record has none.
    """
    from crosslift.errors import DataError

    paths = [record.image for record in records if record.image is not None]
    if len(paths) < len(records):
        lacking = next(record.id for record in records if record.image is None)
        raise DataError(f"record {lacking!r} has no picture", "a picture for each record")
    return paths
