"""The settings of a study by their place in words, to show how two studies differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from crosslift.errors import shorten

NOT_STATED = "not stated"
_MOST_LETTERS = 60


def flat(value: Any, without: Collection[str] = (), place: str = "") -> dict[str, Any]:
    """Place in words -> value, for every value in a study that has no parts.

    Args:
        value: study, or a part of one, as values of JSON.
        without: names of settings to leave out everywhere.
        place: place of the value.
    """
    return dict(_leaves(value, place, without))


def shown(values: Mapping[str, Any], place: str) -> str:
    """The value of a place as shortened JSON, or a note that it is not stated."""
    if place not in values:
        return NOT_STATED
    return shorten(json.dumps(values[place], ensure_ascii=False), _MOST_LETTERS)


def _leaves(value: Any, place: str, without: Collection[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in without:
                yield from _leaves(inner, f"{place}.{name}" if place else str(name), without)
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (dict, list)) for v in value):
        seen: Counter[str] = Counter()
        for i, inner in enumerate(value):
            label = _label(inner, i)
            seen[label] += 1
            again = f" ({seen[label]})" if seen[label] > 1 else ""
            yield from _leaves(inner, f"{place}[{label}{again}]", without)
    else:
        yield place, value


def _label(value: Any, number: int) -> str:
    """Names an entry of a list: a target by its name, a comparison by its arms, so that a new entry
    does not change the places of the others."""
    if isinstance(value, Mapping):
        names = value.get("name"), value.get("arm"), value.get("against")
        words = " against ".join(name for name in names if isinstance(name, str))
        return words or str(number)
    return str(number)
