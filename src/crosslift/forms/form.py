"""The interface between forms of intermediate tasks and the training loop. It loads no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.encoder_settings import Side
from crosslift.errors import DataError
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.forms.form_facts import Partners
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.further_encoder import KeptVectors

Rows = NDArray[np.int64]
Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class StepLoss:
    """The outcome of one batch.

    Args:
        loss: scalar, float32, with gradient. With several ranks, it is this rank's share of the batch's
            loss: losses and gradients of all ranks sum to the same as in one process.
        tokens: number of tokens of the whole batch that went through the text encoder (prompt and
            special tokens included).
    """

    loss: Tensor
    tokens: int


@dataclass(frozen=True, slots=True)
class FormOptions:
    """The settings of a stage that a form reads.

    Args:
        text_locked: the text encoder is not trained.
        partners: the picture that a text is paired with, in tasks with pictures: its ``own``, a
            ``wrong`` one, or another of the ``same-kind``.
        seed: seed of the head's initial weights and of the shuffling.
        cached_texts: number of texts that go through the encoder at a time; their activations are
            computed again for the gradient. None: all at once, and activations stay in memory.
        ranks: ranks that share the work on a batch.
        cached_tokens: number of tokens that go through the encoder at a time, as for `cached_texts`; a
            text with more tokens goes through alone.
        prompts: side -> the text before each text of that side; without one, the encoder's prompt.
        kept: option that names a further encoder (`FormFacts.encoders`) -> its vectors of the training
            texts. Without them, the form has the texts encoded.
    """

    text_locked: bool
    partners: Partners
    seed: int
    cached_texts: int | None = None
    ranks: Ranks = ALONE
    cached_tokens: int | None = None
    prompts: Mapping[Side, str] = field(default_factory=dict)
    kept: Mapping[str, KeptVectors] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """The records of one split with, in tasks with pictures, their pictures.

    Args:
        records: N records.
        pictures: the P distinct pictures, decoded, uint8 [P, size, size, 3]; None in text-only tasks,
            and if the image tower is frozen.
        places: index of each record's picture, int64 [N]; None: record i has picture i.
        features: output of a frozen image tower for each picture, float [P, W] or, for patches,
            [P, patches, W].
        teachings: a teacher's vector of each record's text, float32 [N, E].
    """

    records: Sequence[Record]
    pictures: Pictures | None = None
    places: NDArray[np.int64] | None = None
    features: NDArray[np.floating] | None = None
    teachings: NDArray[np.float32] | None = None

    @property
    def places_of_records(self) -> NDArray[np.int64]:
        """Index of each record's picture, int64 [N]."""
        return np.arange(len(self.records)) if self.places is None else self.places


class OpenTask(Protocol):
    """A task opened on an encoder: tokenised, with its head, ready for training."""

    size: int
    """Number of training rows; a record that is cut into windows has several."""

    @property
    def head(self) -> torch.nn.Module:
        """The module that the form trains besides the encoder; without parameters if there is none."""

    def token_ids(self) -> Iterable[int]:
        """Ids of every token that can occur in training or on dev."""

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """The next rows after the first `start` rows: a function of its arguments alone, so that a
        killed run resumes with the same batches."""

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The loss of a batch of training records. Every rank has the same rows and the same state of
        the generator, draws for all of them, and works on its share (`FormOptions.ranks`)."""

    def dev_scores(self) -> dict[str, float]:
        """Scores in [0, 1] or losses on the dev records, English only; empty without dev records. Every
        rank calls it, and may compute its share of the vectors; what the first rank returns counts."""


class Form(Protocol):
    """A form of task: it defines head, loss and collation of a dataset."""

    @property
    def name(self) -> str:
        """Name of the form in a study."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The text columns it binds, by name."""

    def open(self, encoder: Encoder, train: Split, dev: Split, options: FormOptions) -> OpenTask:
        """Tokenises the records and makes the head."""


def epoch_rows(size: int, start: int, count: int, seed: int) -> Rows:
    """The next rows of shuffled epochs, one after another without a remainder.

    Args:
        size: number of records.
        start: rows drawn so far.
        count: rows to draw.
        seed: seed of the shuffling.

    Returns:
        int64 [count]
    """
    positions = np.arange(start, start + count)
    rows = np.empty(count, np.int64)
    for epoch in range(positions[0] // size, positions[-1] // size + 1):
        order = _order(size, seed, int(epoch))
        in_epoch = positions // size == epoch
        rows[in_epoch] = order[positions[in_epoch] % size]
    return rows


@lru_cache(maxsize=8)
def _order(size: int, seed: int, epoch: int) -> Rows:
    """The rows of an epoch; drawn once, because an update needs only a few of millions."""
    order = np.random.default_rng((seed, epoch)).permutation(size)
    order.flags.writeable = False
    return order


def rows_by_group(groups: NDArray[np.int64], start: int, count: int, seed: int) -> Rows:
    """The next rows of epochs with one row of each group, drawn anew in each epoch.

    Args:
        groups: int64 [N], the group of each row, from 0 on without gaps.
        start: rows drawn so far.
        count: rows to draw.
        seed: seed of the shuffling of the groups, and of the row drawn from each.

    Returns:
        int64 [count]
    """
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    firsts = np.cumsum(sizes) - sizes
    chosen = epoch_rows(len(sizes), start, count, seed)
    epochs = np.arange(start, start + count) // len(sizes)
    offsets = np.empty(count, np.int64)
    for epoch in np.unique(epochs):
        chances = np.random.default_rng((seed, int(epoch), 5)).random(len(sizes))
        in_epoch = epochs == epoch
        offsets[in_epoch] = (chances * sizes)[chosen[in_epoch]].astype(np.int64)
    rows: Rows = order[firsts[chosen] + offsets]
    return rows


def group_numbers(records: Sequence[Record]) -> NDArray[np.int64]:
    """A number for each record, equal for records of one group (see Record), int64 [N]."""
    return equal_numbers(record.group or f"\0{record.id}" for record in records)


class Column(Sequence[str]):
    """The texts of a column of records, read when they are needed.

    Args:
        records: N records.
        name: name of the text column.

    Raises:
        DataError: a record that is read lacks the column.
    """

    def __init__(self, records: Sequence[Record], name: str) -> None:
        self._records = records
        self._name = name

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._records)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        """The text of a record, or a list of the texts of some records."""
        if isinstance(row, slice):
            return [self._text(record) for record in self._records[row]]
        return self._text(self._records[row])

    def __iter__(self) -> Iterator[str]:
        """All texts, in order."""
        return map(self._text, self._records)

    def _text(self, record: Record) -> str:
        if self._name not in record.texts:
            raise DataError(
                f"record {record.id!r} has no text {self._name!r}",
                f"one of {', '.join(record.texts)}",
            )
        return record.texts[self._name]


def column(records: Sequence[Record], name: str) -> list[str]:
    """The texts of a column with a name, as a list.

    Raises:
        DataError: a record lacks the column.
    """
    return list(Column(records, name))


def pictures_of(records: Iterable[Record]) -> Iterator[Picture]:
    """The pictures of the records, one after another.

    Raises:
        DataError: a record has no picture.
    """
    for record in records:
        if record.image is None:
            raise DataError(f"record {record.id!r} has no picture", "a picture for each record")
        yield record.image
