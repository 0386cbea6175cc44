"""Tagging: a class for each word of a sentence, such as its part of speech."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import Frame, Ids, frame_of_texts, tokenise_bare, tokenise_words
from crosslift.errors import DataError
from crosslift.forms.checked_fields import checked_names, tag_numbers
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import (
    batch_states,
    count_tokens,
    distinct_ids,
    first_tokens,
    read_tokens,
)
from crosslift.forms.heads import TokenHead, seeded
from crosslift.forms.windows import Window, word_windows
from crosslift.metrics.tags import chunk_counts, chunk_scores, tagging_accuracy
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class Tagging:
    """Predicts the tag of each word from the state of its first token.

    | field | what it holds |
    |---|---|
    | ``words`` | the words of a sentence |
    | ``tags`` | one for each word |

    The words follow the encoder's prompt, with a space before each. A sentence that is too long is cut
    between two words into several training rows, so that no word is lost. A single word that is too
    long loses its end.

    Args:
        tags: all tags, in the order of the head's outputs.

    Source: Devlin et al. 2019 (arXiv 1810.04805), section 5.3; as an intermediate task: Phang et
    al. 2020 (arXiv 2005.13013), section 2.
    """

    tags: tuple[str, ...] = ()
    name: str = "tagging"

    @property
    def columns(self) -> tuple[str, ...]:
        """No columns: the form reads words."""
        return ()

    def open(self, encoder: Encoder, train: Split, dev: Split, options: FormOptions) -> OpenTagging:
        """Tokenises the words and makes the head, seeded by the options."""
        return OpenTagging(self, encoder, train, dev, options)

    def head(self, encoder: Encoder, seed: int = 0) -> TokenHead:
        """A head for its tags, with initial weights that depend on the seed alone."""
        numbers = checked_names(self.tags, "the tags of a tagging task")
        return seeded(lambda: TokenHead(encoder.state_width, len(numbers)), seed, encoder.device)

    def cut(self, encoder: Encoder, records: Sequence[Record]) -> dict[str, int]:
        """How many sentences are cut between two words, without loss, and how many words lose their
        end, because they exceed the encoder's length."""
        sentences = [record.words for record in records]
        room = _frame(encoder)[2]
        tokens = tokenise_words(encoder, (word for sentence in sentences for word in sentence))
        windows = Counter(row.sentence for row in word_rows(encoder, sentences))
        return {
            "sentences cut between words": sum(count > 1 for count in windows.values()),
            "words without their end": sum(len(tokens[w]) > room for s in sentences for w in s),
        }

    def answers(
        self,
        encoder: Encoder,
        head: TokenHead,
        records: Sequence[Record],
        ranks: Ranks = ALONE,
    ) -> list[list[str]]:
        """The tags of a trained encoder and head for the words of each record, one per word."""
        rows = word_rows(encoder, [record.words for record in records])
        tags_of_records = predicted_tags(encoder, head, rows, len(records), ranks)
        return [[self.tags[number] for number in tags] for tags in tags_of_records]


@dataclass(frozen=True, slots=True)
class WordRow:
    """A sentence, or a window of one, as tokens.

    Args:
        sentence: index of the sentence.
        window: words of the sentence in the row.
        ids: int64 [T].
        firsts: int64 [W], index of the first token of each word.
    """

    sentence: int
    window: Window
    ids: Ids
    firsts: NDArray[np.int64]


def word_rows(encoder: Encoder, sentences: Sequence[Sequence[str]]) -> list[WordRow]:
    """The rows of some sentences: one per sentence, several for those that are too long.

    Raises:
        DataError: the encoder's length is too short.
    """
    frame, prompt, room = _frame(encoder)
    tokens = tokenise_words(encoder, (word for sentence in sentences for word in sentence))
    rows = []
    for number, sentence in enumerate(sentences):
        words = [tokens[word][:room] for word in sentence]
        for window in word_windows([len(word) for word in words], room):
            parts = [prompt, *words[slice(*window)]]
            firsts = len(frame.before) + np.cumsum([len(part) for part in parts[:-1]])
            rows.append(WordRow(number, window, frame.around(np.concatenate(parts)), firsts))
    return rows


def _frame(encoder: Encoder) -> tuple[Frame, Ids, int]:
    """The special tokens and the prompt around the words of a sentence, and the room for their
    tokens."""
    frame = frame_of_texts(encoder)
    prompt = tokenise_bare(encoder, [encoder.reading.prompt.rstrip()])[0]
    room = encoder.reading.max_tokens - len(frame) - len(prompt)
    if room < 1:
        raise DataError(
            f"max_tokens {encoder.reading.max_tokens} leaves {room} for words",
            f"{len(frame) + len(prompt) + 1} or more",
        )
    return frame, prompt, room


def predicted_tags(
    encoder: Encoder,
    head: TokenHead,
    rows: Sequence[WordRow],
    sentences: int,
    ranks: Ranks = ALONE,
) -> list[list[int]]:
    """The number of the best tag of each word of each sentence."""

    def best(number: int, scores: NDArray[np.float32]) -> list[int]:
        tags: list[int] = scores[rows[number].firsts].argmax(axis=1).tolist()
        return tags

    tags_by_row = read_tokens(encoder, head, [row.ids for row in rows], best, ranks)
    tags_by_sentence: list[list[int]] = [[] for _ in range(sentences)]
    for row, tags in zip(rows, tags_by_row, strict=True):
        tags_by_sentence[row.sentence] += tags
    return tags_by_sentence


class OpenTagging:
    """Tagging opened on an encoder; its rows are sentences or windows of them."""

    def __init__(
        self, form: Tagging, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        numbers = checked_names(form.tags, "the tags of a tagging task")
        self.form = form
        self.encoder = encoder
        self.head = form.head(encoder, options.seed)
        self._locked = options.text_locked
        self._ranks = options.ranks
        self._tags = tag_numbers(train.records, numbers)
        self._dev_tags = tag_numbers(dev.records, numbers)
        self._rows = word_rows(encoder, [record.words for record in train.records])
        self._dev = word_rows(encoder, [record.words for record in dev.records])
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
        share = self._ranks.balanced([len(sequence) for sequence in sequences])
        mine = share.pick(chosen)
        states, batch = batch_states(self.encoder, sequences, locked=self._locked, share=share)
        begins = first_tokens(batch).tolist()
        places = np.concatenate([row.firsts + b for row, b in zip(mine, begins, strict=True)])
        scores = self.head(states[torch.from_numpy(places).to(states.device)])
        tags = [self._tags[row.sentence][slice(*row.window)] for row in mine]
        targets = torch.from_numpy(np.concatenate(tags)).to(scores.device)
        loss = torch.nn.functional.cross_entropy(scores, targets)
        words = [len(row.firsts) for row in chosen]
        return StepLoss(share.of_mean(loss, words), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """Accuracy over the words of the dev records; if tags mark the beginnings of entities, the F1
        of entities comes first."""
        if not self._dev:
            return {}
        sentences = len(self._dev_tags)
        predicted = predicted_tags(self.encoder, self.head, self._dev, sentences, self._ranks)
        return self._ranks.once(lambda: self._scores_of(predicted))

    def _scores_of(self, predicted: list[list[int]]) -> dict[str, float]:
        gold = [tags.tolist() for tags in self._dev_tags]
        scores = {"dev_tagging_accuracy": tagging_accuracy(predicted, gold)}
        if any(tag.startswith("B-") for tag in self.form.tags):
            names = [[[self.form.tags[i] for i in s] for s in side] for side in (predicted, gold)]
            scores = {"dev_entity_f1": chunk_scores(chunk_counts(*names)).f1} | scores
        return scores
