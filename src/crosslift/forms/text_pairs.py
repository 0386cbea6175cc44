"""Contrastive text pairs: InfoNCE with in-batch negatives and optional hard negatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.contrastive_losses import info_nce, triplet, unit
from crosslift.forms.form import (
    Column,
    FormOptions,
    Rows,
    Split,
    StepLoss,
    column,
    epoch_rows,
    group_numbers,
    rows_by_group,
)
from crosslift.forms.forward import batch_vectors, distinct_ids
from crosslift.forms.hard_negatives import HardNegatives
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.retrieval.ranks import gold_ranks
from crosslift.sources.record import Record, names_of_several


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pulls an anchor towards its positive and away from the other positives of the batch.

    A text of the batch that is right for an anchor is none of its negatives. Right are the positives of
    pairs with the same group, anchor or positive, and the anchor's own text.

    | column | what it holds |
    |---|---|
    | ``anchor`` | a text |
    | ``positive`` | a text that means the same; it may be the anchor's own column |
    | ``negative`` | optional: a text close to the anchor that does not mean the same |

    A record may have no negative, one or several (`crosslift.sources.record.numbered_name`); each is a
    negative of every anchor of the batch.

    If ``positive`` is the anchor's own column, each text is encoded twice, and the two vectors differ
    by dropout alone (SimCSE without labels). Without dropout, training can only push texts apart.

    Args:
        anchor, positive, negative: names of the records' columns; bound by name.
        loss: ``softmax``: InfoNCE; ``triplet``: the hardest negative of the batch alone.
        temperature: of the softmax over cosines.
        margin: of the triplet loss, in cosine.
        hidden_state: the hidden state that is pooled for the loss; 0 is the embedding output. The
            layers above it are neither run nor trained. None: the encoder's.
        hard_negatives: the batch has one more text per pair, drawn from the positives of other pairs
            that are nearest to its positive: by letters (``string``), or by the vectors of the encoder
            at the start of the stage (``embedding``). ``none``: no additional texts.
        one_of_a_group: an epoch has one pair of each group (such as the captions of one picture), not
            all of them.

    Source: Gao et al. 2021 (arXiv 2104.08821), section 4; the same text twice: section 3;
    from English to other languages: Wang et al. 2022 (arXiv 2211.06127); words at an early hidden
    state: Ngugi 2025 (arXiv 2506.15415).
    """

    anchor: str = "anchor"
    positive: str = "positive"
    negative: str | None = None
    loss: Literal["softmax", "triplet"] = "softmax"
    temperature: float = 0.05
    margin: float = 0.2
    hidden_state: int | None = None
    hard_negatives: Literal["none", "string", "embedding"] = "none"
    one_of_a_group: bool = False
    name: str = "text-pairs"

    @property
    def columns(self) -> tuple[str, ...]:
        """Anchor, positive and, if bound, negative."""
        names = (self.anchor, self.positive, self.negative)
        return tuple(name for name in names if name is not None)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenTextPairs:
        """Tokenises the pairs; the form has no head.

        Raises:
            DataError: the encoder lacks the hidden state, or no pair has a negative.
        """
        last = int(encoder.model.config.num_hidden_layers)
        if self.hidden_state is not None and self.hidden_state > last:
            raise DataError(
                f"hidden_state {self.hidden_state} of text pairs",
                f"0 (embedding output) to {last}, those that the encoder has",
            )
        if self.hidden_state is not None:
            _ = encoder.runner.stops_early  # tested here, not during training
        return OpenTextPairs(self, encoder, train, dev, options)


class _NegativeTexts(Sequence[str]):
    """The hard negatives of records: none, one or several each, record after record.

    Args:
        records: N records.
        name: of the column of a record's first negative; None: no negatives.

    Attributes:
        starts: int64 [N + 1], index of each record's first text; the last is their number.
    """

    def __init__(self, records: Sequence[Record], name: str | None) -> None:
        self._records = records
        self._name = name
        counts = map(len, map(self._of, records)) if name is not None else repeat(0, len(records))
        self.starts = np.cumsum(np.fromiter(chain((0,), counts), np.int64))

    def _of(self, record: Record) -> list[str]:
        if self._name is None:
            return []
        return [record.texts[name] for name in names_of_several(record.texts, self._name)]

    def __len__(self) -> int:
        """Number of texts."""
        return int(self.starts[-1])

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        """The text of an index, or those of some indices, as of a list."""
        if not isinstance(row, slice):
            return self[row : row + 1][0]
        start, stop, _ = row.indices(len(self))
        first, last = np.searchsorted(self.starts, (start, stop), side="right") - 1
        records = self._records[int(first) : int(last) + 1]
        texts = [text for record in records for text in self._of(record)]
        return texts[start - self.starts[first] :][: max(0, stop - start)]

    def __iter__(self) -> Iterator[str]:
        """All texts, in order."""
        return chain.from_iterable(map(self._of, self._records)) if len(self) else iter(())

    def numbers_of(self, rows: Rows) -> Rows:
        """Indices of the texts that are negatives of some records, int64 [m]."""
        spans = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        return np.concatenate(spans).astype(np.int64)


class OpenTextPairs:
    """Text pairs opened on an encoder."""

    def __init__(
        self, form: TextPairs, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        self.form = form
        self._options = options
        self.encoder = encoder
        self.head = torch.nn.Module()
        texts = [Column(train.records, name) for name in form.columns[:2]]
        self._texts = [tokenise_compactly(encoder, each) for each in texts]
        self._negatives = _NegativeTexts(train.records, form.negative)
        self._negative_texts = tokenise_compactly(encoder, self._negatives)
        self._groups = group_numbers(train.records)
        groups = len(np.unique(self._groups))
        self.size = groups if form.one_of_a_group else len(train.records)
        self._numbers = text_numbers(*texts, self._negatives)
        self._alike = Alike(self._groups, *self._numbers[:2])
        self._hard = None
        if form.hard_negatives != "none":
            self._hard = HardNegatives(form.hard_negatives, texts[1], self._groups, self._read)
        if not self._negatives:  # hard negatives are positives of other pairs, too
            self._alike.check_negatives("pairs")
        self._dev = [column(dev.records, name) for name in form.columns[:2]]

    def _read(self, rows: Rows) -> NDArray[np.float32]:
        """Vectors of the positives of some pairs, at the trained hidden state."""
        sequences = [self._texts[1][row] for row in rows]
        vectors = self.encoder.vectors(sequences, self.form.hidden_state)
        return vectors.cpu().numpy()

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = [tokenise_compactly(self.encoder, texts) for texts in self._dev]
        return distinct_ids(*self._texts, self._negative_texts, *dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, of all pairs or of one of each group."""
        if self.form.one_of_a_group:
            return rows_by_group(self._groups, start, count, seed)
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The contrastive loss from anchors to positives; all texts are encoded in one packed batch."""
        parts = [(texts, rows) for texts in self._texts]
        share = self._options.ranks.even(len(rows))
        mine = rows[share.span]
        right = [self._right_positives(mine, rows)]
        negatives = self._negatives.numbers_of(rows)
        if len(negatives):
            parts.append((self._negative_texts, negatives))
            right.append(self._right_texts(mine, self._numbers[2][negatives]))
        if self._hard is not None:
            drawn = self._hard.draw(rows, generator)
            parts.append((self._texts[1], drawn))
            right.append(self._right_positives(mine, drawn))
        sequences = [texts[row] for texts, some in parts for row in some]
        hidden_state = self.form.hidden_state
        vectors = unit(batch_vectors(self.encoder, sequences, self._options, hidden_state))
        anchors, candidates = vectors[: len(rows)][share.span], vectors[len(rows) :]
        same = torch.from_numpy(np.concatenate(right, axis=1)).to(vectors.device)
        loss = self._contrast(anchors, candidates, same, share.span.start)
        return StepLoss(share.of_mean(loss), sum(map(len, sequences)))

    def _right_positives(self, rows: Rows, others: Rows) -> NDArray[np.bool_]:
        """True where the positive of another pair is right for an anchor, bool [n, m]."""
        positives = self._numbers[1][others]
        return self._alike.between(rows, others) | self._right_texts(rows, positives)

    def _right_texts(self, rows: Rows, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True where a text, by its number, is the text of an anchor or of its positive, bool [n,
        m]."""
        anchors, positives = (each[rows][:, None] for each in self._numbers[:2])
        right: NDArray[np.bool_] = (numbers == anchors) | (numbers == positives)
        return right

    def _contrast(self, anchors: Tensor, candidates: Tensor, same: Tensor, first: int) -> Tensor:
        if self.form.loss == "triplet":
            return triplet(anchors, candidates, same, self.form.margin, first)
        return info_nce(anchors, candidates, same, 1 / self.form.temperature, first)

    def dev_scores(self) -> dict[str, float]:
        """Top-1 accuracy from dev anchors to dev positives, at the encoder's hidden state, which
        targets use; empty if anchors and positives are the same texts."""
        anchors, positives = self._dev
        if not anchors or anchors == positives:
            return {}
        ranks = gold_ranks(
            encode(self.encoder, anchors), encode(self.encoder, positives), np.arange(len(anchors))
        )
        return {"dev_top1_accuracy": float(top1_accuracy(ranks).mean())}
