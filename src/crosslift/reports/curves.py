"""Learning curves prepared for drawing: grouped by panel, thinned, averaged over seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from crosslift.results.score_rows import CurvePoint

MOST_POINTS = 160
SHARE = "share"
"""The metric of a mixture's shares: not a learning curve, and drawn separately."""
_LOSS = "loss"
_POINTS_OF_A_SPAN = 4
Line = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class MeanCurve:
    """One arm's curve in one stage.

    Args:
        arm: the arm.
        stage: number of the stage, from 0.
        updates: updates of the mean curve.
        values: its values: the mean over the seeds that have a value there.
        seeds: (updates, values) of each seed.
    """

    arm: str
    stage: int
    updates: tuple[float, ...]
    values: tuple[float, ...]
    seeds: tuple[Line, ...]


def curve_panels(points: Iterable[CurvePoint]) -> dict[tuple[str, str], list[MeanCurve]]:
    """The curves of each panel.

    One panel holds one metric of one task: losses of different tasks have different scales, and
    only those of one task can be compared.

    Args:
        points: every point of the run.

    Returns:
        (task, metric) -> curves in the order of the points, one for each arm and stage; losses before
        dev metrics; no shares of mixtures.
    """
    groups: dict[tuple[str, str], dict[tuple[str, int], list[CurvePoint]]] = {}
    for point in (point for point in points if point.metric != SHARE):
        panel = groups.setdefault((point.task, point.metric), {})
        panel.setdefault((point.arm, point.stage), []).append(point)
    ordered = sorted(groups, key=lambda panel: (panel[1] != _LOSS, panel))
    return {
        panel: [mean_curve(arm, group) for (arm, _), group in groups[panel].items()]
        for panel in ordered
    }


def mean_curve(arm: str, points: Iterable[CurvePoint]) -> MeanCurve:
    """One arm's curve in one stage, thinned to ``MOST_POINTS`` means of equal spans of updates."""
    ordered_points = sorted(points, key=lambda point: (point.seed, point.update))
    span_of_seeds = common_span(ordered_points) if ordered_points[0].metric == _LOSS else 0.0
    width = max(1.0, span_of_seeds, max(point.update for point in ordered_points) / MOST_POINTS)
    cells: dict[int, dict[int, list[CurvePoint]]] = defaultdict(lambda: defaultdict(list))
    for point in ordered_points:
        cells[point.seed][int(point.update / width)].append(point)
    seeds = tuple(_line(list(spans.values())) for spans in cells.values())
    joined: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for spans, (updates, values) in zip(cells.values(), seeds, strict=True):
        for span, update, value in zip(spans, updates, values, strict=True):
            joined[span].append((update, value))
    ordered = [joined[span] for span in sorted(joined)]
    return MeanCurve(
        arm=arm,
        stage=ordered_points[0].stage,
        updates=tuple(_mean([update for update, _ in pairs]) for pairs in ordered),
        values=tuple(_mean([value for _, value in pairs]) for pairs in ordered),
        seeds=seeds,
    )


def common_span(points: Iterable[CurvePoint]) -> float:
    """The length in updates of equal spans in which every seed has some points, if seeds have their
    points at different updates, as in a mixture; 0 if they have them at the same updates.
    """
    updates: dict[int, set[int]] = defaultdict(set)
    for point in points:
        updates[point.seed].add(point.update)
    if set().union(*updates.values()) == max(updates.values(), key=len):
        return 0.0
    last = max(max(of_seed) for of_seed in updates.values())
    fewest = min(len(of_seed) for of_seed in updates.values())
    return (last + 1) / max(1, fewest // _POINTS_OF_A_SPAN)


def _line(spans: list[list[CurvePoint]]) -> Line:
    updates = tuple(_mean([float(point.update) for point in span]) for span in spans)
    return updates, tuple(_mean([point.value for point in span]) for span in spans)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
