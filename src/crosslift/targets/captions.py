"""The texts of one language as queries or candidates, each with an id of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Captions(NamedTuple):
    """Texts of one language, one after another.

    Args:
        ids: of the N texts: the item's id, with ``#`` and a number from 0 behind it where an item has
            several texts.
        items: the item of each.
        texts: of each.
        places: item -> the numbers of its texts, from 0.
    """

    ids: tuple[str, ...]
    items: tuple[str, ...]
    texts: tuple[str, ...]
    places: Mapping[str, Sequence[int]]


def captions_of(named: Mapping[str, Sequence[str]]) -> Captions:
    """The texts of some items, in their order.

    Example: ``{"a": ("x", "y"), "b": ("z",)}`` has the ids ``a#0``, ``a#1`` and ``b``.

    Args:
        named: item -> its texts.
    """
    ids: list[str] = []
    items: list[str] = []
    places: dict[str, range] = {}
    for item, texts in named.items():
        places[item] = range(len(ids), len(ids) + len(texts))
        several = len(texts) > 1
        ids += [f"{item}#{number}" if several else item for number in range(len(texts))]
        items += [item] * len(texts)
    every = tuple(text for texts in named.values() for text in texts)
    return Captions(tuple(ids), tuple(items), every, places)
