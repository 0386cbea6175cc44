"""Whether two runs measured the same: the same items, right answers, metric and protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.errors import DataError
from crosslift.explorer.contents import keys_of
from crosslift.explorer.explored import Explored
from crosslift.targets.protocol import Mining, Protocol

_REMEDY = "explore each run alone, or run both studies on the same data"
_READ = frozenset({"pooling", "prompt", "hidden_state"})
_DEFINING = {field.name for kind in (Protocol, Mining) for field in fields(kind)} - _READ
"""Facts of a protocol that say how a score is computed; the others say how vectors are read."""
_NAMES = {"query": "", "right": "the right answer to "}


def check_same(one: Explored, other: Explored, target: str, protocol: str) -> None:
    """Compares what two runs measured on a target under a protocol.

    Args:
        one: a run.
        other: another run.
        target: its name.
        protocol: its id.

    Raises:
        DataError: they have different items, texts, right answers, primary metrics or facts of the
            protocol; the message names the first difference.
    """
    _check_items(one, other, target, protocol)
    metrics = [next(t.metric for t in each.targets if t.name == target) for each in (one, other)]
    if metrics[0] != metrics[1]:
        raise _differ(f"the metric of {target}", metrics[0], metrics[1])
    for name, first, second in _differing(one, other, protocol):
        if name in _DEFINING:
            raise _differ(f"{name!r} of the protocol {protocol}", first, second)


def read_in_two_ways(one: Explored, other: Explored, protocol: str) -> str | None:
    """The first difference in how two runs read vectors under a protocol, in words; None: none.

    This is no error, because each encoder has its own way of reading.
    """
    for name, first, second in _differing(one, other, protocol):
        if name not in _DEFINING:
            return f"`{name}` is {first!r} in the first run and {second!r} in the second"
    return None


def _differing(one: Explored, other: Explored, protocol: str) -> Iterator[tuple[str, Any, Any]]:
    """Facts of a protocol that both runs have, with different values."""
    first, second = (each.protocols.get(protocol, {}) for each in (one, other))
    for name in first:
        if name in second and first[name] != second[name]:
            yield name, first[name], second[name]


def _differ(what: str, first: Any, second: Any) -> DataError:
    return DataError(
        f"{what} is {first!r} in the first run and {second!r} in the second",
        "two runs that measured the same",
        _REMEDY,
    )


def _check_items(one: Explored, other: Explored, target: str, protocol: str) -> None:
    """Raises DataError unless two runs have the same queries with the same right answers."""
    first, second = (_keys(each.outcomes, target, protocol) for each in (one, other))
    for here, there, run in ((first, second, one.runs[0]), (second, first, other.runs[0])):
        alone = sorted(here - there)
        if alone:
            raise DataError(
                f"{len(alone):,} of {len(here):,} items of {target} under {protocol} are in the run "
                f"{run} alone, such as {_words(alone[0])}",
                "the same items in both runs",
                _REMEDY,
            )
    for role, words in _NAMES.items():
        shown = [_shown(each, target, protocol, role) for each in (one, other)]
        for key in sorted(shown[0].keys() & shown[1].keys()):
            if shown[0][key] != shown[1][key]:
                what = f"{words}{_words(key)} of {target} under {protocol}"
                raise _differ(what, shown[0][key], shown[1][key])


def _words(key: str) -> str:
    language, _, item = key.partition("\x1f")
    return f"item {item!r} in {language}"


def _keys(outcomes: pa.Table, target: str, protocol: str) -> set[str]:
    chosen = outcomes.filter((pc.field("target") == target) & (pc.field("protocol") == protocol))
    return set(pc.unique(keys_of(chosen["language"], chosen["item"])).to_pylist())


def _shown(explored: Explored, target: str, protocol: str, role: str) -> dict[str, str | None]:
    """Item -> its text, or the id of its picture, in a role."""
    if explored.texts is None:
        return {}
    chosen = explored.texts.filter(
        (pc.field("target") == target)
        & (pc.field("protocol") == protocol)
        & (pc.field("role") == role)
    )
    shown = chosen["text"]
    if "picture" in chosen.column_names:
        shown = pc.coalesce(shown, chosen["picture"])
    keys = keys_of(chosen["language"], chosen["item"]).to_pylist()
    return dict(zip(keys, shown.to_pylist(), strict=True))
