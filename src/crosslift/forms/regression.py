"""Regression: the grade of a pair of texts, such as their similarity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import Ids, tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.checked_fields import filled_column, grades
from crosslift.forms.contrastive_losses import cosent, unit
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import all_vectors, batch_vectors, count_tokens, distinct_ids
from crosslift.forms.heads import linear, seeded
from crosslift.forms.matryoshka import check_dimensions, over_dimensions
from crosslift.metrics.correlations import pearson, spearman
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class Regression:
    """Predicts the grade of two texts.

    | field | what it holds |
    |---|---|
    | text ``text`` | the first text |
    | text ``pair`` | the second |
    | ``score`` | the grade, from ``lowest`` to ``highest`` |

    Grades are compared on the scale from 0 (``lowest``) to 1 (``highest``), and so is the loss.

    Args:
        text, pair: names of the records' columns.
        lowest, highest: the ends of the scale of grades.
        head: ``cosine``: the cosine of the texts' vectors is the grade (0 is ``lowest``, 1 is
            ``highest``), without a head; this trains the vectors for retrieval. ``pair``: both texts
            are one sequence, with a linear head on its vector.
        loss: ``mse``: the squared error of grades; ``cosent``, of cosines: only the order of the grades
            of a batch counts, so that cosines need not spread over the whole scale.
        scale: factor of the cosines in ``cosent``, an inverse temperature.
        matryoshka, matryoshka_weights: dimensions of the vectors that ``cosine`` compares, and their
            weights; see `crosslift.forms.text_pairs.TextPairs`.

    Source: ``cosine``: Reimers & Gurevych 2019 (arXiv 1908.10084), section 3, the regression
    objective. ``pair``: Devlin et al. 2019 (arXiv 1810.04805), section 4.1, on STS-B.
    ``cosent``: Huang et al. 2024 (IEEE/ACM TASLP 32).
    """

    text: str = "text"
    pair: str = "pair"
    lowest: float = 0.0
    highest: float = 5.0
    head: Literal["cosine", "pair"] = "cosine"
    loss: Literal["mse", "cosent"] = "mse"
    scale: float = 20.0
    matryoshka: tuple[int, ...] | None = None
    matryoshka_weights: tuple[float, ...] | None = None
    name: str = "regression"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of both texts."""
        return (self.text, self.pair)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenRegression:
        """Tokenises the texts and makes the head, seeded by the options.

        Raises:
            DataError: the scale is empty, the head is unknown, or a setting needs cosines.
        """
        if not self.lowest < self.highest:
            raise DataError(f"grades from {self.lowest} to {self.highest}", "lowest below highest")
        if self.head not in ("cosine", "pair"):
            raise DataError(f"head {self.head!r} of a regression", "cosine or pair")
        if self.head == "pair" and (self.loss == "cosent" or self.matryoshka):
            raise DataError(
                f"{'loss cosent' if self.loss == 'cosent' else 'matryoshka'} of a regression with head "
                "pair, which has no vectors of single texts",
                "head: cosine",
            )
        check_dimensions(self.matryoshka, self.matryoshka_weights, encoder.width)
        return OpenRegression(self, encoder, train, dev, options)

    def sequences(self, encoder: Encoder, records: Sequence[Record]) -> Sequence[Ids]:
        """Token ids of each pair; for ``cosine``, of all first texts, then of all second ones."""
        first, second = (filled_column(records, name) for name in self.columns)
        if self.head == "pair":
            return tokenise_compactly(encoder, first, second)
        return tokenise_compactly(encoder, [*first, *second])


class OpenRegression:
    """Regression opened on an encoder."""

    def __init__(
        self, form: Regression, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        self.form = form
        self.encoder = encoder
        self.size = len(train.records)
        self.head = torch.nn.Module()
        if form.head == "pair":
            self.head = seeded(lambda: linear(encoder.width, 1), options.seed, encoder.device)
        self._options = options
        self._grades = grades(train.records, form.lowest, form.highest)
        self._dev_grades = grades(dev.records, form.lowest, form.highest)
        self._sequences = form.sequences(encoder, train.records)
        self._dev = form.sequences(encoder, dev.records)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        return distinct_ids(self._sequences, self._dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Mean squared error on the scale from 0 to 1, or CoSENT of the whole batch."""
        del generator
        places = rows if self.form.head == "pair" else np.concatenate([rows, rows + self.size])
        sequences = [self._sequences[place] for place in places]
        vectors = batch_vectors(self.encoder, sequences, self._options)
        targets = torch.from_numpy(self._grades[rows]).to(vectors.device)
        ranks = self._options.ranks
        share = ranks.even(len(rows))

        def of_grades(vectors: Tensor) -> Tensor:
            predicted = self._predict(vectors)
            if self.form.loss == "cosent":  # no mean over pairs: each rank computes all of it
                return cosent(predicted, targets, self.form.scale) / ranks.count
            errors = torch.nn.functional.mse_loss(predicted[share.span], targets[share.span])
            return share.of_mean(errors)

        form = self.form
        loss = over_dimensions(of_grades, [vectors], form.matryoshka, form.matryoshka_weights)
        return StepLoss(loss, count_tokens(sequences))

    def _predict(self, vectors: Tensor) -> Tensor:
        """Grades [N] on the scale from 0 to 1, from vectors [N, D], or [2 N, D] for ``cosine``."""
        if self.form.head == "pair":
            grades_of_pairs: Tensor = self.head(vectors)
            return grades_of_pairs[:, 0]
        first, second = unit(vectors).chunk(2)
        return (first * second).sum(dim=1)

    def dev_scores(self) -> dict[str, float]:
        """Pearson's and Spearman's correlation on the dev records; empty with fewer than two."""
        if len(self._dev_grades) < 2:
            return {}
        ranks = self._options.ranks
        vectors = all_vectors(self.encoder, self._dev, ranks)
        with torch.inference_mode():
            predicted = self._predict(vectors).cpu().numpy()
        return ranks.once(
            lambda: {
                "dev_pearson": pearson(predicted, self._dev_grades),
                "dev_spearman": spearman(predicted, self._dev_grades),
            }
        )
