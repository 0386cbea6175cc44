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
        left_out: reason -> number of skipped pairs.
        checksum: checksum of the files they come from.
        control: pairs that the file excludes from training; None: the file does not say.
    """

    language: str
    pairs: tuple[WordPair, ...]
    left_out: Mapping[str, int]
    checksum: str
    control: frozenset[WordPair] | None = None


def folded(word: str) -> str:
    """A word in the form for comparisons: composed (NFC), without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())


def usable(
    pairs: Iterable[WordPair], left_out: Mapping[str, int], where: str
) -> tuple[tuple[WordPair, ...], dict[str, int]]:
    """The pairs of single words, each once, and the counts of skipped ones by reason.

    Words that are equal in both languages are left out: they teach nothing, and are easy to match by
    their letters.

    Args:
        pairs: as they were read.
        left_out: reason -> number of pairs that were skipped while reading.
        where: their source, for errors.

    Raises:
        DataError: no pair is left.
    """
    counts, distinct = Counter(left_out), dict[tuple[str, str], WordPair]()
    for pair in pairs:
        word, english = (unicodedata.normalize("NFC", side.strip()) for side in pair)
        key = (folded(word), folded(english))
        reason = _fault(word, english) or ("twice" if key in distinct else None)
        if reason is None:
            distinct[key] = WordPair(word, english)
        else:
            counts[reason] += 1
    if not distinct:
        reasons = (
            ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "no pair at all"
        )
        raise DataError(
            f"{where} has no pair of words ({reasons})", "single words with translations"
        )
    return tuple(distinct.values()), dict(counts)


def _fault(word: str, english: str) -> str | None:
    if not word or not english:
        return "empty"
    if len(word.split()) > 1 or len(english.split()) > 1:
        return "of several words"
    if not all(any(letter.isalpha() for letter in side) for side in (word, english)):
        return "without a letter"
    return "the same in both languages" if folded(word) == folded(english) else None
