"""Tokens with their characters and words, and the special tokens around texts and pairs.

Span QA, tagging, multiple choice and the masking of whole words are built on these.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.token_sequences import TokenSequences
from crosslift.errors import EncoderError

Ids = NDArray[np.int64]

_TEXTS_AT_ONCE = 4096  # a tokenizer's output is many times larger than the ids in it


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens that a tokenizer puts around its texts.

    Args:
        before: special tokens before the first text.
        between: special tokens between the two texts; empty for a single text.
        after: special tokens after the last text.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]

    def __len__(self) -> int:
        """Number of special tokens."""
        return len(self.before) + len(self.between) + len(self.after)

    def around(self, first: Ids | Sequence[int], second: Ids | Sequence[int] = ()) -> Ids:
        """The sequence of one text or of a pair, int64 [T]."""
        parts = (self.before, first, self.between, second, self.after)
        return np.concatenate([np.asarray(part, np.int64) for part in parts])


@dataclass(frozen=True, slots=True)
class LocatedTokens:
    """The tokens of a text, without special tokens, and their positions in it.

    Args:
        ids: int64 [T].
        characters: int64 [T, 2], the first character of each token and the one after its last;
            space at either end is excluded, and an accent behind it that is a separate character
            is included. A token without a character is empty.
    """

    ids: Ids
    characters: Ids

    def covering(self, start: int, end: int) -> Ids:
        """Indices int64 of the tokens with any character of ``[start, end)``, in order."""
        first, after = self.characters.T
        return np.flatnonzero((first < end) & (after > start) & (first < after))


def frame_of_texts(encoder: Encoder) -> Frame:
    """The special tokens that the tokenizer puts around one text."""
    return _frame(encoder, [_PROBE])


def frame_of_pairs(encoder: Encoder) -> Frame:
    """The special tokens that the tokenizer puts around and between the texts of a pair."""
    return _frame(encoder, [_PROBE, _PROBE])


_PROBE = ["a"]


def _frame(encoder: Encoder, texts: Sequence[list[str]]) -> Frame:
    encoding = fast_tokenizer(encoder)(*texts)
    ids, sides = encoding["input_ids"][0], encoding.sequence_ids(0)
    places = [i for i, side in enumerate(sides) if side is not None]
    between = [ids[i] for i in range(places[0], places[-1]) if sides[i] is None]
    return Frame(tuple(ids[: places[0]]), tuple(between), tuple(ids[places[-1] + 1 :]))


def tokenise_compactly(
    encoder: Encoder, *columns: Sequence[str], prompt: str | None = None
) -> TokenSequences:
    """Token ids of N texts, or of N pairs if there are two columns, int64 [T] each.

    They are those of ``Encoder.tokenise`` and ``Encoder.tokenise_pairs``, in a sixteenth of the memory.

    Args:
        encoder: the encoder.
        columns: the texts, or both texts of the pairs.
        prompt: put before texts, not pairs; None: that of the encoder.
    """
    single = partial(encoder.tokenise, prompt=prompt)
    call = single if len(columns) == 1 else encoder.tokenise_pairs

    def make() -> TokenSequences:
        return TokenSequences(
            ids
            for part in parts_of(len(columns[0]))
            for ids in call(*(texts[part] for texts in columns))
        )

    before = encoder.reading.prompt if prompt is None else prompt
    what = ("sequences", before, encoder.reading.max_tokens)
    return encoder.remembered.of(what, columns, make, lambda sequences: sequences.nbytes)


def tokenise_bare(encoder: Encoder, texts: Sequence[str]) -> list[Ids]:
    """Token ids of N texts without prompt, special tokens or limit, int64 [T] each."""
    return [
        np.asarray(ids, np.int64)
        for part in parts_of(len(texts))
        for ids in _bare(encoder.tokenizer, texts[part])["input_ids"]
    ]


def locate_tokens(encoder: Encoder, texts: Sequence[str]) -> list[LocatedTokens]:
    """The tokens of N texts without prompt, special tokens or limit, and their characters.

    Raises:
        EncoderError: the tokenizer does not give the characters of its tokens.
    """

    def size(located: Iterable[LocatedTokens]) -> int:
        return sum(each.ids.nbytes + each.characters.nbytes for each in located)

    def make() -> list[LocatedTokens]:
        return [
            tokens for part in parts_of(len(texts)) for tokens in _located(encoder, texts[part])
        ]

    return list(encoder.remembered.of("located", [texts], make, size))


def _located(encoder: Encoder, texts: Sequence[str]) -> Iterator[LocatedTokens]:
    encodings = _bare(fast_tokenizer(encoder), texts, return_offsets_mapping=True)
    rows = zip(texts, encodings["input_ids"], encodings["offset_mapping"], strict=True)
    for text, ids, offsets in rows:
        yield LocatedTokens(_fixed(ids), _fixed(_with_marks(text, _without_space(text, offsets))))


def _fixed(ids: Any) -> Ids:
    """Read-only ids: the encoder keeps them for later callers."""
    fixed = np.asarray(ids, np.int64)
    fixed.flags.writeable = False
    return fixed


def _bytes_of(sequences: Iterable[Ids]) -> int:
    return sum(ids.nbytes for ids in sequences)


def parts_of(count: int) -> Iterator[slice]:
    """Slices of N texts that go through a tokenizer together."""
    for first in range(0, count, _TEXTS_AT_ONCE):
        yield slice(first, first + _TEXTS_AT_ONCE)


def _bare(tokenizer: Any, texts: Sequence[str], **options: bool) -> Any:
    return tokenizer(
        list(texts),
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
        **options,
    )


def _without_space(text: str, offsets: Iterable[tuple[int, int]]) -> Ids:
    """Offsets [T, 2] with their ends moved inwards over space (tokenizers differ in whether the
    space before a word belongs to its first token)."""
    places = np.array(list(offsets), np.int64).reshape(-1, 2)
    ink = np.array([not character.isspace() for character in text], bool)
    here = np.arange(len(text))
    following = np.minimum.accumulate(np.where(ink, here, len(text))[::-1])[::-1]
    preceding = np.maximum.accumulate(np.where(ink, here + 1, 0))
    starts = np.append(following, len(text))[places[:, 0]]
    ends = np.insert(preceding, 0, 0)[places[:, 1]]
    return np.stack([starts, np.maximum(starts, ends)], axis=1)


def _with_marks(text: str, characters: Ids) -> Ids:
    """Characters [T, 2] with their ends moved outwards over combining marks that belong to no token
    (a tokenizer that composes a letter and its accent gives the place of the letter alone)."""
    if text.isascii():
        return characters
    starts, ends = characters.T
    edges = np.zeros(len(text) + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, ends, -1)
    reach = np.arange(len(text) + 1)
    for place in np.flatnonzero(np.cumsum(edges)[:-1] == 0)[::-1]:
        if unicodedata.category(text[place]).startswith("M"):
            reach[place] = reach[place + 1]
    return np.stack([starts, np.where(starts < ends, reach[ends], ends)], axis=1)


def tokenise_words(encoder: Encoder, words: Iterable[str]) -> dict[str, Ids]:
    """Token ids of each distinct word, as they are inside a sentence.

    A word for which the tokenizer returns no token (such as a lone mark of writing direction) is the
    unknown token.

    Returns:
        word -> int64 [T], T >= 1.

    Raises:
        EncoderError: there is such a word, and the tokenizer has no unknown token.
    """
    distinct = list(dict.fromkeys(words))

    def make() -> list[Ids]:
        return [_fixed(ids) for ids in tokenise_bare(encoder, [f" {word}" for word in distinct])]

    sequences = encoder.remembered.of("words", [distinct], make, _bytes_of)
    ids_by_word = dict(zip(distinct, sequences, strict=True))
    unknown = encoder.tokenizer.unk_token_id
    for word, ids in ids_by_word.items():
        if len(ids) == 0:
            if unknown is None:
                raise EncoderError(
                    f"{encoder.folder}: the tokenizer returns no token for {word!r}, and it has no "
                    "unknown token"
                )
            ids_by_word[word] = np.array([unknown], np.int64)
    return ids_by_word


def fast_tokenizer(encoder: Encoder) -> Any:
    """The tokenizer of an encoder, if it gives the characters of its tokens.

    Raises:
        EncoderError: it does not.
    """
    if not getattr(encoder.tokenizer, "is_fast", False):
        raise EncoderError(
            f"{encoder.folder}: the tokenizer does not give the characters of its tokens",
            "a tokenizer with the file tokenizer.json",
        )
    return encoder.tokenizer
