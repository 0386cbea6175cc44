"""Splits word pairs into training pairs and control pairs that share no word."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.errors import DataError
from crosslift.sources.lexicons.lexicon import Lexicon, WordPair, folded

CONTROL_SHARE = 0.1
"""Share of the control pairs, which are never trained on."""
_LARGEST = 0.1  # size of a group that may be held out, as a share of the control pairs


@dataclass(frozen=True, slots=True)
class WordSplit:
    """A lexicon in two parts.

    Args:
        trained: pairs to train on.
        control: pairs with no word, on either side, in a trained pair.
        groups: groups of the trained pairs; pairs connected by words are in one group.
    """

    trained: tuple[WordPair, ...]
    control: tuple[WordPair, ...]
    groups: tuple[str, ...]


def split_by_word(pairs: Sequence[WordPair], share: float = CONTROL_SHARE) -> WordSplit:
    """Splits pairs by the words in them.

    Pairs that share a word, in any case and on either side, stay together, and so do those that are
    connected through others. The choice of control pairs depends only on their words, not on their
    order or a seed. Large groups, connected by common words, are trained on.

    Example::

        bara land, bara continent, nchi land, samaki fish  ->  the first three are one group

    Args:
        pairs: distinct.
        share: approximate share of the pairs that become control pairs.

    Raises:
        DataError: a part would be empty.
    """
    groups = _groups(pairs)
    sizes = {name: len(members) for name, members in groups.items()}
    largest = max(1.0, _LARGEST * share * len(pairs))
    small = [name for name, size in sizes.items() if size <= largest]
    needed_share = share * len(pairs) / max(1, sum(sizes[name] for name in small))
    held_out = {name for name in small if _chance(name) < needed_share}
    of_pair = {place: name for name, members in groups.items() for place in members}
    places = {
        is_control: [i for i in of_pair if (of_pair[i] in held_out) == is_control]
        for is_control in (True, False)
    }
    control, trained = (
        tuple(pairs[i] for i in sorted(places[is_control])) for is_control in (True, False)
    )
    if not control or not trained:
        raise DataError(
            f"{len(pairs)} pairs of words split into {len(trained)} to train on and "
            f"{len(control)} control pairs",
            "some of each: more pairs",
        )
    check_no_leak(trained, control)
    return WordSplit(trained, control, tuple(of_pair[i] for i in sorted(places[False])))


def split_of_lexicon(lexicon: Lexicon) -> WordSplit:
    """Splits a lexicon into two parts: as its file says, or by its words.

    Raises:
        DataError: a word of its control pairs is in a trained pair; a part is empty.
    """
    if lexicon.control is None:
        return split_by_word(lexicon.pairs)
    trained_places = [(i, p) for i, p in enumerate(lexicon.pairs) if p not in lexicon.control]
    trained = tuple(pair for _, pair in trained_places)
    control = tuple(pair for pair in lexicon.pairs if pair in lexicon.control)
    if not control or not trained:
        raise DataError(
            f"a lexicon of {len(trained)} trained and {len(control)} control pairs", "some of each"
        )
    check_no_leak(trained, control)
    group = {i: name for name, places in _groups(lexicon.pairs).items() for i in places}
    return WordSplit(trained, control, tuple(group[i] for i, _ in trained_places))


def check_no_leak(trained: Sequence[WordPair], control: Sequence[WordPair]) -> None:
    """Raises if a word of a control pair is in a trained pair.

    Raises:
        DataError: there is one; the message names some.
    """
    trained_words = {folded(word) for pair in trained for word in pair}
    leaks = sorted({word for pair in control for word in pair if folded(word) in trained_words})
    if leaks:
        examples = ", ".join(leaks[:5])
        raise DataError(
            f"{len(leaks)} words of control pairs are in trained pairs, too: {examples}",
            "control pairs of words that are never trained on",
            "split the pairs by their words",
        )


def _groups(pairs: Sequence[WordPair]) -> dict[str, list[int]]:
    """Name of a group, its first word -> the indices of its pairs."""
    above: dict[str, str] = {}

    def root(word: str) -> str:
        above.setdefault(word, word)
        while above[word] != word:
            above[word] = above[above[word]]
            word = above[word]
        return word

    for word, english in pairs:
        one, other = sorted((root(folded(word)), root(folded(english))))
        above[other] = one
    members: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        members[root(folded(pair.word))].append(place)
    return members


def _chance(name: str) -> float:
    """A number in [0, 1) that depends only on a group's name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
