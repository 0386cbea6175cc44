"""Masked language modelling on multilingual text: a predicted token's softmax is over the token
rows that occur, and its output weights are those rows themselves (tied)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.load import Encoder
from crosslift.encoders.packing import pack
from crosslift.encoders.tokens import NumberedTokens, number_words, tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, column
from crosslift.forms.forward import count_tokens, distinct_ids

_MASKED, _RANDOM = 0.8, 0.1


@dataclass(frozen=True, slots=True)
class MaskedLM:
    """Hides some tokens of a text and predicts them from the rest.

    Of the chosen tokens 80 % become the mask token, 10 % an ordinary token that occurs, 10 % stay.
    Batches are balanced over languages: each language is drawn equally often.

    Args:
        text: name of the records' text column.
        masked_share: probability that a token is chosen, or a word.
        whole_words: all tokens of a word are chosen together (each then has its own fate), so that
            none is guessed from the rest of its word.

    Source: Devlin et al. 2019 (arXiv 1810.04805), section 3.1; multilingual: Conneau et al. 2020
    (arXiv 1911.02116), section 3; whole words: Cui et al. 2019 (arXiv 1906.08101), section 2.
    """

    text: str = "text"
    masked_share: float = 0.15
    whole_words: bool = False
    name: str = "masked-lm"
    picture_size: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column."""
        return (self.text,)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenMaskedLM:
        """Tokenises the texts; the head is a transformation before the tied output."""
        return OpenMaskedLM(self, encoder, train, dev, options)


class MaskedLMHead(torch.nn.Module):
    """BERT's transformation before the tied output weights, and a bias for each occurring row.

    It starts as the identity with a layer norm, not at random: the pretrained head is not part of
    a published encoder, and a random one would spend the stage on itself.

    Args:
        width: D of the hidden states.
        rows: number of token rows that occur.
    """

    def __init__(self, width: int, rows: int) -> None:
        super().__init__()
        self.dense = torch.nn.Linear(width, width)
        torch.nn.init.eye_(self.dense.weight)
        torch.nn.init.zeros_(self.dense.bias)
        self.norm = torch.nn.LayerNorm(width)
        self.bias = torch.nn.Parameter(torch.zeros(rows))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """From hidden states [M, D] to vectors [M, D] that are compared with token rows."""
        transformed: torch.Tensor = self.norm(self.dense(states.float()))
        return transformed


class OpenMaskedLM:
    """Masked LM opened on an encoder."""

    def __init__(
        self, form: MaskedLM, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        if encoder.tokenizer.mask_token_id is None:
            raise DataError(
                f"{encoder.folder}: the tokenizer has no mask token", "a masked-LM encoder"
            )
        if options.text_locked:
            raise DataError("masked LM trains the text encoder", "text_side: trainable")
        self.form = form
        self.encoder = encoder
        self.size = len(train.records)
        self._special = np.array(sorted(set(encoder.tokenizer.all_special_ids)), np.int64)
        self._texts = self._tokenise(column(train.records, form.text))
        self._dev = self._tokenise(column(dev.records, form.text))
        self._by_language = _rows_by_language([record.language for record in train.records])
        occurring = np.array(sorted(self.token_ids()), np.int64)
        self._ordinary = np.setdiff1d(occurring, self._special)
        if len(self._ordinary) == 0:
            raise DataError("the texts of a masked LM have no token that is not special", "words")
        self.head = MaskedLMHead(encoder.width, len(occurring)).to(encoder.device)

    def _tokenise(self, texts: Sequence[str]) -> list[NumberedTokens]:
        if self.form.whole_words:
            return number_words(self.encoder, texts)
        sequences = tokenise_compactly(self.encoder, texts)
        return [NumberedTokens(ids, np.arange(len(ids))) for ids in sequences]

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the texts, and the mask."""
        mask = int(self.encoder.tokenizer.mask_token_id)
        return {mask} | distinct_ids(text.ids for text in (*self._texts, *self._dev))

    def draw(self, update: int, count: int, seed: int) -> Rows:
        """A language for each row of the batch, in turn over shuffled languages; then a text of it."""
        generator = np.random.default_rng((seed, update))
        languages = len(self._by_language)
        wanted = np.arange(update * count, (update + 1) * count)
        rows = np.empty(count, np.int64)
        for i, position in enumerate(wanted):
            turn, place = divmod(int(position), languages)
            language = np.random.default_rng((seed, turn)).permutation(languages)[place]
            rows[i] = generator.choice(self._by_language[language])
        return rows

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the chosen tokens over the rows that occur."""
        return self._loss([self._texts[row] for row in rows], generator)

    def dev_scores(self) -> dict[str, float]:
        """The loss on the dev texts, masked the same way every time."""
        if not self._dev:
            return {}
        with torch.inference_mode():
            return {"dev_loss": float(self._loss(self._dev, np.random.default_rng(0)).loss)}

    def _loss(self, texts: Sequence[NumberedTokens], generator: np.random.Generator) -> StepLoss:
        masked, chosen = zip(*(self._mask(text, generator) for text in texts), strict=True)
        batch = pack(masked)
        sequences = [text.ids for text in texts]
        original = pack(sequences).token_ids
        hidden = pack(chosen).token_ids.bool()
        states = self.encoder.states(batch.to(self.encoder.device))
        hidden = hidden.to(states.device)
        vectors = self.head(states[hidden])
        rows = self.encoder.table.weight
        scores = vectors @ rows.T + self.head.bias
        wanted = self.encoder.table.places(original.to(states.device)[hidden])
        loss = torch.nn.functional.cross_entropy(scores, wanted)
        return StepLoss(loss, count_tokens(sequences))

    def _mask(
        self, text: NumberedTokens, generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The token ids with some hidden, int64 [T], and 1 for each that is to be predicted."""
        chosen = self._choose(text, generator)
        fate = generator.random(len(chosen))
        masked = text.ids.copy()
        masked[chosen & (fate < _MASKED)] = self.encoder.tokenizer.mask_token_id
        other = chosen & (fate >= _MASKED) & (fate < _MASKED + _RANDOM)
        drawn = generator.integers(0, len(self._ordinary), int(other.sum()))
        masked[other] = self._ordinary[drawn]
        return masked, chosen.astype(np.int64)

    def _choose(self, text: NumberedTokens, generator: np.random.Generator) -> NDArray[np.bool_]:
        """Which tokens are to be predicted, bool [T]: one at least."""
        ordinary = ~np.isin(text.ids, self._special)
        draws = generator.random(max(1, int(text.words.max()) + 1))
        chosen: NDArray[np.bool_] = ordinary & (draws[text.words] < self.form.masked_share)
        if not chosen.any():
            among = np.flatnonzero(ordinary) if ordinary.any() else len(ordinary)
            token = generator.choice(among)
            chosen[token] = True
            chosen |= ordinary & (text.words == text.words[token])
        return chosen


def _rows_by_language(languages: Sequence[str]) -> list[NDArray[np.int64]]:
    found: dict[str, list[int]] = {}
    for row, language in enumerate(languages):
        found.setdefault(language, []).append(row)
    return [np.array(found[language], np.int64) for language in sorted(found)]
