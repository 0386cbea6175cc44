"""Tokens with the number of the word that each belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.token_sequences import TokenSequences
from crosslift.encoders.tokens import fast_tokenizer, parts_of, tokenise_compactly

Ids = NDArray[np.int64]

_WORD_MARK = "▁"  # of SentencePiece, before the first piece of a word


@dataclass(frozen=True, slots=True)
class NumberedTokens:
    """The tokens of a text with the number of the word each belongs to.

    Args:
        ids: int64 [T], prompt and special tokens included.
        words: int64 [T], counted from 0; -1 for special tokens.
    """

    ids: Ids
    words: Ids


class NumberedTexts(Sequence[NumberedTokens]):
    """The tokens of N texts with their words.

    Args:
        ids: ids of the tokens.
        words: their words, as in `NumberedTokens`; None: each token is a word.
    """

    def __init__(self, ids: TokenSequences, words: TokenSequences | None = None) -> None:
        self._ids = ids
        self._words = words

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._ids)

    @overload
    def __getitem__(self, row: int) -> NumberedTokens: ...
    @overload
    def __getitem__(self, row: slice) -> list[NumberedTokens]: ...
    def __getitem__(self, row: int | slice) -> NumberedTokens | list[NumberedTokens]:
        """The tokens of a text, or those of some texts."""
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        ids = self._ids[row]
        return NumberedTokens(ids, np.arange(len(ids)) if self._words is None else self._words[row])


def number_tokens(encoder: Encoder, texts: Sequence[str]) -> NumberedTexts:
    """The tokens of N texts, as from ``Encoder.tokenise``; each token is a word."""
    return NumberedTexts(tokenise_compactly(encoder, texts))


def number_words(encoder: Encoder, texts: Sequence[str]) -> NumberedTexts:
    """The tokens of N texts, as from ``Encoder.tokenise``, with their words.

    A word begins where the tokenizer says so, and at a piece that SentencePiece marks as one.

    Raises:
        EncoderError: the tokenizer does not give the words of its tokens.
    """
    words = TokenSequences(_word_numbers(encoder, texts))
    return NumberedTexts(tokenise_compactly(encoder, texts), words)


def _word_numbers(encoder: Encoder, texts: Sequence[str]) -> Iterator[Ids]:
    for part in parts_of(len(texts)):
        encodings = fast_tokenizer(encoder)(
            [encoder.reading.prompt + text for text in texts[part]],
            truncation=True,
            max_length=encoder.reading.max_tokens,
        )
        for i, ids in enumerate(encodings["input_ids"]):
            if ids:
                yield _words(encoder.tokenizer, ids, encodings.word_ids(i))
            else:  # a text without tokens: one position, of no word
                yield np.array([-1], np.int64)


def _words(tokenizer: Any, ids: Sequence[int], numbers: Sequence[int | None]) -> Ids:
    pieces = tokenizer.convert_ids_to_tokens(ids)
    words = np.full(len(ids), -1, np.int64)
    count, former = 0, None
    for i, (piece, number) in enumerate(zip(pieces, numbers, strict=True)):
        if number is not None:
            count += number != former or piece.startswith(_WORD_MARK)
            words[i] = count - 1
        former = number
    return words
