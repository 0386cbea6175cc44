"""The facts of a page beside its items: arms, levels, curves, protocols in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosslift.explorer.explored import Explored
from crosslift.metrics.table import Metric, described
from crosslift.reports.looks import looks_of
from crosslift.results.score_rows import CurvePoint, Score
from crosslift.results.target_facts import TargetFacts
from crosslift.targets.protocol import OURS

_MACRO = "macro"
_WORDS: Mapping[str, str] = {
    "xx->en": "texts search English",
    "en->xx": "English searches texts",
    "xx->yy": "texts of the first language search the second",
    "yy->xx": "texts of the second language search the first",
    "both": "mean of both directions",
    "mining": "pairs are mined",
    "gold->en": "texts with a translation search English",
    "text->picture": "texts search pictures",
    "picture->text": "pictures search texts",
    "picture->class": "pictures search names of classes",
    "text->4 pictures": "texts choose among four pictures",
    "zero-shot": "answers after fine-tuning",
    "graded": "graded pairs",
    "query->passage": "queries search passages",
}

_SEVERAL = frozenset({"query->passage", "picture->text", "text->4 pictures", "zero-shot"})
"""Directions in which some data have several right answers to a query."""


def arm_facts(explored: Explored) -> list[dict[str, Any]]:
    """The arms with their looks and budgets, in the order of the report."""
    looks = looks_of(explored.arms)
    return [
        {
            "name": arm.name,
            "run": explored.run_of.get(arm.name),
            "role": arm.role,
            "baseline": arm.baseline,
            "control_of": arm.control_of,
            "colour": looks[arm.name].light,
            "colour_dark": looks[arm.name].dark,
            "mark": looks[arm.name].marker,
            "hollow": looks[arm.name].hollow,
            "postprocessing": list(arm.postprocessing),
            "seeds": list(arm.seeds),
            "budget": {name: finite(value) for name, value in arm.budget.to_json().items()},
        }
        for arm in explored.arms
    ]


def finite(value: float | None) -> float | None:
    """A number with six digits; None if it is not finite."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def words_of(protocol: str) -> str:
    """The direction of a protocol in words, and the project that defines it if it is not ours."""
    name, _, direction = protocol.partition("/")
    words = _WORDS.get(direction, direction)
    return words if name == OURS else f"{words} ({name})"


def several_right(target: TargetFacts, protocol: str) -> bool:
    """Whether a query may have other right answers beside the one that the page knows; in runs of
    earlier versions, which do not say so, whether a direction allows it."""
    if target.several_right is None:
        return protocol.rpartition("/")[2] in _SEVERAL
    return protocol in target.several_right


def metric_of(explored: Explored, target: TargetFacts, protocol: str) -> Metric:
    """The metric that a page shows under a protocol: that of the target if the protocol has scores in
    it, else the protocol's own."""
    own = explored.protocols.get(protocol, {}).get("metric", target.metric)
    scored = {
        score.metric
        for score in explored.scores
        if score.target == target.name and score.protocol == protocol
    }
    return described(target.metric if target.metric in scored else own)


def level_facts(
    explored: Explored, metrics: Mapping[tuple[str, str], Metric]
) -> Iterator[dict[str, Any]]:
    """The level of every arm in each language and over all, with that of each seed.

    Args:
        explored: the results.
        metrics: target and protocol -> the metric that the page shows.
    """
    rows: dict[tuple[str, str, str, str], list[Score]] = {}
    for score in explored.scores:
        metric = metrics.get((score.target, score.protocol))
        if metric is not None and score.metric == metric.name and score.subset == "all":
            place = (score.target, score.protocol, score.arm, score.language)
            rows.setdefault(place, []).append(score)
    for (target, protocol, arm, language), scores in rows.items():
        scale = metrics[target, protocol].unit.scale
        values = [score.value * scale for score in sorted(scores, key=lambda each: each.seed)]
        yield {
            "target": target,
            "protocol": protocol,
            "arm": arm,
            "language": None if language == _MACRO else language,
            "level": finite(sum(values) / len(values)),
            "seeds": [finite(value) for value in values],
        }


def curve_facts(curves: Sequence[CurvePoint]) -> list[dict[str, Any]]:
    """The points of learning curves, one entry for each curve."""
    by_curve: dict[tuple[Any, ...], list[CurvePoint]] = {}
    for point in curves:
        place = (point.arm, point.seed, point.stage, point.task, point.metric)
        by_curve.setdefault(place, []).append(point)
    return [
        {
            "arm": arm,
            "seed": seed,
            "stage": stage,
            "task": task,
            "metric": described(metric).title,
            "updates": [point.update for point in points],
            "values": [finite(point.value) for point in points],
        }
        for (arm, seed, stage, task, metric), points in by_curve.items()
    ]
