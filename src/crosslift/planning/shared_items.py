"""Counts the items that two targets have in common, whatever the names of their files."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from crosslift.sources.overlap.compared_forms import normalise
from crosslift.sources.record import Bitext
from crosslift.targets.target_data import TargetData

Pair = tuple[str, str]
_MOST_OF_A_LANGUAGE = 0.5


def count_shared(bitexts: TargetData, other: TargetData) -> int:
    """The number of items of bitexts that another target also has, compared without letter case,
    spaces and punctuation.

    Of bitexts, a pair is the same if both of its texts are: many languages share their English side.
    Close languages share words, so a pair of two languages with different names counts only where more
    than half of the pairs of one of them are the other's. Any other target has an item in common if
    one of its texts in a language is a text of that language in the bitexts.

    Args:
        bitexts: data with bitexts.
        other: data of another target, of any kind.
    """
    if other.bitexts:
        return _shared_pairs(bitexts, other)
    return _shared_texts(bitexts, other)


def _shared_pairs(bitexts: TargetData, other: TargetData) -> int:
    theirs = {language: _pairs(bitext) for language, bitext in other.bitexts.items()}
    everything = frozenset[Pair]().union(*theirs.values())
    count = 0
    for language, bitext in bitexts.bitexts.items():
        own = _pairs(bitext)
        if own.isdisjoint(everything):
            continue
        shared = (
            own & pairs
            for code, pairs in theirs.items()
            if _same(language, code) or _mostly_the_same(own, pairs)
        )
        count += len(set[Pair]().union(*shared))
    return count


def _pairs(bitext: Bitext) -> frozenset[Pair]:
    """The pairs of texts, in the same order whichever side is English."""
    src, tgt = map(normalise, bitext.src), map(normalise, bitext.tgt)
    return frozenset((min(pair), max(pair)) for pair in zip(src, tgt, strict=True))


def _mostly_the_same(own: AbstractSet[Pair], other: AbstractSet[Pair]) -> bool:
    fewest = min(len(own), len(other))
    return len(own & other) > _MOST_OF_A_LANGUAGE * fewest


def _shared_texts(bitexts: TargetData, other: TargetData) -> int:
    own = {
        language: set(map(normalise, bitext.src))
        for language, bitext in bitexts.bitexts.items()
        if any(_same(language, code) for code in other.languages)
    }
    if not own:
        return 0
    everything = set[str]().union(*own.values())
    forms = {text: normalise(text) for text in other.distinct_texts()}
    forms = {text: form for text, form in forms.items() if form in everything}
    count = 0
    for language, texts in own.items():
        items = other.items_with({text for text, form in forms.items() if form in texts})
        count += sum(len(of) for code, of in items.items() if _same(language, code))
    return count


def _same(language: str, other: str) -> bool:
    """Whether two codes name one language, in any script or region."""
    return language.partition("-")[0] == other.partition("-")[0]
