"""The sets of texts that are encoded together: a set for each side of each language.

The vector of a text may depend, in its last bits, on the texts that are in the same batch. So a set is
encoded as a whole or not at all, and earlier encodings never change a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.keys import key_of
from crosslift.encoders.encoder_settings import Side
from crosslift.errors import first_few
from crosslift.targets.target_data import TargetData

_MOST_OF_A_SIDE = 0.5
_AT_ONCE = 10_000
Name = tuple[str, Side]
"""A language and a side."""


@dataclass(frozen=True)
class TextSet:
    """Distinct texts, and their hash, which is computed once because every arm and seed needs it.

    Args:
        texts: distinct texts, sorted.
        words: name of the set, such as ``de`` or ``tgt of de, fr``.
    """

    texts: list[str]
    words: str = ""

    @cached_property
    def key(self) -> str:
        """Hash of the texts."""
        return key_of({"texts": self.texts})


def text_sets(data: TargetData, *, apart: bool) -> Mapping[Name, TextSet]:
    """The set of texts that each side of each language is encoded with.

    Two sides are in one set if one of them shares more than half of its texts with the other, so that
    the English side of many languages is encoded once. Every other side is a separate set: another
    language, or a few more texts, change no other set.

    Args:
        data: data of a target that vectors score.
        apart: whether the two sides are read with different prompts; then they are never one set.
    """
    sides = {
        (language, side): frozenset(texts)
        for language in data.languages
        for side, texts in data.sides_of(language).items()
    }
    sets: dict[Name, TextSet] = {}
    for names in _united(sides, apart=apart):
        texts = sorted(frozenset[str]().union(*(sides[name] for name in names)))
        united = TextSet(texts, _words(names))
        sets |= dict.fromkeys(names, united)
    return sets


def _united(sides: Mapping[Name, frozenset[str]], *, apart: bool) -> list[list[Name]]:
    """The sides that are encoded together, in their order."""
    names = list(sides)
    sizes = np.array([len(texts) for texts in sides.values()])
    together = _shared_texts(sides) > _MOST_OF_A_SIDE * np.minimum(sizes, sizes[:, None])
    groups = {name: [name] for name in names}
    for one, two in zip(*np.nonzero(np.triu(together, 1)), strict=True):
        left, right = groups[names[one]], groups[names[two]]
        if left is not right and not (apart and left[0][1] != right[0][1]):
            left += right
            groups |= dict.fromkeys(right, left)
    return list({id(group): group for group in groups.values()}.values())


def _shared_texts(sides: Mapping[Name, frozenset[str]]) -> NDArray[np.float32]:
    """Float32 [S, S], the number of texts that two of S sides have in common."""
    users: dict[str, list[int]] = {}
    for number, texts in enumerate(sides.values()):
        for text in texts:
            users.setdefault(text, []).append(number)
    several = [numbers for numbers in users.values() if len(numbers) > 1]
    shared = np.zeros((len(sides), len(sides)), np.float32)
    for first in range(0, len(several), _AT_ONCE):
        part = several[first : first + _AT_ONCE]
        uses = np.zeros((len(sides), len(part)), np.float32)
        for place, numbers in enumerate(part):
            uses[numbers, place] = 1
        shared += uses @ uses.T
    return shared


def _words(names: Sequence[Name]) -> str:
    """Name of the set of some sides, such as ``cs; tgt of de, fr``."""
    languages = {side: [name for name, of in names if of == side] for side in ("src", "tgt")}
    src, tgt = (first_few(languages[side], most=3) for side in ("src", "tgt"))
    return "; ".join(filter(None, (src, f"tgt of {tgt}" if tgt else "")))
