"""Multiple choice: each choice is scored with its context and question, and the best one wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import Frame, Ids, frame_of_pairs, tokenise_bare
from crosslift.errors import DataError
from crosslift.forms.checked_fields import filled_column, right_choices
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import all_vectors, batch_vectors, count_tokens, distinct_ids
from crosslift.forms.heads import linear, seeded
from crosslift.metrics.classes import accuracy
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """Scores every choice of a record alone, with a softmax over the scores.

    | field | what it holds |
    |---|---|
    | text ``context`` | optional: what the question is about |
    | text ``question`` | optional, but one of the two is required |
    | ``choices`` | texts to choose from |
    | ``answer`` | index of the right one |

    A sequence is a pair: context and question, then the choice. If it is too long for the encoder, the
    end of the context is cut first, then the end of the question, and the end of the choice last.

    Args:
        context, question: names of the records' columns; None: no such column.
        choices: number of choices per record, 2 or more.

    Source: Phang et al. 2020 (arXiv 2005.13013), section 2; the score of a choice: Devlin et al.
    2019 (arXiv 1810.04805), section 4.4.
    """

    context: str | None = None
    question: str | None = None
    choices: int = 4
    name: str = "multiple-choice"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of context and question, if bound."""
        return tuple(name for name in (self.context, self.question) if name is not None)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenMultipleChoice:
        """Tokenises the texts and makes the head, seeded by the options.

        Raises:
            DataError: neither context nor question is bound, or there are fewer than two choices.
        """
        if not self.columns:
            raise DataError("a multiple choice without context and question", "one of them")
        if self.choices < 2:
            raise DataError(f"a multiple choice of {self.choices}", "2 choices or more")
        return OpenMultipleChoice(self, encoder, train, dev, options)

    def sequences(self, encoder: Encoder, records: Sequence[Record]) -> list[Ids]:
        """Token ids of all choices of the first record, then of the second, and so on."""
        frame = frame_of_pairs(encoder)
        room = encoder.reading.max_tokens - len(frame)
        return [
            _sequence(before, choice, frame, room)
            for before, choice in self._tokens(encoder, records)
        ]

    def _tokens(
        self, encoder: Encoder, records: Sequence[Record]
    ) -> Iterator[tuple[list[Ids], Ids]]:
        """Yields the ids of the texts before each choice, and of the choice."""
        columns = [filled_column(records, name) for name in self.columns]
        before = encoder.reading.prompt
        parts = []
        for texts in columns:
            parts.append(tokenise_bare(encoder, [before + text for text in texts]))
            before = " "  # the second text follows the first
        choices = iter(tokenise_bare(encoder, [text for r in records for text in r.choices]))
        for place, record in enumerate(records):
            for choice in islice(choices, len(record.choices)):
                yield [part[place] for part in parts], choice

    def head(self, encoder: Encoder, seed: int = 0) -> torch.nn.Linear:
        """A head that scores a choice, with initial weights that depend on the seed alone."""
        return seeded(lambda: linear(encoder.width, 1), seed, encoder.device)

    def cut(self, encoder: Encoder, records: Sequence[Record]) -> dict[str, int]:
        """How many choices lose an end of their text, or of the texts before them, because they exceed
        the encoder's length."""
        room = encoder.reading.max_tokens - len(frame_of_pairs(encoder))
        lengths = (
            sum(map(len, before)) + len(choice) for before, choice in self._tokens(encoder, records)
        )
        return {"choices without an end": sum(length > room for length in lengths)}

    def answers(
        self,
        encoder: Encoder,
        head: torch.nn.Module,
        records: Sequence[Record],
        ranks: Ranks = ALONE,
    ) -> list[str]:
        """The choice of a trained encoder and head for each record; among equals the first.

        As every choice is scored alone, records may have other numbers of choices than the training
        records.
        """
        with torch.inference_mode():
            scores = head(all_vectors(encoder, self.sequences(encoder, records), ranks))
        counts = [len(record.choices) for record in records]
        best = (int(each.argmax()) for each in scores.view(-1).split(counts))
        return [record.choices[place] for record, place in zip(records, best, strict=True)]


def _sequence(first: Sequence[Ids], choice: Ids, frame: Frame, room: int) -> Ids:
    choice_ids = choice[:room]
    remaining = room - len(choice_ids)
    parts: list[Ids] = []
    for part in reversed(first):
        parts.insert(0, part[:remaining])
        remaining -= len(parts[0])
    return frame.around(np.concatenate(parts), choice_ids)


class OpenMultipleChoice:
    """Multiple choice opened on an encoder."""

    def __init__(
        self, form: MultipleChoice, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        self.encoder = encoder
        self.choices = form.choices
        self.size = len(train.records)
        self.head = form.head(encoder, options.seed)
        self._options = options
        self._answers = right_choices(train.records, form.choices)
        self._dev_answers = right_choices(dev.records, form.choices)
        self._sequences = form.sequences(encoder, train.records)
        self._dev = form.sequences(encoder, dev.records)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        return distinct_ids(self._sequences, self._dev)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the right choice; all choices go through in one packed batch."""
        del generator
        sequences = [self._sequences[place] for place in self._places(rows)]
        share = self._options.ranks.even(len(rows))
        scores = self._scores(batch_vectors(self.encoder, sequences, self._options))
        targets = torch.from_numpy(self._answers[rows[share.span]]).to(scores.device)
        loss = torch.nn.functional.cross_entropy(scores[share.span], targets)
        return StepLoss(share.of_mean(loss), count_tokens(sequences))

    def _places(self, rows: Rows) -> NDArray[np.int64]:
        return (rows[:, None] * self.choices + np.arange(self.choices)).ravel()

    def _scores(self, vectors: Tensor) -> Tensor:
        """Maps pooled vectors [N * choices, D] to scores [N, choices]."""
        scores: Tensor = self.head(vectors)
        return scores.view(-1, self.choices)

    def dev_scores(self) -> dict[str, float]:
        """Accuracy on the dev records."""
        if not self._dev:
            return {}
        vectors = all_vectors(self.encoder, self._dev, self._options.ranks)
        with torch.inference_mode():
            scores = self._scores(vectors)
        predicted = scores.argmax(dim=1).cpu().numpy()
        return {"dev_accuracy": float(accuracy(predicted, self._dev_answers).mean())}
