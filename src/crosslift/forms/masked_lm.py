"""Masked language modelling on multilingual text. The softmax is over the tokens that occur in the
task's texts, and the output weights are their token rows (tied)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.encoders.word_numbers import (
    NumberedTexts,
    NumberedTokens,
    number_tokens,
    number_words,
)
from crosslift.errors import DataError
from crosslift.forms.form import Column, FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import batches_of, count_tokens, distinct_ids
from crosslift.ranks.ranks import ALONE
from crosslift.ranks.share import Share

Context = Callable[[Tensor, PackedBatch], Tensor]
"""Maps the states [T, D] of packed texts to their states after they attended to something."""

_MASKED, _RANDOM = 0.8, 0.1
_NUMBERS_OF_A_COUNTER = 4  # numbers that Philox gives for one counter


@dataclass(frozen=True, slots=True)
class MaskedLM:
    """Hides some tokens of a text and predicts them from the rest.

    Of the chosen tokens 80 % become the mask token, 10 % an ordinary token that occurs, 10 % stay.

    Args:
        text: name of the records' text column.
        masked_share: probability that a token is chosen, or a word.
        whole_words: all tokens of a word are chosen together (and then masked independently), so that
            none can be predicted from the rest of its word.
        language_temperature: how often each language is drawn. None: all equally often. T, 1 or more: a
            language with n texts is drawn with a probability proportional to n to the power of 1 / T,
            so that 1 draws all texts equally often.

    Source: Devlin et al. 2019 (arXiv 1810.04805), section 3.1; multilingual: Conneau et al. 2020
    (arXiv 1911.02116), section 3; whole words: Cui et al. 2019 (arXiv 1906.08101), section 2;
    languages: Conneau & Lample 2019 (arXiv 1901.07291), section 3.1, whose alpha is 1 / T (XLM-R,
    arXiv 1911.02116, has an alpha of 0.3: a temperature of 3.3).
    """

    text: str = "text"
    masked_share: float = 0.15
    whole_words: bool = False
    language_temperature: float | None = None
    name: str = "masked-lm"

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column."""
        return (self.text,)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenMaskedLM:
        """Tokenises the texts; the head is a transformation before the tied output.

        Raises:
            DataError: the temperature is below 1, the encoder is locked or has no mask token, or the
                texts have no ordinary tokens.
        """
        return OpenMaskedLM(self, encoder, train, dev, options)


class MaskedLMHead(torch.nn.Module):
    """BERT's transformation before the tied output weights, and a bias for each occurring token.

    It starts as the identity with a layer norm, not at random: published encoders do not include the
    pretrained head, and a random head would use up the stage for its own training.

    Args:
        width: D of the hidden states.
        rows: number of tokens that occur.
    """

    def __init__(self, width: int, rows: int) -> None:
        super().__init__()
        self.dense = torch.nn.Linear(width, width)
        torch.nn.init.eye_(self.dense.weight)
        torch.nn.init.zeros_(self.dense.bias)
        self.norm = torch.nn.LayerNorm(width)
        self.bias = torch.nn.Parameter(torch.zeros(rows))

    def forward(self, states: Tensor) -> Tensor:
        """Maps hidden states [M, D] to vectors [M, D] that are compared with token rows."""
        transformed: Tensor = self.norm(self.dense(states.float()))
        return transformed


class LanguageDraw:
    """Draws texts by their language, from an endless sequence with fixed elements.

    Args:
        languages: N codes, the language of each text.
        temperature: see `MaskedLM`.

    Raises:
        DataError: the temperature is below 1, or not finite.
    """

    def __init__(self, languages: Iterable[str], temperature: float | None) -> None:
        if temperature is not None and not (math.isfinite(temperature) and temperature >= 1):
            raise DataError(
                f"language_temperature {temperature}",
                "a finite number of 1 or more, or none for every language equally often",
            )
        numbers: dict[str, int] = {}
        of_rows = np.fromiter((numbers.setdefault(c, len(numbers)) for c in languages), np.int64)
        place_of = np.argsort([numbers[code] for code in sorted(numbers)])
        places = place_of[of_rows]  # of each text's language among the sorted codes
        self._rows = np.argsort(places, kind="stable")
        self._sizes = np.bincount(places, minlength=len(numbers))
        self._firsts = np.cumsum(self._sizes) - self._sizes
        self._shares = None if temperature is None else _shares(self._sizes, temperature)

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """The texts at ``count`` positions of the sequence of a seed, from position ``start`` on.

        Returns:
            int64 [count], indices of the texts; each is a function of position and seed alone.
        """
        chances = _chances(start, count, seed)
        if self._shares is None:
            languages = self._in_turn(start, count, seed)
        else:
            languages = np.searchsorted(np.cumsum(self._shares)[:-1], chances[:, 0], side="right")
        places = (chances[:, 1] * self._sizes[languages]).astype(np.int64)
        rows: Rows = self._rows[self._firsts[languages] + places]
        return rows

    def _in_turn(self, start: int, count: int, seed: int) -> NDArray[np.int64]:
        """Languages int64 [count]: shuffled, each once before any is repeated."""
        languages = len(self._sizes)
        first, last = start // languages, (start + count) // languages
        turns = [
            np.random.default_rng((seed, turn)).permutation(languages)
            for turn in range(first, last + 1)
        ]
        skipped = start - first * languages
        drawn: NDArray[np.int64] = np.concatenate(turns)[skipped : skipped + count]
        return drawn


@dataclass(frozen=True, slots=True)
class _Masked:
    """A text with some tokens hidden.

    Args:
        original: token ids, int64 [T].
        ids: the same with some hidden, int64 [T].
        chosen: 1 for each token to predict, int64 [T].
    """

    original: NDArray[np.int64]
    ids: NDArray[np.int64]
    chosen: NDArray[np.int64]


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
        self._ranks = options.ranks
        self._languages = LanguageDraw(
            (record.language for record in train.records), form.language_temperature
        )
        self._special = np.array(sorted(set(encoder.tokenizer.all_special_ids)), np.int64)
        self._texts = self._tokenise(Column(train.records, form.text))
        self._dev = self._tokenise(Column(dev.records, form.text))
        occurring = np.array(sorted(self.token_ids()), np.int64)
        self._ordinary = np.setdiff1d(occurring, self._special)
        if len(self._ordinary) == 0:
            raise DataError("the texts of a masked LM have no token that is not special", "words")
        self._occurring = torch.from_numpy(occurring).to(encoder.device)
        self.head = MaskedLMHead(encoder.state_width, len(occurring)).to(encoder.device)

    def _tokenise(self, texts: Sequence[str]) -> NumberedTexts:
        number = number_words if self.form.whole_words else number_tokens
        return number(self.encoder, texts)

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the texts, and the mask."""
        mask = int(self.encoder.tokenizer.mask_token_id)
        return {mask} | distinct_ids(text.ids for text in chain(self._texts, self._dev))

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Texts drawn by language, with replacement within a language."""
        return self._languages.draw(start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """Cross-entropy of the chosen tokens over the tokens that occur."""
        masked = [self._masked(self._texts[row], generator) for row in rows]
        share = self._share(masked)
        return self._step_loss(masked, share, self._losses(masked, share=share))

    def _share(self, masked: Sequence[_Masked]) -> Share:
        return self._ranks.balanced([len(text.ids) for text in masked])

    def _step_loss(self, masked: Sequence[_Masked], share: Share, losses: Tensor) -> StepLoss:
        """The mean over the chosen tokens of the batch.

        Args:
            masked: the texts of the batch.
            share: this rank's share of the texts.
            losses: losses of the share's chosen tokens, float32 [M].
        """
        chosen = [int(text.chosen.sum()) for text in masked]
        tokens = count_tokens([text.original for text in masked])
        return StepLoss(share.of_mean(losses.mean(), chosen), tokens)

    def dev_scores(self) -> dict[str, float]:
        """The loss on the dev texts, masked the same way every time."""
        if not self._dev:
            return {}
        generator = np.random.default_rng(0)
        masked = [self._masked(text, generator) for text in self._dev]
        batches = list(batches_of([text.ids for text in masked], ALONE))
        totals = [0.0] * len(batches)
        with torch.inference_mode():
            for number in range(len(batches))[self._ranks.turn]:
                rows = batches[number]
                losses = self._losses([masked[row] for row in rows], self._dev_context(rows))
                totals[number] = float(losses.sum(dtype=torch.float64))
        total = sum(self._ranks.summed(totals))
        return {"dev_loss": total / sum(int(text.chosen.sum()) for text in masked)}

    def _dev_context(self, rows: Sequence[int]) -> Context | None:
        """The context of some dev texts: none."""
        del rows
        return None

    def _losses(
        self,
        masked: Sequence[_Masked],
        context: Context | None = None,
        share: Share | None = None,
    ) -> Tensor:
        """Cross-entropy of each chosen token of some texts, float32 [M].

        The softmax is over the tokens of this task, whatever other rows the encoder's table has.

        Args:
            masked: the texts.
            context: changes their states, for example by a picture; None: no change.
            share: the texts that are run; None: all.
        """
        run = None if share is None else share.run
        batch = pack([text.ids for text in masked], run)
        hidden = pack([text.chosen for text in masked], run).token_ids.bool()
        targets = pack([text.original for text in masked], run).token_ids[hidden]
        states = self.encoder.states(batch.to(self.encoder.device))
        if context is not None:
            states = context(states, batch)
        vectors = self.head(states[hidden.to(states.device)])
        scores = vectors @ self.encoder.table.rows(self._occurring).T + self.head.bias
        places = torch.searchsorted(self._occurring, targets.to(states.device))
        return torch.nn.functional.cross_entropy(scores, places, reduction="none")

    def _masked(self, text: NumberedTokens, generator: np.random.Generator) -> _Masked:
        return _Masked(text.ids, *self._mask(text, generator))

    def _mask(
        self, text: NumberedTokens, generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The token ids with some hidden, int64 [T], and 1 for each token to predict."""
        chosen = self._choose(text, generator)
        fate = generator.random(len(chosen))
        masked = text.ids.copy()
        masked[chosen & (fate < _MASKED)] = self.encoder.tokenizer.mask_token_id
        other = chosen & (fate >= _MASKED) & (fate < _MASKED + _RANDOM)
        drawn = generator.integers(0, len(self._ordinary), int(other.sum()))
        masked[other] = self._ordinary[drawn]
        return masked, chosen.astype(np.int64)

    def _choose(self, text: NumberedTokens, generator: np.random.Generator) -> NDArray[np.bool_]:
        """Which tokens to predict, bool [T]: at least one."""
        ordinary = ~np.isin(text.ids, self._special)
        draws = generator.random(max(1, int(text.words.max()) + 1))
        chosen: NDArray[np.bool_] = ordinary & (draws[text.words] < self.form.masked_share)
        if not chosen.any():
            candidates = np.flatnonzero(ordinary) if ordinary.any() else len(ordinary)
            token = generator.choice(candidates)
            chosen[token] = True
            chosen |= ordinary & (text.words == text.words[token])
        return chosen


def _shares(sizes: NDArray[np.int64], temperature: float) -> NDArray[np.float64]:
    """Probability of each language, float64 [L], from its number of texts."""
    weights = (sizes / sizes.sum()) ** (1 / temperature)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _chances(start: int, count: int, seed: int) -> NDArray[np.float64]:
    """Two numbers in [0, 1) for each of ``count`` positions, float64 [count, 2].

    The generator is counter-based: each position has its own counter, so none before it must be drawn.
    """
    key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=start))
    return generator.random((count, _NUMBERS_OF_A_COUNTER))[:, :2]
