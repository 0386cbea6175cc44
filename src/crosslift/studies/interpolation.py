"""What arms score on the way from their start to their end: the path of weight interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from crosslift.statistics.bootstrap import Difference, paired_difference, strata_of
from crosslift.statistics.corrections import holm
from crosslift.statistics.verdicts import HIGHER, LOWER, NO_DIFFERENCE
from crosslift.studies.collect import Gathered, cube_of
from crosslift.targets.evaluate import OUTCOME_OF_METRIC

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Point:
    """An arm at a share of the way, on a target."""

    arm: str
    target: str
    share: float
    by_seed: tuple[float, ...]
    difference: Difference | None


def interpolation_paths(gathered: Gathered) -> list[dict[str, Any]]:
    """Every point of every arm's path on every target, in its primary metric and protocol.

    Each is compared with the arm's own start by a paired interval; the p-values of all points of
    the study are corrected together (Holm). No point is chosen: which share is best on a target is
    not known without looking at that target, and a share taken from these scores is fitted on them.

    Returns:
        JSON-like entries: arm, target, metric, protocol, share (0 the start, 1 the end), score (the
        mean over seeds of the macro mean over languages), seeds (each seed's), and against the start
        effect, low, high, p, p_corrected and verdict; None at the start itself.
    """
    points = list(_points(gathered))
    compared = [point for point in points if point.difference is not None]
    corrected = holm([p.difference.p for p in compared if p.difference is not None])
    by_point = dict(zip(map(id, compared), corrected.tolist(), strict=True)) if compared else {}
    return [_entry(gathered, point, by_point.get(id(point))) for point in points]


def _points(gathered: Gathered) -> Iterator[_Point]:
    study = gathered.plan.study
    for arm in study.arms:
        runs = [run for run in gathered.plan.runs if run.arm == arm and run.path]
        for target in gathered.plan.targets:
            if not runs or target not in runs[0].path[0.0]:
                continue
            cubes = {share: _cube(gathered, arm, target, share) for share in runs[0].path}
            start = cubes[0.0]
            if study.start_seeds_of(study.arms[arm]) != "paired":
                start = start[:1]  # all seeds share it
            strata = strata_of(~np.isnan(start[0]))
            for share, cube in cubes.items():
                difference = None
                if share > 0:
                    draws = study.bootstrap_draws
                    difference = paired_difference(cube, start, strata, draws=draws, level=_LEVEL)
                yield _Point(arm, target, share, _macros(cube if share else start), difference)


def _cube(gathered: Gathered, arm: str, target: str, share: float) -> NDArray[np.float64]:
    facts = gathered.plan.targets[target].target
    tables = []
    for run in gathered.plan.runs:
        if run.arm == arm:
            step = run.path[share][target]
            table = pq.read_table(step.open(gathered.store) / "outcomes.parquet")
            table = table.filter(pc.field("protocol") == facts.protocols[0].id)
            tables.append(table.append_column("seed", pa.array([run.seed] * len(table))))
    return cube_of(pa.concat_tables(tables), OUTCOME_OF_METRIC[facts.metric])[0]


def _macros(cube: NDArray[np.float64]) -> tuple[float, ...]:
    """Of each seed the mean over languages of the mean over items."""
    return tuple(float(value) for value in np.nanmean(cube, axis=1).mean(axis=1))


def _entry(gathered: Gathered, point: _Point, p_corrected: float | None) -> dict[str, Any]:
    facts = gathered.plan.targets[point.target].target
    found = {
        "arm": point.arm,
        "target": point.target,
        "metric": facts.metric,
        "protocol": facts.protocols[0].id,
        "share": point.share,
        "score": float(np.mean(point.by_seed)),
        "seeds": list(point.by_seed),
    }
    told = dict.fromkeys(("effect", "low", "high", "p", "p_corrected", "verdict"))
    difference = point.difference
    if difference is None or p_corrected is None:
        return found | told
    outcome = NO_DIFFERENCE
    if p_corrected < 1 - _LEVEL and difference.excludes_zero:
        outcome = HIGHER if difference.effect > 0 else LOWER
    sides = {"effect": difference.effect, "low": difference.low, "high": difference.high}
    return found | sides | {"p": difference.p, "p_corrected": p_corrected, "verdict": outcome}
