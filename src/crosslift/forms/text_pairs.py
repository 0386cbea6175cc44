"""Contrastive text pairs: InfoNCE with in-batch negatives and optional hard negatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.encoder_settings import Side
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.token_sequences import TokenSequences
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.contrastive_losses import info_nce, nearer_by_guide, triplet, unit
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
from crosslift.forms.forward import batch_vectors, dev_accuracy, distinct_ids
from crosslift.forms.further_encoder import FurtherVectors
from crosslift.forms.hard_negatives import HardNegatives
from crosslift.forms.matryoshka import check_dimensions, over_dimensions
from crosslift.forms.negative_texts import NegativeTexts
from crosslift.forms.taught_margins import TaughtMargins

_NEGATIVES = 2
"""Number of the column of negatives, after anchors and positives."""
_SIDES: tuple[Side, ...] = ("src", "tgt")
"""Side of anchors, and side of positives; negatives have the side of positives."""


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pulls an anchor towards its positive and away from the other positives of the batch.

    A text of the batch that is right for an anchor is none of its negatives. Right are the positives of
    pairs with the same group, anchor or positive, and all anchors and positives of the anchor's group.

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
        loss: ``softmax``: InfoNCE; ``triplet``: the hardest negative of the batch alone;
            ``margin-mse``: the cosine of a pair less that of its anchor with each of its own negatives
            is learned from the guide, or from the margins that records bring, by squared error.
        temperature: temperature of the softmax over cosines.
        margin: margin of the triplet loss, in cosine.
        margin_scale: factor of the cosines in ``margin-mse``, for margins of a teacher whose scores are
            no cosines.
        guide: a further encoder, which does not train: `embedded`, a folder or a hub name. A text of
            the batch that it puts nearer to an anchor than the anchor's positive is none of its
            negatives. None: no guide.
        guide_margin: a text counts as nearer if its cosine is above the positive's less this.
        hidden_state: the hidden state that is pooled for the loss; 0 is the embedding output. The
            layers above it are neither run nor trained. None: the encoder's.
        hard_negatives: the batch has one more text per pair, drawn from the positives of other pairs
            that are nearest to its positive: by letters (``string``), or by the vectors of the encoder
            at the start of the stage (``embedding``). ``none``: no additional texts.
        one_of_a_group: an epoch has one pair of each group (such as the captions of one picture), not
            all of them.
        matryoshka: the loss is the sum over vectors that are cut to these numbers of dimensions, so
            that short vectors can be used, too. None: whole vectors.
        matryoshka_weights: factors of the dimensions' losses. None: 1 each.

    Source: Gao et al. 2021 (arXiv 2104.08821), section 4; the same text twice: section 3;
    from English to other languages: Wang et al. 2022 (arXiv 2211.06127); words at an early hidden
    state: Ngugi 2025 (arXiv 2506.15415); the guide: Solatorio 2024 (arXiv 2402.16829); margins of a
    teacher: Hofstätter et al. 2020 (arXiv 2010.02666), section 3; matryoshka: Kusupati et al. 2022
    (arXiv 2205.13147).
    """

    anchor: str = "anchor"
    positive: str = "positive"
    negative: str | None = None
    loss: Literal["softmax", "triplet", "margin-mse"] = "softmax"
    temperature: float = 0.05
    margin: float = 0.2
    margin_scale: float = 1.0
    guide: str | None = None
    guide_margin: float = 0.0
    hidden_state: int | None = None
    hard_negatives: Literal["none", "string", "embedding"] = "none"
    one_of_a_group: bool = False
    matryoshka: tuple[int, ...] | None = None
    matryoshka_weights: tuple[float, ...] | None = None
    name: str = "text-pairs"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of anchor, positive and, if bound, negative."""
        names = (self.anchor, self.positive, self.negative)
        return tuple(name for name in names if name is not None)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenTextPairs:
        """Tokenises the pairs; the form has no head.

        Raises:
            DataError: the encoder lacks the hidden state or a dimension, or no pair has a negative; a
                pair without one, or without margins, with ``margin-mse``.
            EncoderError: the guide cannot be used.
        """
        last = int(encoder.model.config.num_hidden_layers)
        if self.hidden_state is not None and self.hidden_state > last:
            raise DataError(
                f"hidden_state {self.hidden_state} of text pairs",
                f"0 (embedding output) to {last}, those that the encoder has",
            )
        if self.hidden_state is not None:
            _ = encoder.runner.stops_early  # tested here, not during training
        if self.guide is None and self.guide_margin:
            raise DataError(
                f"guide_margin {self.guide_margin} of text pairs without a guide",
                "the encoder that it belongs to",
                "write `options: {guide: NAME}`",
            )
        width = encoder.width_in(encoder.place_at(self.hidden_state))
        check_dimensions(self.matryoshka, self.matryoshka_weights, width)
        return OpenTextPairs(self, encoder, train, dev, options)


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
        self._texts = [self._tokenised(*each) for each in zip(texts, _SIDES, strict=True)]
        self._negatives = NegativeTexts(train.records, form.negative)
        self._negative_texts = self._tokenised(self._negatives, "tgt")
        self._groups = group_numbers(train.records)
        groups = len(np.unique(self._groups))
        self.size = groups if form.one_of_a_group else len(train.records)
        self._numbers = text_numbers(*texts, self._negatives)
        self._alike = Alike(self._groups, *self._numbers[:2])
        self._in_groups = np.unique(
            self._in_group(np.concatenate(self._numbers[:2]), np.tile(self._groups, 2))
        )
        self._hard = None
        if form.hard_negatives != "none":
            self._hard = HardNegatives(form.hard_negatives, texts[1], self._groups, self._read)
        if not self._negatives:  # hard negatives are positives of other pairs, too
            self._alike.check_negatives("pairs")
        self._guide = None
        if form.guide is not None:
            columns = [*texts, self._negatives]
            kept = options.kept.get("guide")
            self._guide = FurtherVectors(form.guide, columns, options.ranks, kept)
        self._taught = None
        if form.loss == "margin-mse":
            self._taught = TaughtMargins(form, train.records, self._negatives, self._guide)
        self._dev = [column(dev.records, name) for name in form.columns[:2]]

    def _tokenised(self, texts: Sequence[str], side: Side) -> TokenSequences:
        prompt = self._options.prompts.get(side)
        return tokenise_compactly(self.encoder, texts, prompt=prompt)

    def _read(self, rows: Rows) -> NDArray[np.float32]:
        """Vectors of the positives of some pairs, at the trained hidden state."""
        sequences = [self._texts[1][row] for row in rows]
        vectors = self.encoder.vectors(sequences, self.form.hidden_state)
        return vectors.cpu().numpy()

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = [self._tokenised(*each) for each in zip(self._dev, _SIDES, strict=True)]
        return distinct_ids(*self._texts, self._negative_texts, *dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, of all pairs or of one of each group."""
        if self.form.one_of_a_group:
            return rows_by_group(self._groups, start, count, seed)
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The contrastive loss from anchors to positives; all texts are encoded in one packed batch."""
        parts = [(column, rows) for column in (0, 1)]
        negatives = self._negatives.numbers_of(rows)
        if len(negatives):
            parts.append((_NEGATIVES, negatives))
        if self._hard is not None:
            parts.append((1, self._hard.draw(rows, generator)))
        columns = (*self._texts, self._negative_texts)
        sequences = [columns[column][row] for column, some in parts for row in some]
        vectors = batch_vectors(self.encoder, sequences, self._options, self.form.hidden_state)
        share = self._options.ranks.even(len(rows))
        if self._taught is not None:
            contrast, sizes = (
                self._taught.loss(rows, share.span),
                self._negatives.counts[rows].tolist(),
            )
        else:
            contrast, sizes = self._contrast(rows, parts[1:], share.span, vectors.device), None
        form = self.form
        loss = over_dimensions(contrast, [vectors], form.matryoshka, form.matryoshka_weights)
        return StepLoss(share.of_mean(loss, sizes), sum(map(len, sequences)))

    def _contrast(
        self, rows: Rows, candidates: Sequence[tuple[int, Rows]], mine: slice, device: torch.device
    ) -> Callable[[Tensor], Tensor]:
        """The loss of the batch's vectors, the anchors' first: the mean over some anchors.

        Args:
            rows: rows of the batch.
            candidates: columns and rows of the texts that anchors are compared with.
            mine: the places of the anchors.
            device: device of the vectors.
        """
        anchors, first, form = rows[mine], mine.start, self.form
        right = [self._right(anchors, column, some) for column, some in candidates]
        same = torch.from_numpy(np.concatenate(right, axis=1)).to(device)
        if self._guide is not None:
            of_anchors = self._of_guide(0, anchors).to(device)
            of_candidates = [self._of_guide(column, some) for column, some in candidates]
            every = torch.cat(of_candidates).to(device)
            same = same | nearer_by_guide(of_anchors, every, form.guide_margin, first)

        def loss(vectors: Tensor) -> Tensor:
            units = unit(vectors)
            queries, others = units[: len(rows)][mine], units[len(rows) :]
            if form.loss == "triplet":
                return triplet(queries, others, same, form.margin, first)
            return info_nce(queries, others, same, 1 / form.temperature, first)

        return loss

    def _of_guide(self, column: int, rows: Rows) -> Tensor:
        """The guide's unit vectors of some texts of a column, float32 [n, E]."""
        if self._guide is None:
            raise TypeError("there is no guide")
        return unit(torch.from_numpy(self._guide.of(column, rows)))

    def _right(self, anchors: Rows, column: int, others: Rows) -> NDArray[np.bool_]:
        """True where a text is right for an anchor, bool [n, m].

        Args:
            anchors: n pairs.
            column: column of the texts.
            others: rows of m texts of the column.
        """
        right = self._texts_of_group(anchors, self._numbers[column][others])
        return right if column == _NEGATIVES else right | self._alike.between(anchors, others)

    def _texts_of_group(self, rows: Rows, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True where a text, by its number, is an anchor or a positive of a pair's group, its own
        included, bool [n, m]."""
        wanted = self._in_group(numbers[None, :], self._groups[rows][:, None])
        places = np.searchsorted(self._in_groups, wanted).clip(max=len(self._in_groups) - 1)
        right: NDArray[np.bool_] = self._in_groups[places] == wanted
        return right

    def _in_group(self, numbers: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """One number for a text and a group."""
        return numbers * (int(self._groups.max()) + 1) + groups

    def dev_scores(self) -> dict[str, float]:
        """Top-1 accuracy from dev anchors to dev positives, at the encoder's hidden state, which
        targets use; empty if anchors and positives are the same texts."""
        anchors, positives = self._dev
        if not anchors or anchors == positives:
            return {}
        return dev_accuracy(self.encoder, anchors, positives, self._options)
