"""Classification of a text, or of a pair of texts such as premise and hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import (
    Ids,
    frame_of_pairs,
    frame_of_texts,
    tokenise_bare,
    tokenise_compactly,
)
from crosslift.forms.checked_fields import checked_names, class_numbers, filled_column
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import all_vectors, batch_vectors, count_tokens, distinct_ids
from crosslift.forms.heads import ClassificationHead, seeded
from crosslift.metrics.classes import accuracy, macro_f1
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class Classification:
    """Predicts the class of a text or of a pair from the encoder's pooled vector.

    | field | what it holds |
    |---|---|
    | text ``text`` | the text, or the first of the pair |
    | text ``pair`` | optional: the second of the pair; both go through as one sequence |
    | ``label`` | the class |

    Args:
        text, pair: names of the records' columns; pair None: single texts.
        labels: all classes, in the order of the head's outputs.

    Source: Phang et al. 2020 (arXiv 2005.13013), section 2; head: see `ClassificationHead`.
    """

    text: str = "text"
    pair: str | None = None
    labels: tuple[str, ...] = ()
    name: str = "classification"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the text and, if bound, of its pair."""
        return (self.text,) if self.pair is None else (self.text, self.pair)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenClassification:
        """Tokenises the texts and makes the head, seeded by the options."""
        return OpenClassification(self, encoder, train, dev, options)

    def sequences(self, encoder: Encoder, records: Sequence[Record]) -> Sequence[Ids]:
        """One sequence of token ids per record."""
        return tokenise_compactly(encoder, *(filled_column(records, n) for n in self.columns))

    def head(self, encoder: Encoder, seed: int = 0) -> ClassificationHead:
        """A head for its labels, with initial weights that depend on the seed alone."""
        numbers = checked_names(self.labels, "the labels of a classification")
        return seeded(lambda: ClassificationHead(encoder.width, len(numbers)), seed, encoder.device)

    def cut(self, encoder: Encoder, records: Sequence[Record]) -> dict[str, int]:
        """How many texts, or pairs, lose their end because they exceed the encoder's length."""
        if self.pair is None:
            frame, columns = frame_of_texts(encoder), [filled_column(records, self.text)]
        else:
            frame = frame_of_pairs(encoder)
            columns = [filled_column(records, name) for name in self.columns]
        columns[0] = [encoder.reading.prompt + text for text in columns[0]]
        lengths = [[len(ids) for ids in tokenise_bare(encoder, texts)] for texts in columns]
        room = encoder.reading.max_tokens - len(frame)
        return {
            "texts without their end": sum(sum(row) > room for row in zip(*lengths, strict=True))
        }

    def answers(
        self,
        encoder: Encoder,
        head: ClassificationHead,
        records: Sequence[Record],
        ranks: Ranks = ALONE,
    ) -> list[str]:
        """The class that a trained encoder and head give to each record; among equals the first."""
        classes = predicted_classes(encoder, head, self.sequences(encoder, records), ranks)
        return [self.labels[number] for number in classes]


def predicted_classes(
    encoder: Encoder,
    head: ClassificationHead,
    sequences: Sequence[Ids],
    ranks: Ranks = ALONE,
) -> NDArray[np.int64]:
    """The class with the highest score of each of N sequences, int64 [N]."""
    vectors = all_vectors(encoder, sequences, ranks)
    with torch.inference_mode():
        scores = head(vectors)
    classes: NDArray[np.int64] = scores.argmax(dim=1).cpu().numpy()
    return classes


class OpenClassification:
    """Classification opened on an encoder."""

    def __init__(
        self, form: Classification, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        numbers = checked_names(form.labels, "the labels of a classification")
        self.encoder = encoder
        self.size = len(train.records)
        self.head = form.head(encoder, options.seed)
        self._options = options
        self._classes = class_numbers(train.records, numbers)
        self._dev_classes = class_numbers(dev.records, numbers)
        self._sequences = form.sequences(encoder, train.records)
        self._dev = form.sequences(encoder, dev.records)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        return distinct_ids(self._sequences, self._dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the classes."""
        del generator
        sequences = [self._sequences[row] for row in rows]
        share = self._options.ranks.even(len(rows))
        scores = self.head(batch_vectors(self.encoder, sequences, self._options)[share.span])
        targets = torch.from_numpy(self._classes[rows[share.span]]).to(scores.device)
        loss = torch.nn.functional.cross_entropy(scores, targets)
        return StepLoss(share.of_mean(loss), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """Accuracy and macro F1 on the dev records."""
        if not self._dev:
            return {}
        ranks = self._options.ranks
        predicted = predicted_classes(self.encoder, self.head, self._dev, ranks)
        return ranks.once(
            lambda: {
                "dev_accuracy": float(accuracy(predicted, self._dev_classes).mean()),
                "dev_macro_f1": macro_f1(predicted, self._dev_classes),
            }
        )
