"""Single training updates with CrossLift, as its loop does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from crosslift.encoders.load_encoder import Encoder
from crosslift.forms.form import Form, FormOptions, Split
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

RATE = 2e-5

Update = Callable[[Sequence[int], int], None]
"""Trains once on the records of some numbers; the second argument seeds dropout and drawing."""


def open_update(
    encoder: Encoder,
    form: Form,
    split: Split,
    *,
    task: str,
    token_table: str = "occurring",
    ranks: Ranks = ALONE,
) -> Update:
    """Updates of all weights of an encoder and of a form's head.

    Args:
        encoder: to train.
        form: what the task trains.
        split: its records.
        task: its name.
        token_table: as in `StageSettings`.
        ranks: that share each update.
    """
    options = FormOptions(text_locked=False, partners="own", seed=0, ranks=ranks)
    opened = form.open(encoder, split, Split([]), options)
    settings = StageSettings.model_validate(
        {"task": task, "learning_rate": RATE, "token_table": token_table}
    )
    weights = Weights(encoder, {task: opened.head}, opened.token_ids(), settings, ranks=ranks)
    encoder.model.train()

    def update(rows: Sequence[int], number: int) -> None:
        loss = opened.loss(np.array(rows), np.random.default_rng(number)).loss
        weights.add_gradient(loss)
        weights.step(1.0)

    return update


def pair_records(texts: Sequence[str]) -> list[Record]:
    """Records of anchors and positives, from texts in turn."""
    pairs = zip(texts[::2], texts[1::2], strict=False)
    return [Record(str(i), {"anchor": a, "positive": b}) for i, (a, b) in enumerate(pairs)]


def batch_rows(number: int, batch: int, count: int) -> list[int]:
    """The numbers of the records in a batch, from the start again after the last record."""
    return [row % count for row in range(number * batch, (number + 1) * batch)]
