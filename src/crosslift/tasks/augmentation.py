"""Copies of training records in which words are replaced by synonyms (RS-DA)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.sources.record import Record, names_bound
from crosslift.sources.synonyms import WORD, Synonyms
from crosslift.tasks.task import FormSpec, texts_read

_WORDS_IN_ERROR = 5
_SEED = 8  # among the seeds of a stage

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Augmented:
    """Copies of records that replace them.

    Args:
        records: the copies of the first record, then those of the second, and so on.
        words: number of words of all English copies.
        with_synonyms: number of those words that could be replaced.
        replaced: number of those words that were replaced.
    """

    records: list[Record]
    words: int
    with_synonyms: int
    replaced: int


def augmented(
    records: Sequence[Record], form: FormSpec, synonyms: Synonyms, copies: int, seed: int
) -> Augmented:
    """Copies of records in which each word with synonyms is replaced by a uniform draw from the word
    and its synonyms.

    Texts that the form reads are drawn independently, as in the authors' code for the two sides of a
    pair; a column that is both sides of a pair is one text. Labels, grades, tags and pictures stay.
    Words that overlap with an answer to a question stay, and the answer's span moves with the text.
    Replacements are capitalised like the original word. Records in other languages are copied
    unchanged, so that languages keep their shares. The copies of a record are one group, so that none
    is a negative of another.

    Example::

        "Good dogs.", good -> fine; 2 copies  ->  "Fine dogs.", "Good dogs." (one of four outcomes)

    Args:
        records: N records.
        form: the form whose texts are changed.
        synonyms: synonyms of English words.
        copies: number of copies of each record.
        seed: seed of the draws, together with the record's id, so that draws do not depend on other
            records.

    Raises:
        DataError: there is less than one copy, or no word of the records has a synonym.

    Source: Huang et al. 2021 (arXiv 2104.08645), section 3, and the authors' code.
    """
    if copies < 1:
        raise DataError(f"{copies} copies of each record", "1 or more")
    options = _options_in(synonyms)
    copied: list[Record] = []
    words = with_synonyms = replaced = 0
    for record in records:
        if not _english(record):
            copied += _with_ids(record, [record] * copies)
            continue
        draft = _draft(record, form, options)
        draws = _draws(draft.sizes, copies, (seed, record.id))
        copied += _with_ids(record, [draft.filled(row) for row in draws.tolist()])
        words += copies * sum(text.words for text in draft.texts)
        with_synonyms += draws.size
        replaced += int(np.count_nonzero(draws))
    if with_synonyms == 0:
        raise _no_synonyms(records, form, synonyms)
    return Augmented(copied, words, with_synonyms, replaced)


def english_words(records: Sequence[Record], form: FormSpec) -> list[str]:
    """The distinct words of the English texts that a form reads, in lower case, in order."""
    texts = (text for record in records if _english(record) for text in texts_read(record, form))
    return list(dict.fromkeys(word.lower() for text in texts for word in WORD.findall(text)))


def _no_synonyms(records: Sequence[Record], form: FormSpec, synonyms: Synonyms) -> DataError:
    looked_up = english_words(records, form)
    sample = (
        f"looked up: {', '.join(looked_up[:_WORDS_IN_ERROR])}"
        if looked_up
        else "no text is English"
    )
    more = ", ..." if len(looked_up) > _WORDS_IN_ERROR else ""
    return DataError(
        f"no word of the training texts has a synonym in {synonyms.source} ({sample}{more})",
        "synonyms of English words that occur in them, outside of answers",
    )


def _english(record: Record) -> bool:
    return record.language.partition("-")[0] == "en"


def _with_ids(record: Record, copies: Sequence[Record]) -> Iterator[Record]:
    """Copies with separate ids, in the record's group, or in a group of no other record."""
    group = record.group or f"\0{record.id}"
    for number, copy in enumerate(copies, 1):
        yield replace(copy, id=f"{record.id}#{number}", group=group)


def _draws(sizes: Sequence[int], copies: int, seed: tuple[int, str]) -> NDArray[np.int64]:
    """The word at each place of each copy, int64 [copies, places]; 0 is the original word."""
    number, name = seed
    name_hash = int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    generator = np.random.default_rng((number, _SEED, name_hash))
    return generator.integers(0, np.array(sizes, np.int64), size=(copies, len(sizes)))


_Options = Callable[[str], tuple[str, ...]]
"""Maps a word to itself and its possible replacements."""


def _options_in(synonyms: Synonyms) -> _Options:
    @cache
    def options(word: str) -> tuple[str, ...]:
        return (word, *(_capitalised_like(word, other) for other in synonyms.of_word(word)))

    return options


def _capitalised_like(word: str, other: str) -> str:
    """Another word, capitalised like a word."""
    if len(word) > 1 and word.isupper():
        return other.upper()
    return other[:1].upper() + other[1:] if word[:1].isupper() else other


class _Place(NamedTuple):
    """A place in a text where a word may be replaced. Options: the word first, then its synonyms."""

    start: int
    end: int
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with the places in which words may be replaced, and the number of all its words."""

    text: str
    places: tuple[_Place, ...]
    words: int

    def filled(self, drawn: Sequence[int]) -> str:
        """The text with one of its options at each place."""
        parts: list[str] = []
        done = 0
        for (start, end, options), number in zip(self.places, drawn, strict=True):
            parts += (self.text[done:start], options[number])
            done = end
        return "".join((*parts, self.text[done:]))

    def moved(self, spans: Spans, drawn: Sequence[int]) -> Spans:
        """The spans in the filled text; they must not contain a place."""
        ends = [place.end for place in self.places]
        length_changes = [
            len(place.options[number]) - len(place.options[0])
            for place, number in zip(self.places, drawn, strict=True)
        ]
        shifts = [0, *accumulate(length_changes)]
        shift_of_span = [shifts[bisect_right(ends, start)] for start, _ in spans]
        return tuple(
            (start + move, end + move)
            for (start, end), move in zip(spans, shift_of_span, strict=True)
        )


def _text(text: str, spans: Spans, options: _Options) -> _Text:
    """A text in which words that overlap with spans stay."""
    places, words = [], 0
    for match in WORD.finditer(text):
        words += 1
        start, end = match.span()
        word_options = options(match[0])
        in_span = any(start < after and first < end for first, after in spans)
        if len(word_options) > 1 and not in_span:
            places.append(_Place(start, end, word_options))
    return _Text(text, tuple(places), words)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A record and its texts: those of some columns, its choices, the words of a tagged sentence."""

    record: Record
    columns: tuple[str, ...]
    passage: str | None
    texts: tuple[_Text, ...]

    @property
    def sizes(self) -> list[int]:
        """Number of words to choose from, at each place of each text."""
        return [len(place.options) for text in self.texts for place in text.places]

    def filled(self, drawn: Sequence[int]) -> Record:
        """The record with these words in its texts."""
        ends = [0, *accumulate(len(text.places) for text in self.texts)]
        parts = [drawn[first:after] for first, after in pairwise(ends)]
        filled_texts = [text.filled(part) for text, part in zip(self.texts, parts, strict=True)]
        columns, choices = len(self.columns), len(self.record.choices)
        spans = self.record.spans
        if self.passage in self.columns:
            number = self.columns.index(self.passage)
            spans = self.texts[number].moved(spans, parts[number])
        return replace(
            self.record,
            texts={**self.record.texts, **dict(zip(self.columns, filled_texts, strict=False))},
            choices=tuple(filled_texts[columns : columns + choices]),
            words=tuple(filled_texts[columns + choices :]),
            spans=spans,
        )


def _draft(record: Record, form: FormSpec, options: _Options) -> _Draft:
    columns = names_bound(record.texts, form.columns.values())
    passage = form.passage
    texts = [
        _text(record.texts[name], record.spans if name == passage else (), options)
        for name in columns
    ]
    texts += [_text(text, (), options) for text in (*record.choices, *record.words)]
    return _Draft(record, columns, passage, tuple(texts))
