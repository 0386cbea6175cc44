"""Two runs that measured the same items, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.errors import DataError, first_few
from crosslift.explorer.contents import keys_of
from crosslift.explorer.explored import Explored
from crosslift.explorer.same_measure import check_same, read_in_two_ways
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import Verdict

Named = TypeVar("Named")


def joined(one: Explored, other: Explored) -> Explored:
    """The arms of two runs on the targets that both have, each arm called ``RUN/ARM``.

    Args:
        one: a run.
        other: another run. If both studies have the same name, their runs are called NAME and NAME-2.

    Raises:
        DataError: no target under a protocol is in both; or what a shared target measures differs, see
            `check_same`.
    """
    names = (one.runs[0], other.runs[0])
    if names[0] == names[1]:
        names = (names[0], f"{names[1]}-2")
    shared = _shared(one, other)
    in_both = {arm.name for arm in one.arms} & {arm.name for arm in other.arms}
    sides = [
        _named(_part(each, shared), name, in_both)
        for each, name in zip((one, other), names, strict=True)
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
    """Target and protocol for which both runs measured the same items.

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
        check_same(one, other, target, protocol)
    return shared


def _places(outcomes: pa.Table) -> set[tuple[str, str]]:
    distinct = (
        outcomes.select(["target", "protocol"]).group_by(["target", "protocol"]).aggregate([])
    )
    return set(zip(*(distinct[name].to_pylist() for name in ("target", "protocol")), strict=True))


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


def _named(explored: Explored, run: str, in_both: AbstractSet[str]) -> Explored:
    """The results with every arm called ``RUN/ARM``.

    A sentence on an arm whose name both runs have begins with the name of the run.
    """

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

    def placed(verdict: Verdict) -> Verdict:
        if in_both.isdisjoint((verdict.arm, verdict.against)):
            return verdict
        return verdict.model_copy(update={"sentence": f"In `{run}`: {verdict.sentence}"})

    return replace(
        explored,
        arms=tuple(renamed(arm, "name", "baseline", "control_of") for arm in explored.arms),
        run_of={name(arm.name): run for arm in explored.arms},
        outcomes=column(explored.outcomes),
        found=column(explored.found),
        projections=column(explored.projections),
        scores=tuple(renamed(score, "arm") for score in explored.scores),
        verdicts=tuple(renamed(placed(each), "arm", "against") for each in explored.verdicts),
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
    for protocol in sorted({protocol for _, protocol in shared}):
        difference = read_in_two_ways(one, other, protocol)
        if difference is not None:
            notes.append(f"Under {protocol}, the runs read vectors in two ways: {difference}.")
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
