"""The texts of one language as queries or candidates, each with its own id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Captions(NamedTuple):
    """Texts of one language, one after another.

    Args:
        ids: ids of the N texts: the item's id, followed by ``#`` and a number from 0 if the item has
            several texts.
        items: the item of each.
        texts: the N texts.
        places: item -> the numbers of its texts, from 0.
    """

    ids: tuple[str, ...]
    items: tuple[str, ...]
    texts: tuple[str, ...]
    places: Mapping[str, Sequence[int]]


def captions_of(texts_by_item: Mapping[str, Sequence[str]]) -> Captions:
    """The texts of some items, in their order.

    Example: ``{"a": ("x", "y"), "b": ("z",)}`` has the ids ``a#0``, ``a#1`` and ``b``.

    Args:
        texts_by_item: item -> its texts.
    """
    ids: list[str] = []
    items: list[str] = []
    places: dict[str, range] = {}
    for item, texts in texts_by_item.items():
        places[item] = range(len(ids), len(ids) + len(texts))
        several = len(texts) > 1
        ids += [f"{item}#{number}" if several else item for number in range(len(texts))]
        items += [item] * len(texts)
    all_texts = tuple(text for texts in texts_by_item.values() for text in texts)
    return Captions(tuple(ids), tuple(items), all_texts, places)
