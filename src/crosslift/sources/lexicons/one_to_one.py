"""Pairs of words in which every word occurs once on its side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.sources.lexicons.lexicon import folded


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of words in which every word occurs once on its side.

    Args:
        pairs: word and its translation.
        repeated: pairs left out because one of their words is in an earlier pair: a word
            with two translations cannot rank both first.
        spelled_alike: pairs left out because both words are equal except for case: their
            vectors are equal at every hidden state, whatever the encoder has learned.
    """

    pairs: tuple[tuple[str, str], ...]
    repeated: int
    spelled_alike: int


def one_to_one(pairs: Sequence[tuple[str, str]]) -> Matching:
    """Keeps the first pair of each word, ignoring case, on both sides.

    Example::

        acha leave    kept
        acha quit     repeated: acha
        toka leave    repeated: leave
        radio Radio   spelled alike

    Args:
        pairs: word and its translation, sorted so that the best translation of a word is first.

    Returns:
        The distinct pairs, in their order, and the counts of the others.
    """
    distinct: list[tuple[str, str]] = []
    words, translations = set[str](), set[str]()
    repeated_count = alike_count = 0
    for word, translation in pairs:
        source, target = folded(word), folded(translation)
        if source == target:
            alike_count += 1
        elif source in words or target in translations:
            repeated_count += 1
        else:
            distinct.append((word, translation))
            words.add(source)
            translations.add(target)
    return Matching(tuple(distinct), repeated_count, alike_count)
