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
        repeated: pairs left out because one of their words is in a pair before them: a word
            with two translations cannot find both first.
        spelled_alike: pairs left out because both words are one string but for case: their
            vectors are equal at every hidden state, whatever the encoder has learnt.
    """

    pairs: tuple[tuple[str, str], ...]
    repeated: int
    spelled_alike: int


def one_to_one(pairs: Sequence[tuple[str, str]]) -> Matching:
    """Keep the first pair of each word, whatever its case, on both sides.

    Example::

        acha leave    kept
        acha quit     repeated: acha
        toka leave    repeated: leave
        radio Radio   spelled alike

    Args:
        pairs: word and its translation, in an order in which the first is the best.

    Returns:
        The pairs kept, in their order, and how many were left out.
    """
    kept: list[tuple[str, str]] = []
    words, translations = set[str](), set[str]()
    repeated = alike = 0
    for word, translation in pairs:
        own, other = folded(word), folded(translation)
        if own == other:
            alike += 1
        elif own in words or other in translations:
            repeated += 1
        else:
            kept.append((word, translation))
            words.add(own)
            translations.add(other)
    return Matching(tuple(kept), repeated, alike)
