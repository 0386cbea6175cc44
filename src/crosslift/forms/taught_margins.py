"""Margins that text pairs learn: how much nearer a teacher puts a pair than a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.errors import DataError
from crosslift.forms.contrastive_losses import margin_mse, unit
from crosslift.forms.form import Rows
from crosslift.forms.further_encoder import FurtherVectors
from crosslift.forms.negative_texts import NegativeTexts
from crosslift.sources.record import Record

if TYPE_CHECKING:
    from crosslift.forms.text_pairs import TextPairs


class TaughtMargins:
    """The margins of all negatives of some pairs, from a guide or from the records.

    Args:
        form: the form.
        records: N pairs.
        negatives: negatives of the pairs.
        guide: vectors of a further encoder for anchors (column 0), positives (1) and negatives (2);
            None: the records bring the margins.

    Raises:
        DataError: neither a guide nor the records give margins, or both do; a pair has no negative, or
            more or fewer margins than negatives; the form draws further negatives, which have no
            margin.
    """

    def __init__(
        self,
        form: TextPairs,
        records: Sequence[Record],
        negatives: NegativeTexts,
        guide: FurtherVectors | None,
    ) -> None:
        self._scale = form.margin_scale
        self._negatives, self._guide = negatives, guide
        _check_origin(form, any(record.margins for record in records))
        _check_negatives(form, records, negatives)
        self._stated = None if guide else _stated(records, negatives)

    def loss(self, rows: Rows, mine: slice) -> Callable[[Tensor], Tensor]:
        """Returns the squared error of the margins of some pairs, the mean over their negatives.

        Args:
            rows: rows of a batch, int64 [B]; its vectors are the vectors of all anchors, positives and
                negatives.
            mine: places of the pairs in the batch.
        """
        counts = self._negatives.counts[rows]
        stops = np.cumsum(counts)
        pairs = np.repeat(np.arange(len(rows)), counts)
        part = slice(int(stops[mine.start] - counts[mine.start]), int(stops[mine.stop - 1]))
        owners = torch.from_numpy(pairs[part])
        taught = self._of(rows[pairs[part]], self._negatives.numbers_of(rows[mine]))

        def loss(vectors: Tensor) -> Tensor:
            units = unit(vectors)
            anchors, positives, rest = units.split(
                [len(rows), len(rows), len(units) - 2 * len(rows)]
            )
            places = owners.to(units.device)
            triple = anchors[places], positives[places], rest[part]
            return margin_mse(*triple, taught.to(units.device), self._scale)

        return loss

    def _of(self, rows: Rows, numbers: Rows) -> Tensor:
        """The margins of some negatives, float32 [n].

        Args:
            rows: rows of the negatives' pairs, int64 [n].
            numbers: numbers of the negatives, int64 [n].
        """
        if self._stated is not None:
            return self._stated[torch.from_numpy(numbers)]
        if self._guide is None:
            raise TypeError("margins come from nowhere")
        columns = ((0, rows), (1, rows), (2, numbers))
        anchors, positives, negatives = (
            unit(torch.from_numpy(self._guide.of(column, some))) for column, some in columns
        )
        return (anchors * positives).sum(1) - (anchors * negatives).sum(1)


def _check_origin(form: TextPairs, stated: bool) -> None:
    if (form.guide is not None) != stated:
        return
    both = "with a guide, and with margins in the records"
    raise DataError(
        "loss margin-mse of text pairs "
        + (both if stated else "without a guide, and without margins in the records"),
        "one of them: whose margins are learned",
        "write `options: {loss: margin-mse, guide: NAME}` for pairs without a column `margin`",
    )


def _check_negatives(form: TextPairs, records: Sequence[Record], negatives: NegativeTexts) -> None:
    if form.hard_negatives != "none":
        raise DataError(
            f"hard_negatives {form.hard_negatives} with loss margin-mse",
            "hard_negatives: none",
            "the loss learns from a pair's own negatives alone",
        )
    without = np.flatnonzero(negatives.counts == 0)
    if len(without):
        raise DataError(
            f"pair {records[int(without[0])].id!r} has no negative ({len(without):,} of "
            f"{len(records):,} pairs): loss margin-mse learns from a pair's own negatives",
            "a negative for each pair",
            "`crosslift negatives` mines them; remove the pairs that it finds none for",
        )


def _stated(records: Sequence[Record], negatives: NegativeTexts) -> Tensor:
    """The margins of all negatives, in their order."""
    for record, count in zip(records, negatives.counts.tolist(), strict=True):
        if len(record.margins) != count:
            raise DataError(
                f"pair {record.id!r} has {count} negatives and {len(record.margins)} margins",
                "a margin for each negative: the teacher's score of the pair less that of its anchor "
                "with the negative",
            )
    margins = chain.from_iterable(record.margins for record in records)
    return torch.from_numpy(np.fromiter(margins, np.float32, len(negatives)))
