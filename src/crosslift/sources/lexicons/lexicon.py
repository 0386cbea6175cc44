"""A lexicon: words of a language with English translations."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crosslift.errors import DataError


class WordPair(NamedTuple):
    """A word and one of its translations.

    Args:
        word: in the lexicon's language.
        english: its translation.
    """

    word: str
    english: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word pairs of one language and English.

    Args:
        language: BCP-47 code of the words.
        pairs: distinct, in the order of their source.
        left_out: reason -> number of pairs that were not taken.
        checksum: of the files they come from.
        control: pairs that are never to be trained on, as the file says; None: it says nothing.
    """

    language: str
    pairs: tuple[WordPair, ...]
    left_out: Mapping[str, int]
    checksum: str
    control: frozenset[WordPair] | None = None


def folded(word: str) -> str:
    """A word as it is compared with others: composed (NFC), without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())


def usable(
    pairs: Iterable[WordPair], left_out: Mapping[str, int], where: str
) -> tuple[tuple[WordPair, ...], dict[str, int]]:
    """The pairs of single words, each once, and why others are not among them.

    A word that is the same in both languages is left out: it teaches nothing, and its letters find it.

    Args:
        pairs: as they were read.
        left_out: reason -> number of those that were left out in reading.
        where: they come from, for errors.

    Raises:
        DataError: none is left.
    """
    counts, found = Counter(left_out), dict[tuple[str, str], WordPair]()
    for pair in pairs:
        word, english = (unicodedata.normalize("NFC", side.strip()) for side in pair)
        key = (folded(word), folded(english))
        reason = _fault(word, english) or ("twice" if key in found else None)
        if reason is None:
            found[key] = WordPair(word, english)
        else:
            counts[reason] += 1
    if not found:
        told = (
            ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "no pair at all"
        )
        raise DataError(f"{where} has no pair of words ({told})", "single words with translations")
    return tuple(found.values()), dict(counts)


def _fault(word: str, english: str) -> str | None:
    if not word or not english:
        return "empty"
    if len(word.split()) > 1 or len(english.split()) > 1:
        return "of several words"
    if not all(any(letter.isalpha() for letter in side) for side in (word, english)):
        return "without a letter"
    return "the same in both languages" if folded(word) == folded(english) else None
