"""How the score depends on one setting: arms named STEM@VALUE, that differ in that setting alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosslift.metrics.table import DEV, described
from crosslift.results.arm_facts import ArmFacts, StageFacts
from crosslift.results.score_rows import CurvePoint

_NAME = re.compile(r"(?P<stem>.+?)@(?P<value>[0-9][0-9.eE+-]*?)(?P<control>--.+)?")


@dataclass(frozen=True)
class Tried:
    """An arm at one value of the setting."""

    arm: ArmFacts
    value: float


@dataclass(frozen=True)
class SettingPath:
    """The arms of one stem.

    Args:
        stem: what their names share.
        setting: what the value is of, in words.
        start: of the arms.
        tried: the arms, by rising value.
        chosen: the arm with the best dev score; None where that is not known of every arm.
        dev: the dev metric and task of that choice, in words; empty where none is chosen.
    """

    stem: str
    setting: str
    start: str
    tried: tuple[Tried, ...]
    chosen: str | None
    dev: str


def setting_paths(arms: Sequence[ArmFacts], curves: Sequence[CurvePoint]) -> list[SettingPath]:
    """The stems of a study, in the order of its arms.

    ``image@4e-6`` is the stem ``image`` at 4e-6, ``image@4e-6--captions-only`` the stem
    ``image--captions-only``. A stem needs two values or more, all positive numbers, and one start.

    Args:
        arms: of the study.
        curves: learning curves, with the dev scores that the choice is made on. It is never made on a
            target.
    """
    stems: dict[tuple[str, str], list[Tried]] = {}
    for arm in arms:
        stem, value = parsed(arm.name)
        if value is not None:
            stems.setdefault((stem, arm.start), []).append(Tried(arm, value))
    return [
        _path(stem, start, sorted(tried, key=lambda each: each.value), curves)
        for (stem, start), tried in stems.items()
        if len({each.value for each in tried}) == len(tried) > 1
    ]


def parsed(name: str) -> tuple[str, float | None]:
    """The stem and the value of an arm's name; the name and None where it is not of that form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return name, None
    try:
        value = float(match["value"])
    except ValueError:
        return name, None
    if not 0 < value < math.inf:
        return name, None
    return match["stem"] + (match["control"] or ""), value


def _path(
    stem: str, start: str, tried: Sequence[Tried], curves: Sequence[CurvePoint]
) -> SettingPath:
    arms = tuple(each.arm for each in tried)
    of_arms = {arm.name: _last_dev(arm, curves) for arm in arms}
    of_all = _of_all(of_arms)
    if of_all is None:
        return SettingPath(stem, _setting(tried), start, tuple(tried), None, "")
    task, name = of_all
    metric = described(name)
    best = min if metric.lower_is_better else max
    chosen = best(of_arms, key=lambda arm: of_arms[arm][of_all])
    return SettingPath(
        stem, _setting(tried), start, tuple(tried), chosen, f"{metric.heading} on {task}"
    )


def _setting(tried: Sequence[Tried]) -> str:
    """The setting of the last stage that has each arm's value."""
    if any(not each.arm.stages for each in tried):
        return "value"
    settings = [(each.value, _numbers(each.arm.stages[-1])) for each in tried]
    names = [n for n in settings[0][1] if all(found.get(n) == v for v, found in settings)]
    return names[0].replace("_", " ") if names else "value"


def _numbers(stage: StageFacts) -> dict[str, float]:
    plain: Mapping[str, object] = {
        "learning_rate": stage.learning_rate,
        "batch_size": stage.batch_size,
        "updates": stage.updates,
        **stage.settings,
    }
    return {
        name: float(value)
        for name, value in plain.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _of_all(of_arms: Mapping[str, Mapping[tuple[str, str], float]]) -> tuple[str, str] | None:
    """The first (task, dev metric) that each arm has a score of; None if there is none."""
    first, *others = of_arms.values()
    return next((key for key in first if all(key in other for other in others)), None)


def _last_dev(arm: ArmFacts, curves: Sequence[CurvePoint]) -> dict[tuple[str, str], float]:
    """(task, dev metric) of the arm's last stage -> the score at its end, or at the update whose
    weights were kept."""
    by_seed: dict[tuple[str, str], dict[int, dict[int, float]]] = {}
    last = len(arm.stages) - 1
    for point in curves:
        if (point.arm, point.stage) == (arm.name, last) and point.metric.startswith(DEV):
            seeds = by_seed.setdefault((point.task, point.metric), {})
            seeds.setdefault(point.seed, {})[point.update] = point.value
    kept = dict(zip(arm.seeds, arm.stages[last].kept_updates if arm.stages else (), strict=False))
    found = {}
    for key, seeds in sorted(by_seed.items()):
        ends = [values.get(kept.get(s, max(values))) for s, values in seeds.items()]
        whole = [value for value in ends if value is not None]
        if len(whole) == len(arm.seeds):
            found[key] = sum(whole) / len(whole)
    return found
