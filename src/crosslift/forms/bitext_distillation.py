"""Multilingual distillation: a student learns the vectors of a teacher, on both sides of a bitext."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.encoder_settings import Side
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.token_sequences import TokenSequences
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.form import Column, FormOptions, Rows, Split, StepLoss, column, epoch_rows
from crosslift.forms.forward import batch_vectors, count_tokens, dev_accuracy, distinct_ids
from crosslift.forms.further_encoder import FurtherVectors
from crosslift.forms.matryoshka import check_dimensions, over_dimensions

_SIDES: tuple[Side, ...] = ("tgt", "src")
"""Side of the English texts, and side of their translations, as in targets with bitexts."""


@dataclass(frozen=True, slots=True)
class BitextDistillation:
    """Moves the vectors of an English text and its translation to the teacher's vector of the English
    text.

    | column | what it holds |
    |---|---|
    | ``english`` | a text that the teacher reads |
    | ``translation`` | its translation |

    Args:
        english, translation: names of the records' columns; bound by name.
        teacher: a further encoder, which does not train: `embedded`, a folder or a hub name. Its
            vectors have as many numbers as the student's.
        matryoshka, matryoshka_weights: the student's first numbers learn the teacher's first ones: for
            a teacher with such vectors. See `crosslift.forms.text_pairs.TextPairs`.

    Source: Reimers and Gurevych 2020 (arXiv 2004.09813), section 2, equation 1.
    """

    english: str = "english"
    translation: str = "translation"
    teacher: str | None = None
    matryoshka: tuple[int, ...] | None = None
    matryoshka_weights: tuple[float, ...] | None = None
    name: str = "bitext-distillation"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of both sides."""
        return (self.english, self.translation)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenBitextDistillation:
        """Tokenises both sides, and encodes the English one with the teacher; the form has no head.

        Raises:
            DataError: there is no teacher, or its vectors have another width; the student lacks a
                dimension.
            EncoderError: the teacher cannot be used.
        """
        return OpenBitextDistillation(self, encoder, train, dev, options)


class OpenBitextDistillation:
    """Multilingual distillation opened on a student."""

    def __init__(
        self,
        form: BitextDistillation,
        encoder: Encoder,
        train: Split,
        dev: Split,
        options: FormOptions,
    ) -> None:
        if form.teacher is None:
            raise DataError(
                "bitext-distillation without a teacher",
                "an encoder whose vectors of English are learned",
                "write `options: {teacher: NAME}`",
            )
        self.form = form
        self.encoder = encoder
        self.head = torch.nn.Module()
        self.size = len(train.records)
        self._options = options
        sides = [Column(train.records, name) for name in form.columns]
        self._texts = [self._tokenised(*each) for each in zip(sides, _SIDES, strict=True)]
        kept = options.kept.get("teacher")
        self._taught = FurtherVectors(form.teacher, sides[:1], options.ranks, kept)
        if self._taught.width != encoder.width:
            raise DataError(
                f"the teacher {form.teacher} has vectors of {self._taught.width} numbers",
                f"{encoder.width}, as the student has",
                "another teacher or student",
            )
        check_dimensions(form.matryoshka, form.matryoshka_weights, encoder.width)
        self._dev = [column(dev.records, name) for name in form.columns]

    def _tokenised(self, texts: Sequence[str], side: Side) -> TokenSequences:
        prompt = self._options.prompts.get(side)
        return tokenise_compactly(self.encoder, texts, prompt=prompt)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        dev = [self._tokenised(*each) for each in zip(self._dev, _SIDES, strict=True)]
        return distinct_ids(*self._texts, *dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The squared distance to the teacher's vectors, the mean over sides, texts and numbers."""
        del generator
        sequences = [texts[row] for texts in self._texts for row in rows]
        vectors = batch_vectors(self.encoder, sequences, self._options).float()
        share = self._options.ranks.even(len(rows))
        taught = torch.from_numpy(self._taught.of(0, rows[share.span])).to(vectors.device)
        english, translations = (side[share.span] for side in vectors.chunk(2))

        def distance(english: Tensor, translations: Tensor, taught: Tensor) -> Tensor:
            both = torch.stack([english, translations])
            return torch.nn.functional.mse_loss(both, taught.expand_as(both))

        form, three = self.form, [english, translations, taught]
        loss = over_dimensions(distance, three, form.matryoshka, form.matryoshka_weights)
        return StepLoss(share.of_mean(loss), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """Top-1 accuracy from translations to their English texts; empty without dev records."""
        english, translations = self._dev
        if not english:
            return {}
        return dev_accuracy(self.encoder, translations, english, self._options)
