"""How the score depends on one setting: arms named STEM@VALUE that differ only in that setting."""

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
class ArmAtValue:
    """An arm at one value of the setting."""

    arm: ArmFacts
    value: float


@dataclass(frozen=True)
class SettingPath:
    """The arms of one stem.

    Args:
        stem: the common part of their names.
        setting: name of the setting, in words.
        start: start of the arms.
        points: the arms with their values, by rising value.
        chosen: the arm with the best dev score; None if not every arm has one.
        dev: the dev metric and task of that choice, in words; empty if none is chosen.
    """

    stem: str
    setting: str
    start: str
    points: tuple[ArmAtValue, ...]
    chosen: str | None
    dev: str


def setting_paths(arms: Sequence[ArmFacts], curves: Sequence[CurvePoint]) -> list[SettingPath]:
    """The stems of a study, in the order of its arms.

    ``image@4e-6`` is the stem ``image`` at 4e-6, ``image@4e-6--captions-only`` the stem
    ``image--captions-only``. A stem needs two values or more, all positive numbers, and one start.

    Args:
        arms: arms of the study.
        curves: learning curves, with the dev scores for the choice. The choice never uses a target.
    """
    stems: dict[tuple[str, str], list[ArmAtValue]] = {}
    for arm in arms:
        stem, value = parsed(arm.name)
        if value is not None:
            stems.setdefault((stem, arm.start), []).append(ArmAtValue(arm, value))
    return [
        _path(stem, start, sorted(arms_at_values, key=lambda each: each.value), curves)
        for (stem, start), arms_at_values in stems.items()
        if len({each.value for each in arms_at_values}) == len(arms_at_values) > 1
    ]


def parsed(name: str) -> tuple[str, float | None]:
    """The stem and the value of an arm's name; the name and None if it does not have that form."""
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
    stem: str, start: str, points: Sequence[ArmAtValue], curves: Sequence[CurvePoint]
) -> SettingPath:
    arms = tuple(each.arm for each in points)
    dev_scores = {arm.name: _last_dev(arm, curves) for arm in arms}
    common = _of_all(dev_scores)
    if common is None:
        return SettingPath(stem, _setting(points), start, tuple(points), None, "")
    task, name = common
    metric = described(name)
    best = min if metric.lower_is_better else max
    chosen = best(dev_scores, key=lambda arm: dev_scores[arm][common])
    return SettingPath(
        stem, _setting(points), start, tuple(points), chosen, f"{metric.heading} on {task}"
    )


def _setting(points: Sequence[ArmAtValue]) -> str:
    """The setting of the last stage whose value is that of the name in every arm."""
    if any(not each.arm.stages for each in points):
        return "value"
    settings = [(each.value, _numbers(each.arm.stages[-1])) for each in points]
    names = [n for n in settings[0][1] if all(numbers.get(n) == v for v, numbers in settings)]
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
    weights are used."""
    by_seed: dict[tuple[str, str], dict[int, dict[int, float]]] = {}
    last = len(arm.stages) - 1
    for point in curves:
        if (point.arm, point.stage) == (arm.name, last) and point.metric.startswith(DEV):
            seeds = by_seed.setdefault((point.task, point.metric), {})
            seeds.setdefault(point.seed, {})[point.update] = point.value
    kept_updates = dict(
        zip(arm.seeds, arm.stages[last].kept_updates if arm.stages else (), strict=False)
    )
    dev_scores = {}
    for key, seeds in sorted(by_seed.items()):
        ends = [values.get(kept_updates.get(s, max(values))) for s, values in seeds.items()]
        complete = [value for value in ends if value is not None]
        if len(complete) == len(arm.seeds):
            dev_scores[key] = sum(complete) / len(complete)
    return dev_scores
