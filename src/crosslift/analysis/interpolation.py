"""Scores of arms between their start and their end: the path of weight interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.analysis.collect import Gathered
from crosslift.analysis.judging import smallest_effect
from crosslift.making.evaluate import open_outcomes
from crosslift.metrics.table import outcome_of
from crosslift.results.weight_paths import PathPoint
from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.judgements import Judgement, judge_family
from crosslift.statistics.query_cubes import cube_of

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Measured:
    """An arm at a share of the way, on a target."""

    arm: str
    target: str
    share: float
    by_seed: tuple[float, ...]
    difference: Difference | None


def interpolation_paths(gathered: Gathered) -> list[PathPoint]:
    """Every point of every arm's path on every target, in its primary metric and protocol.

    Each point is compared with the arm's start by a paired interval; the p-values of all points of the
    study are corrected together (Holm). No point is chosen: which share is best on a target is not
    known without looking at that target, and a share taken from these scores is fitted on them.
    """
    measured = list(_measured(gathered))
    compared = [point for point in measured if point.difference is not None]
    differences = [point.difference for point in compared if point.difference is not None]
    plan = gathered.plan
    margins = [smallest_effect(plan.study, plan.targets[point.target]) for point in compared]
    judged = iter(judge_family(differences, [True] * len(differences), _LEVEL, margins))
    return [_point(gathered, m, next(judged) if m.difference else None) for m in measured]


def _measured(gathered: Gathered) -> Iterator[_Measured]:
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
                    difference = paired_difference(cube, start, strata, level=_LEVEL)
                yield _Measured(arm, target, share, _macros(cube if share else start), difference)


def _cube(gathered: Gathered, arm: str, target: str, share: float) -> NDArray[np.float64]:
    facts = gathered.plan.targets[target].target
    tables = []
    for run in gathered.plan.runs:
        if run.arm == arm:
            table = open_outcomes(run.path[share][target].values(), gathered.store)
            table = table.filter(pc.field("protocol") == facts.protocols[0].id)
            tables.append(table.append_column("seed", pa.array([run.seed] * len(table))))
    return cube_of(pa.concat_tables(tables), outcome_of(facts.metric))[0]


def _macros(cube: NDArray[np.float64]) -> tuple[float, ...]:
    """For each seed, the mean over languages of the mean over items."""
    return tuple(float(value) for value in np.nanmean(cube, axis=1).mean(axis=1))


def _point(gathered: Gathered, measured: _Measured, judgement: Judgement | None) -> PathPoint:
    facts = gathered.plan.targets[measured.target].target
    difference = measured.difference
    return PathPoint(
        arm=measured.arm,
        target=measured.target,
        metric=facts.metric,
        protocol=facts.protocols[0].id,
        share=measured.share,
        score=float(np.mean(measured.by_seed)),
        seeds=measured.by_seed,
        effect=None if difference is None else difference.effect,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        p=None if difference is None else difference.p,
        p_corrected=None if judgement is None else judgement.p_corrected,
        verdict=None if judgement is None else judgement.outcome,
    )
