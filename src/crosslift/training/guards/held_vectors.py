"""Distillation from the encoder itself: the vectors of texts stay close to their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.contrastive_losses import unit
from crosslift.forms.form import FormOptions, Rows, StepLoss, epoch_rows
from crosslift.forms.forward import all_vectors, batch_vectors, count_tokens, distinct_ids
from crosslift.sources.record import Record


class OpenDistillation:
    """Keeps the vectors of some texts close to their values at the time of opening.

    The loss is 1 - cosine between a vector and its earlier value. There is no head and no dev score.

    Args:
        encoder: encoder whose present vectors are kept.
        records: records whose texts may be taken, in any languages.
        column: name of the records' text.
        texts: number of texts to draw, equally often from each language that still has some.
        options: options of the stage; its seed decides which texts.

    Source: Romero et al. 2015 (arXiv 1412.6550), section 2, hints, with the vector as the hint.
    """

    def __init__(
        self,
        encoder: Encoder,
        records: Sequence[Record],
        column: str,
        texts: int,
        options: FormOptions,
    ) -> None:
        chosen = balanced(records, texts, options.seed)
        if not chosen:
            raise DataError("a distillation has no text", "records with texts")
        self.encoder = encoder
        self.head = torch.nn.Module()
        self.size = len(chosen)
        self._options = options
        self._sequences = tokenise_compactly(encoder, [r.texts[column] for r in chosen])
        self._before = unit(all_vectors(encoder, self._sequences, options.ranks))

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the texts."""
        return distinct_ids(self._sequences)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean of 1 - cosine between the vectors and their earlier values."""
        del generator
        sequences = [self._sequences[row] for row in rows]
        vectors = unit(batch_vectors(self.encoder, sequences, self._options))
        before = self._before[torch.from_numpy(rows).to(vectors.device)]
        share = self._options.ranks.even(len(rows))
        cosines = (vectors * before)[share.span].sum(dim=1)
        return StepLoss(share.of_mean((1 - cosines).mean()), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """None."""
        return {}


def balanced(records: Sequence[Record], count: int, seed: int) -> list[Record]:
    """A number of records, drawn equally often from each language that still has some.

    Args:
        records: to choose from.
        count: largest number of records.
        seed: seed of the choice.
    """
    by_language: dict[str, list[Record]] = {}
    for record in records:
        by_language.setdefault(record.language, []).append(record)
    generator = np.random.default_rng(seed)
    piles = [
        [pile[i] for i in generator.permutation(len(pile))]
        for _, pile in sorted(by_language.items())
    ]
    longest = max(map(len, piles), default=0)
    in_turn = [pile[i] for i in range(longest) for pile in piles if i < len(pile)]
    return in_turn[:count]
