"""Contrastive text pairs: InfoNCE with in-batch negatives and optional hard negatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.contrastive_losses import info_nce, triplet, unit
from crosslift.forms.form import (
    FormOptions,
    Rows,
    Split,
    StepLoss,
    column,
    epoch_rows,
    group_numbers,
    rows_by_group,
)
from crosslift.forms.forward import batch_vectors
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


class _Negatives:
    """The hard negatives of records: none, one or several each.

    Args:
        encoder: tokenises them.
        records: N records.
        name: of the column of a record's first negative; None: no negatives.

    Attributes:
        texts: M texts, record after record.
        sequences: their token sequences.
    """

    def __init__(self, encoder: Encoder, records: Sequence[Record], name: str | None) -> None:
        texts_by_record = [
            [] if name is None else [r.texts[n] for n in names_of_several(r.texts, name)]
            for r in records
        ]
        self.texts = [text for record_texts in texts_by_record for text in record_texts]
        self.sequences = encoder.tokenise(self.texts) if self.texts else []
        self._starts = np.cumsum([0, *map(len, texts_by_record)])

    def numbers_of(self, rows: Rows) -> Rows:
        """Indices of the texts that are negatives of some records, int64 [m]."""
        spans = [np.arange(self._starts[row], self._starts[row + 1]) for row in rows]
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
        self._texts = [encoder.tokenise(column(train.records, name)) for name in form.columns[:2]]
        self._negatives = _Negatives(encoder, train.records, form.negative)
        self._groups = group_numbers(train.records)
        groups = len(np.unique(self._groups))
        self.size = groups if form.one_of_a_group else len(train.records)
        texts = [column(train.records, name) for name in form.columns[:2]]
        self._numbers = text_numbers(*texts, self._negatives.texts)
        self._alike = Alike(self._groups, *self._numbers[:2])
        self._hard = None
        if form.hard_negatives != "none":
            self._hard = HardNegatives(form.hard_negatives, texts[1], self._groups, self._read)
        if not self._negatives.texts:  # hard negatives are positives of other pairs, too
            self._alike.check_negatives("pairs")
        self._dev = [column(dev.records, name) for name in form.columns[:2]]

    def _read(self, rows: Rows) -> NDArray[np.float32]:
        """Vectors of the positives of some pairs, at the trained hidden state."""
        sequences = [self._texts[1][row] for row in rows]
        vectors = self.encoder.vectors(sequences, self.form.hidden_state)
        return vectors.cpu().numpy()

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = [self.encoder.tokenise(texts) for texts in self._dev if texts]
        train = (*self._texts, self._negatives.sequences)
        return {i for texts in (*train, *dev) for sequence in texts for i in sequence}

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, of all pairs or of one of each group."""
        if self.form.one_of_a_group:
            return rows_by_group(self._groups, start, count, seed)
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The contrastive loss from anchors to positives; all texts are encoded in one packed batch."""
        parts = [(texts, rows) for texts in self._texts]
        right = [self._right_positives(rows, rows)]
        negatives = self._negatives.numbers_of(rows)
        if len(negatives):
            parts.append((self._negatives.sequences, negatives))
            right.append(self._right_texts(rows, self._numbers[2][negatives]))
        if self._hard is not None:
            drawn = self._hard.draw(rows, generator)
            parts.append((self._texts[1], drawn))
            right.append(self._right_positives(rows, drawn))
        sequences = [texts[row] for texts, some in parts for row in some]
        hidden_state = self.form.hidden_state
        vectors = unit(batch_vectors(self.encoder, sequences, self._options, hidden_state))
        anchors, candidates = vectors[: len(rows)], vectors[len(rows) :]
        mask = torch.from_numpy(np.concatenate(right, axis=1))
        return StepLoss(
            self._contrast(anchors, candidates, mask.to(vectors.device)), sum(map(len, sequences))
        )

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

    def _contrast(self, anchors: Tensor, candidates: Tensor, same: Tensor) -> Tensor:
        if self.form.loss == "triplet":
            return triplet(anchors, candidates, same, self.form.margin)
        return info_nce(anchors, candidates, same, 1 / self.form.temperature)

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
