"""Tagging: a class for each word of a sentence, such as its part of speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.load import Encoder
from crosslift.encoders.tokens import Ids, frame_of_texts, tokenise_bare, tokenise_words
from crosslift.errors import DataError
from crosslift.forms.fields import checked_names, tag_numbers
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import (
    all_token_scores,
    batch_states,
    count_tokens,
    distinct_ids,
    first_tokens,
)
from crosslift.forms.heads import TokenHead, seeded
from crosslift.forms.windows import word_windows
from crosslift.metrics.tags import tagging_accuracy
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class Tagging:
    """Tells the tag of each word from the state of its first token.

    | field | what it holds |
    |---|---|
    | ``words`` | the words of a sentence |
    | ``tags`` | one for each word |

    The words are put together with a space before each, behind the encoder's prompt. A sentence that
    is too long is cut between two words into several training rows, so that no word is lost; of a
    word that is itself too long the end is cut.

    Args:
        tags: all tags, in the order of the head's outputs.

    Source: Devlin et al. 2019 (arXiv 1810.04805), section 5.3; as an intermediate task: Phang et
    al. 2020 (arXiv 2005.13013), section 2.
    """

    tags: tuple[str, ...] = ()
    name: str = "tagging"

    @property
    def columns(self) -> tuple[str, ...]:
        """None: it reads words."""
        return ()

    def open(self, encoder: Encoder, train: Split, dev: Split, options: FormOptions) -> OpenTagging:
        """Tokenises the words and makes the head, seeded by the options."""
        return OpenTagging(self, encoder, train, dev, options)


@dataclass(frozen=True, slots=True)
class TaggedRow:
    """A sentence, or a window of one, as tokens.

    Args:
        ids: int64 [T].
        firsts: int64 [W], where the first token of each word stands in it.
        tags: int64 [W], the number of each word's tag.
    """

    ids: Ids
    firsts: NDArray[np.int64]
    tags: NDArray[np.int64]


def tagged_rows(
    encoder: Encoder, records: Sequence[Record], tags: dict[str, int]
) -> list[TaggedRow]:
    """The rows of some records: one a sentence, more of those that are too long.

    Raises:
        DataError: words and tags that do not fit, or an encoder that takes too few tokens.
    """
    numbers = tag_numbers(records, tags)
    frame = frame_of_texts(encoder)
    prompt = tokenise_bare(encoder, [encoder.reading.prompt.rstrip()])[0]
    room = encoder.reading.max_tokens - len(frame) - len(prompt)
    if room < 1:
        raise DataError(
            f"max_tokens {encoder.reading.max_tokens} leaves {room} for words",
            f"{len(frame) + len(prompt) + 1} or more",
        )
    tokens = tokenise_words(encoder, (word for record in records for word in record.words))
    rows = []
    for record, of_record in zip(records, numbers, strict=True):
        words = [tokens[word][:room] for word in record.words]
        for window in word_windows([len(word) for word in words], room):
            parts = [prompt, *words[slice(*window)]]
            firsts = len(frame.before) + np.cumsum([len(part) for part in parts[:-1]])
            ids = frame.around(np.concatenate(parts))
            rows.append(TaggedRow(ids, firsts, of_record[slice(*window)]))
    return rows


class OpenTagging:
    """Tagging opened on an encoder; its rows are sentences or windows of them."""

    def __init__(
        self, form: Tagging, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        numbers = checked_names(form.tags, "the tags of a tagging task")
        self.encoder = encoder
        self.head = seeded(
            lambda: TokenHead(encoder.width, len(numbers)), options.seed, encoder.device
        )
        self._locked = options.text_locked
        self._rows = tagged_rows(encoder, train.records, numbers)
        self._dev = tagged_rows(encoder, dev.records, numbers)
        self.size = len(self._rows)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev words."""
        return distinct_ids(row.ids for row in (*self._rows, *self._dev))

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the tags, the mean over all words of the batch."""
        del generator
        chosen = [self._rows[row] for row in rows]
        sequences = [row.ids for row in chosen]
        states, batch = batch_states(self.encoder, sequences, locked=self._locked)
        begins = first_tokens(batch).tolist()
        places = np.concatenate([row.firsts + b for row, b in zip(chosen, begins, strict=True)])
        scores = self.head(states[torch.from_numpy(places).to(states.device)])
        wanted = torch.from_numpy(np.concatenate([row.tags for row in chosen])).to(scores.device)
        return StepLoss(torch.nn.functional.cross_entropy(scores, wanted), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """Accuracy over the words of the dev records."""
        if not self._dev:
            return {}
        predicted: list[list[int]] = [[] for _ in self._dev]
        sequences = [row.ids for row in self._dev]
        for number, scores in all_token_scores(self.encoder, self.head, sequences):
            predicted[number] = scores[self._dev[number].firsts].argmax(axis=1).tolist()
        gold = [row.tags.tolist() for row in self._dev]
        return {"dev_tagging_accuracy": tagging_accuracy(predicted, gold)}
