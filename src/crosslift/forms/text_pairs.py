"""Contrastive text pairs: InfoNCE with in-batch negatives and, where given, hard negatives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from crosslift.encoders.encode import encode
from crosslift.encoders.load import Encoder
from crosslift.forms.contrast import info_nce, unit
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
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.retrieval.ranks import gold_ranks


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pulls an anchor towards its positive and away from the other positives of the batch.

    | column | what it holds |
    |---|---|
    | ``anchor`` | a text |
    | ``positive`` | a text that means the same; it may be the anchor's own column |
    | ``negative`` | optional: a text close to the anchor that does not |

    Where ``positive`` is the anchor's own column, each text goes through twice, and the two vectors
    differ by dropout alone (SimCSE without labels). Without dropout there is nothing to learn but
    to push texts apart.

    Args:
        anchor, positive, negative: names of the records' columns; bound by name.
        temperature: of the softmax over cosines.
        one_of_a_group: an epoch has one pair of each group (such as the captions of one picture), not
            all of them.

    Source: Gao et al. 2021 (arXiv 2104.08821), section 4; the same text twice: section 3;
    from English to other languages: Wang et al. 2022 (arXiv 2211.06127).
    """

    anchor: str = "anchor"
    positive: str = "positive"
    negative: str | None = None
    temperature: float = 0.05
    one_of_a_group: bool = False
    name: str = "text-pairs"

    @property
    def columns(self) -> tuple[str, ...]:
        """Anchor, positive and, where bound, negative."""
        wanted = (self.anchor, self.positive, self.negative)
        return tuple(name for name in wanted if name is not None)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenTextPairs:
        """Tokenises the pairs; the form has no head of its own."""
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
        self._texts = [encoder.tokenise(column(train.records, name)) for name in form.columns]
        self._groups = group_numbers(train.records)
        groups = len(np.unique(self._groups))
        self.size = groups if form.one_of_a_group else len(train.records)
        self._dev = [column(dev.records, name) for name in form.columns[:2]]

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = [self.encoder.tokenise(texts) for texts in self._dev if texts]
        return {i for texts in (*self._texts, *dev) for sequence in texts for i in sequence}

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, of all pairs or of one of each group."""
        if self.form.one_of_a_group:
            return rows_by_group(self._groups, start, count, seed)
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """InfoNCE from anchors to positives; all texts of the batch go through in one packed batch."""
        del generator
        sequences = [texts[row] for texts in self._texts for row in rows]
        vectors = unit(batch_vectors(self.encoder, sequences, self._options))
        anchors, candidates = vectors[: len(rows)], vectors[len(rows) :]
        groups = self._groups[rows]
        same = groups[:, None] == groups[None, :]
        hard = np.zeros((len(rows), len(candidates) - len(rows)), bool)
        mask = torch.from_numpy(np.concatenate([same, hard], axis=1)).to(vectors.device)
        loss = info_nce(anchors, candidates, mask, 1 / self.form.temperature)
        return StepLoss(loss, sum(map(len, sequences)))

    def dev_scores(self) -> dict[str, float]:
        """Top-1 accuracy from dev anchors to dev positives; none where these are the same texts."""
        anchors, positives = self._dev
        if not anchors or anchors == positives:
            return {}
        ranks = gold_ranks(
            encode(self.encoder, anchors), encode(self.encoder, positives), np.arange(len(anchors))
        )
        return {"dev_top1_accuracy": float(top1_accuracy(ranks).mean())}
