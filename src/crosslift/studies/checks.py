"""Checks of a study that reach beyond one field: names that must exist, budgets that must be there.

They work on the raw mapping, so that they can be made, and all errors shown, while other parts of
the study are still wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.errors import UnknownNameError, legal_names, nearest
from crosslift.metrics.table import described
from crosslift.targets.all_targets import TARGETS
from crosslift.tasks.all_tasks import legal_options, needs_data, task_names
from crosslift.tasks.controls import CONTROLS
from crosslift.training.stage_settings import GUARDS_ON_DATA

Path = tuple[str | int, ...]
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class StudyFault:
    """One error of a study file.

    Args:
        path: path of the value in the file, such as ("arms", "image", "stages", 0, "task").
        value: the wrong value.
        expected: what the file should have in its place.
        near: the nearest legal names, best first.
    """

    path: Path
    value: Any
    expected: str
    near: tuple[str, ...] = ()


def check_names(raw: Mapping[str, Any]) -> list[StudyFault]:
    """Every name in a study that refers to something that does not exist, and missing budgets."""
    arms, starts = _mapping(raw, "arms"), _mapping(raw, "starts")
    arm_names = [*arms, *(f"{arm}--{control}" for arm in arms for control in CONTROLS)]
    faults = [
        *_check(("start",), raw.get("start"), starts, "the name of a start"),
        *_check(("baseline",), raw.get("baseline", "baseline"), arms, "the name of an arm"),
        *_check_targets(raw),
        *_check_comparisons(raw, arm_names),
        *_check_expected(raw, arm_names),
        *_check_sweep(raw),
        *_check_choice((), raw),
        *_check_texts((), raw),
    ]
    for name, arm in arms.items():
        if isinstance(arm, Mapping):
            path: Path = ("arms", name)
            faults += _check((*path, "start"), arm.get("start"), starts, "the name of a start")
            faults += _check(
                (*path, "control_of"), arm.get("control_of"), arms, "the name of an arm"
            )
            faults += _check_stages(path, arm, raw.get("budget") is not None)
            faults += _check_choice(path, arm)
    for name, start in starts.items():
        if isinstance(start, Mapping):
            faults += _check_stages(("starts", name), start, False)
    return faults


def _check_texts(path: Path, value: Any) -> Iterator[StudyFault]:
    """Yields texts that no UTF-8 file can hold: they have half of a surrogate pair, as names of files
    in another encoding do."""
    if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
        yield StudyFault(path, value, "whole characters")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _check_texts((*path, key), key)
            yield from _check_texts((*path, key), inner)
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from _check_texts((*path, i), inner)


def _mapping(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, Mapping) else {}


def _check(
    path: Path,
    value: Any,
    legal: Collection[object],
    expected: str,
    listed_by: str | None = None,
) -> Iterator[StudyFault]:
    names = [str(name) for name in legal]
    if isinstance(value, str) and value not in names and value not in legal:
        shown = [name for name in names if "--" not in name] or names  # without arms' controls
        listed = legal_names(value, shown, listed_by) or "none is defined"
        yield StudyFault(path, value, f"{expected} ({listed})", tuple(nearest(value, names)))


def _items(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return list(value) if isinstance(value, (list, tuple)) else []


def _check_targets(raw: Mapping[str, Any]) -> Iterator[StudyFault]:
    names: set[str] = set()
    for i, target in enumerate(_items(raw, "targets")):
        nested = isinstance(target, Mapping)
        path: Path = ("targets", i, "name") if nested else ("targets", i)
        name = target.get("name") if nested else target
        if not isinstance(name, str):
            continue  # the schema reports it
        yield from _check(path, name, TARGETS, "the name of a target", "crosslift targets")
        if name in names:
            yield StudyFault(path, name, "each target once (a second study for other data of it)")
        names.add(name)
        yield from _check_data(path, name, target)
        if nested:
            other = target.get("english_task")
            expected = "the name of a task"
            yield from _check(
                ("targets", i, "english_task"), other, task_names(), expected, "crosslift tasks"
            )
        if name in TARGETS and TARGETS[name].fine_tuned:
            tuning = _mapping(target, "fine_tune") if nested else {}
            if not (tuning or _mapping(raw, "fine_tune")).get("budget"):
                expected = "`fine_tune: {budget: ...}` of the study or of this target"
                yield StudyFault(path, name, expected)


def _check_comparisons(raw: Mapping[str, Any], arms: Sequence[str]) -> Iterator[StudyFault]:
    measured = [t.get("name") if isinstance(t, Mapping) else t for t in _items(raw, "targets")]
    for i, comparison in enumerate(_items(raw, "comparisons")):
        if not isinstance(comparison, Mapping):
            continue
        for side in ("arm", "against"):
            path: Path = ("comparisons", i, side)
            yield from _check(path, comparison.get(side), arms, "the name of an arm")
        for j, target in enumerate(_items(comparison, "targets")):
            path = ("comparisons", i, "targets", j)
            yield from _check(path, target, measured, "a target of the study")
        yield from _check_margin(i, comparison, measured)


def _check_margin(
    number: int, comparison: Mapping[str, Any], measured: Sequence[object]
) -> Iterator[StudyFault]:
    """Yields a fault if one smallest effect is for targets that are measured in different units."""
    margin = comparison.get("smallest_effect")
    listed_targets = _items(comparison, "targets") or measured
    names = [n for n in listed_targets if isinstance(n, str) and n in TARGETS]
    units = {name: described(TARGETS[name].metric).unit.of_differences for name in names}
    if margin is not None and len(set(units.values())) > 1:
        listed = ", ".join(f"{name} ({unit or 'ranks'})" for name, unit in units.items())
        expected = f"targets in one unit, or a comparison for each; these are in several: {listed}"
        yield StudyFault(("comparisons", number, "smallest_effect"), margin, expected)


def _check_expected(raw: Mapping[str, Any], arms: Sequence[str]) -> Iterator[StudyFault]:
    protocols = dict(_protocols_of(target) for target in _items(raw, "targets"))
    for i, expected in enumerate(_items(raw, "expected")):
        if not isinstance(expected, Mapping):
            continue
        path: Path = ("expected", i)
        target = expected.get("target")
        yield from _check((*path, "arm"), expected.get("arm"), arms, "the name of an arm")
        yield from _check((*path, "target"), target, protocols, "a target of the study")
        if isinstance(target, str) and protocols.get(target):
            words = "a protocol that the study measures there"
            name = expected.get("protocol")
            yield from _check((*path, "protocol"), name, protocols[target], words)


def _protocols_of(target: Any) -> tuple[str, tuple[str, ...]]:
    """The name of a target, and the names of its protocols in the study; no names if the target or a
    protocol does not exist, which other checks report."""
    nested = isinstance(target, Mapping)
    name = str(target.get("name") if nested else target)
    wanted = target.get("protocols", ()) if nested else ()
    names = (wanted,) if isinstance(wanted, str) else wanted
    try:
        return name, tuple(p.name for p in TARGETS[name].protocols_for(names))
    except (KeyError, TypeError, UnknownNameError):
        return name, ()


def _check_sweep(raw: Mapping[str, Any]) -> Iterator[StudyFault]:
    measured = [t.get("name") if isinstance(t, Mapping) else t for t in _items(raw, "targets")]
    name = _mapping(raw, "sweep").get("target")
    yield from _check(("sweep", "target"), name, measured, "a target of the study")


def _check_choice(path: Path, owner: Mapping[str, Any]) -> Iterator[StudyFault]:
    """Yields a fault if the target that scores the tries has no bitexts, or lacks data that it
    needs."""
    on = _mapping(owner, "choose").get("on")
    here: Path = (*path, "choose", "on")
    name = on
    if isinstance(on, Mapping):
        here, name = (*here, "name"), on.get("name")
    if not isinstance(name, str):
        return  # the schema reports it
    if name in TARGETS and TARGETS[name].kind != "bitext":
        bitexts = [each for each, target in TARGETS.items() if target.kind == "bitext"]
        yield StudyFault(here, name, f"a target of bitexts ({', '.join(bitexts)})")
    yield from _check(here, name, TARGETS, "the name of a target", "crosslift targets")
    yield from _check_data(here, name, on)


def _check_data(path: Path, name: str, target: Any) -> Iterator[StudyFault]:
    if name in TARGETS and TARGETS[name].needs_data and not _has_data(target):
        yield StudyFault(path, name, "a mapping with `name` and `data` (this target needs data)")


def _has_data(owner: Any) -> bool:
    """Whether a task or target names data: a path that is not empty, or rows of Python."""
    data = owner.get("data") if isinstance(owner, Mapping) else None
    return data is not None and not (isinstance(data, str) and not data)


def _check_stages(path: Path, owner: Mapping[str, Any], has_budget: bool) -> Iterator[StudyFault]:
    for i, stage in enumerate(_items(owner, "stages")):
        if not isinstance(stage, Mapping):
            continue
        here: Path = (*path, "stages", i)
        yield from _check_task(here, stage)
        for j, task in enumerate(_items(stage, "tasks")):
            yield from _check_task((*here, "tasks", j), task)
        for name in GUARDS_ON_DATA:
            guard = stage.get(name)
            if isinstance(guard, Mapping):
                yield from _check_task((*here, name), guard)
        if not has_budget and stage.get("budget") is None:
            yield StudyFault((*here, "budget"), None, "a budget here or one of the study")


def _check_task(path: Path, task: Any) -> Iterator[StudyFault]:
    """Checks the name of a task, its options, and the data that it requires; a bare name is a task."""
    nested = isinstance(task, Mapping)
    name = task.get("task") if nested else task
    place = (*path, "task") if nested else path
    yield from _check(place, name, task_names(), "the name of a task", "crosslift tasks")
    if not isinstance(name, str) or name not in task_names():
        return
    if needs_data(name) and not _has_data(task):
        yield StudyFault(
            (*path, "data"),
            None,
            f"the path of a file of records, or of a folder of published files (task {name} needs it)",
        )
    options = task.get("options") if nested else None
    for option in options if isinstance(options, Mapping) else ():
        legal = legal_options(name)
        yield from _check((*path, "options", option), option, legal, "an option of the task's form")
