"""Two runs that measured the same items, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.errors import DataError, first_few
from crosslift.explorer.contents import keys_of
from crosslift.explorer.explored import Explored
from crosslift.results.target_facts import TargetFacts

_REMEDY = "explore each run alone, or run both studies on the same data"
Named = TypeVar("Named")


def joined(one: Explored, other: Explored) -> Explored:
    """The arms of two runs on the targets that both have, each arm called ``RUN/ARM``.

    Args:
        one: a run.
        other: another run. If both studies have the same name, their runs are called NAME and NAME-2.

    Raises:
        DataError: no target under a protocol is in both; or items of a shared target differ.
    """
    names = (one.runs[0], other.runs[0])
    if names[0] == names[1]:
        names = (names[0], f"{names[1]}-2")
    shared = _shared(one, other)
    sides = [
        _named(_part(each, shared), name) for each, name in zip((one, other), names, strict=True)
    ]
    first, second = sides
    return replace(
        first,
        runs=names,
        title=" and ".join(names),
        question=None,
        arms=first.arms + second.arms,
        run_of={**first.run_of, **second.run_of},
        targets=tuple(t for t in one.targets if any(t.name == target for target, _ in shared)),
        protocols={**second.protocols, **first.protocols},
        outcomes=_rows(first.outcomes, second.outcomes),
        found=_rows(first.found, second.found),
        texts=_rows(first.texts, second.texts),
        thumbnails=_rows(first.thumbnails, second.thumbnails),
        projections=first.projections,
        scores=first.scores + second.scores,
        verdicts=first.verdicts + second.verdicts,
        curves=first.curves + second.curves,
        also_compared=_same_arms(one, other, names),
        notes=(*_notes(one, other, shared, names), *_both(one, other, names)),
    )


def _shared(one: Explored, other: Explored) -> set[tuple[str, str]]:
    """Target and protocol of which both runs measured the same items.

    Raises:
        DataError: see `joined`.
    """
    places = [_places(each.outcomes) for each in (one, other)]
    shared = places[0] & places[1]
    if not shared:
        targets = [sorted({target for target, _ in each}) for each in places]
        raise DataError(
            f"the runs share no target: {first_few(targets[0], 5)}; and {first_few(targets[1], 5)}",
            "two runs with a target in common, under the same protocol",
        )
    for target, protocol in sorted(shared):
        _check_items(one, other, target, protocol)
    return shared


def _places(outcomes: pa.Table) -> set[tuple[str, str]]:
    distinct = (
        outcomes.select(["target", "protocol"]).group_by(["target", "protocol"]).aggregate([])
    )
    return set(zip(*(distinct[name].to_pylist() for name in ("target", "protocol")), strict=True))


def _check_items(one: Explored, other: Explored, target: str, protocol: str) -> None:
    """Raises DataError unless two runs asked the same queries."""
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
    texts = [_query_texts(each, target, protocol) for each in (one, other)]
    for key in sorted(texts[0].keys() & texts[1].keys()):
        if texts[0][key] != texts[1][key]:
            raise DataError(
                f"{_words(key)} of {target} under {protocol} is {texts[0][key]!r} in the first run and "
                f"{texts[1][key]!r} in the second",
                "the same items in both runs",
                _REMEDY,
            )


def _words(key: str) -> str:
    language, _, item = key.partition("\x1f")
    return f"item {item!r} in {language}"


def _keys(outcomes: pa.Table, target: str, protocol: str) -> set[str]:
    chosen = outcomes.filter((pc.field("target") == target) & (pc.field("protocol") == protocol))
    return set(pc.unique(keys_of(chosen["language"], chosen["item"])).to_pylist())


def _query_texts(explored: Explored, target: str, protocol: str) -> dict[str, str | None]:
    if explored.texts is None:
        return {}
    chosen = explored.texts.filter(
        (pc.field("target") == target)
        & (pc.field("protocol") == protocol)
        & (pc.field("role") == "query")
    )
    keys = keys_of(chosen["language"], chosen["item"]).to_pylist()
    return dict(zip(keys, chosen["text"].to_pylist(), strict=True))


def _part(explored: Explored, shared: set[tuple[str, str]]) -> Explored:
    """The results on shared targets under shared protocols."""

    def rows(table: pa.Table | None) -> Any:
        if table is None:
            return None
        place = keys_of(table["target"], table["protocol"])
        wanted = pa.array(["\x1f".join(each) for each in sorted(shared)], pa.string())
        return table.filter(pc.is_in(place, value_set=wanted))

    def kept(entries: Iterable[Named]) -> tuple[Named, ...]:
        return tuple(e for e in entries if (e.target, e.protocol) in shared)  # type: ignore[attr-defined]

    return replace(
        explored,
        outcomes=rows(explored.outcomes),
        found=rows(explored.found),
        texts=rows(explored.texts),
        scores=kept(explored.scores),
        verdicts=kept(explored.verdicts),
    )


def _named(explored: Explored, run: str) -> Explored:
    """The results with every arm called ``RUN/ARM``."""

    def name(arm: str) -> str:
        return f"{run}/{arm}"

    def column(table: pa.Table | None) -> Any:
        if table is None:
            return None
        place = table.column_names.index("arm")
        arms = pc.cast(table["arm"], pa.string())
        return table.set_column(place, "arm", pc.binary_join_element_wise(run, arms, "/"))

    def renamed(entry: Any, *fields: str) -> Any:
        changes = {f: name(getattr(entry, f)) for f in fields if getattr(entry, f) is not None}
        copy: Callable[..., Any] = getattr(entry, "model_copy", None) or entry._replace
        return copy(update=changes) if hasattr(entry, "model_copy") else copy(**changes)

    return replace(
        explored,
        arms=tuple(renamed(arm, "name", "baseline", "control_of") for arm in explored.arms),
        run_of={name(arm.name): run for arm in explored.arms},
        outcomes=column(explored.outcomes),
        found=column(explored.found),
        projections=column(explored.projections),
        scores=tuple(renamed(score, "arm") for score in explored.scores),
        verdicts=tuple(renamed(verdict, "arm", "against") for verdict in explored.verdicts),
        curves=tuple(renamed(point, "arm") for point in explored.curves),
    )


def _same_arms(
    one: Explored, other: Explored, names: tuple[str, str]
) -> tuple[tuple[str, str], ...]:
    """Each arm of the second run with the arm of the first that has the same name."""
    in_first = {arm.name for arm in one.arms}
    pairs = (arm.name for arm in other.arms if arm.name in in_first)
    return tuple((f"{names[1]}/{arm}", f"{names[0]}/{arm}") for arm in pairs)


def _rows(one: pa.Table | None, other: pa.Table | None) -> Any:
    tables = [table for table in (one, other) if table is not None]
    if not tables:
        return None
    plain = [_without_dictionaries(table) for table in tables]
    return pa.concat_tables(plain, promote_options="default")


def _without_dictionaries(table: pa.Table) -> pa.Table:
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _notes(
    one: Explored, other: Explored, shared: set[tuple[str, str]], names: tuple[str, str]
) -> list[str]:
    notes = [
        f"Arms are called RUN/ARM. The verdicts are those of each run; no verdict compares {names[0]} "
        f"with {names[1]}."
    ]
    targets = {target for target, _ in shared}
    alone: list[TargetFacts] = [
        target for each in (one, other) for target in each.targets if target.name not in targets
    ]
    if alone:
        left_out = first_few(sorted({target.name for target in alone}), 5)
        notes.append(f"Targets of one run alone are left out: {left_out}.")
    if other.projections is not None and one.projections is not None:
        notes.append(
            f"The map of vectors shows the arms of {names[0]}: each run has its own plane."
        )
    return notes


def _both(one: Explored, other: Explored, names: tuple[str, str]) -> list[str]:
    return [
        f"{name}: {note}"
        for each, name in zip((one, other), names, strict=True)
        for note in each.notes
    ]
