"""Compares two sides on the same queries: untrained encoders, arms of runs, run files of TREC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.api.compared_sides import ArmSide, Side, side_of
from crosslift.api.models import Model
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.metrics.table import metric_named, outcome_of
from crosslift.results.comparison import ComparedLanguage, ComparedTarget, EncoderComparison
from crosslift.results.run_folder import RunFolder
from crosslift.statistics.differences import (
    Difference,
    group_differences,
    paired_difference,
    strata_of,
)
from crosslift.statistics.judgements import judge_family
from crosslift.statistics.query_cubes import as_many_seeds, cube_of
from crosslift.steps.run import Listener
from crosslift.targets.target_settings import TargetSettings

Cube = NDArray[np.float64]


def compare(
    first: Model,
    second: Model,
    target: TargetSettings | str | None = None,
    store: Store | None = None,
    listener: Listener | None = None,
) -> EncoderComparison:
    """Compares two encoders query by query, in every language in which both have scores.

    Args:
        first: `embedded`, a folder, a hub name, settings of an encoder, any object with a method
            `encode` (see `evaluate`), an arm of a run as ``RUN:ARM`` (the run's folder), or the
            rankings of another system: a run file of TREC, or a folder of ``NAME.LANGUAGE.run``.
        second: as `first`.
        target: the target for encoders without a run. None: the targets of the runs.
        store: keeps vectors; None: the user's cache.
        listener: receives the progress of the work. None: no reports.

    Raises:
        UnknownNameError: there is no such arm or target.
        StudyError: two encoders without a run and no target; a target that needs more than an encoder.
        DataError: the two have different queries, or share no target.
    """
    sides = side_of(first), side_of(second)
    compared = [_compared(each, sides, store, listener) for each in _targets(sides, target)]
    seeds = tuple(len(set(side.seeds)) for side in sides)
    return EncoderComparison(
        first=sides[0].name,
        second=sides[1].name,
        seeds=(seeds[0], seeds[1]),
        targets=tuple(compared),
    )


def compare_runs(
    first: Path | str,
    second: Path | str,
    target: TargetSettings | str | None = None,
    store: Store | None = None,
    listener: Listener | None = None,
) -> tuple[EncoderComparison, ...]:
    """Compares the arms of two runs that have the same name; see `compare`.

    Args:
        first: folder of a run.
        second: as `first`.
        target, store, listener: as in `compare`.

    Returns:
        A comparison for each arm that both runs have, in the order of the first.

    Raises:
        DataError: the runs have no arm in common; or as in `compare`.
    """
    names = [[arm.name for arm in RunFolder.read(Path(run)).run.arms] for run in (first, second)]
    shared = [name for name in names[0] if name in names[1]]
    if not shared:
        raise DataError(
            f"{first} and {second} have no arm in common",
            "arms of one name in both runs",
            f"name an arm of each: {first}:{names[0][-1]} {second}:{names[1][-1]}",
        )
    return tuple(
        compare(f"{first}:{name}", f"{second}:{name}", target, store, listener) for name in shared
    )


def compare_with_baseline(run: RunFolder, arm: str) -> tuple[ComparedTarget, ...]:
    """Compares an arm of a run with its baseline, in every language of every target.

    Args:
        run: the run.
        arm: name of an arm of that run.

    Returns:
        The targets for which both have scores; none if the arm is the baseline itself.

    Raises:
        UnknownNameError: there is no such arm.
        DataError: the run's outcomes are damaged.
    """
    baseline = run.arm(arm).baseline
    if baseline == arm:
        return ()
    sides = ArmSide(baseline, run, baseline), ArmSide(arm, run, arm)
    shared = [t.name for t in run.run.targets if all(t.name in side.targets for side in sides)]
    return tuple(_compared(sides[0].targets[name], sides) for name in shared)


def _targets(sides: tuple[Side, Side], target: TargetSettings | str | None) -> list[TargetSettings]:
    """The targets of the comparison."""
    requested = TargetSettings(name=target) if isinstance(target, str) else target
    of_runs = [side.targets for side in sides if side.targets is not None]
    if not of_runs:
        if requested is None:
            raise StudyError("two encoders without a target", "`--target`: see `crosslift targets`")
        return [requested]
    if requested is not None and requested != TargetSettings(name=requested.name):
        raise StudyError(
            f"target {requested.name!r} with settings that differ from those of the run",
            "the name of the target alone: an arm of a run is compared on the run's own queries",
        )
    shared = [name for name in of_runs[0] if all(name in each for each in of_runs)]
    if requested is not None and requested.name not in shared:
        _refuse_target(requested.name, sides, shared)
    if not shared:
        raise DataError("the two have no target in common", "runs with one target in common")
    return [of_runs[0][name] for name in shared if requested is None or name == requested.name]


def _refuse_target(name: str, sides: tuple[Side, Side], shared: Sequence[str]) -> NoReturn:
    """Raises the error of a target that the two do not share."""
    scored = [side.name for side in sides if side.targets is not None and name in side.targets]
    if not scored:
        raise UnknownNameError("target of the runs", name, shared)
    missing = next(s.name for s in sides if s.targets is not None and name not in s.targets)
    raise DataError(
        f"{missing} has no score on {name}, as {scored[0]} has",
        f"a target on which both have scores: {', '.join(shared) or 'none'}",
        "compare it with an arm that was measured there, such as its control",
    )


def _compared(
    target: TargetSettings,
    sides: tuple[Side, Side],
    store: Store | None = None,
    listener: Listener | None = None,
) -> ComparedTarget:
    first, second = (side.measured(target, store, listener) for side in sides)
    names, outcomes = (sides[0].name, sides[1].name), (first.outcomes, second.outcomes)
    trained = any(side.trained for side in sides)
    table = compare_outcomes(target.name, first.metric, names, outcomes, trained=trained)
    published = {(e.model, e.revision): e for e in (*first.published, *second.published)}
    notes = (*first.notes, *second.notes)
    return table.model_copy(update={"published": tuple(published.values()), "notes": notes})


def compare_outcomes(
    target: str,
    metric: str,
    names: tuple[str, str],
    outcomes: tuple[pa.Table, pa.Table],
    *,
    trained: bool,
) -> ComparedTarget:
    """Compares the outcomes of two encoders, one row for each query, with a column `seed`.

    Args:
        target: name of the target.
        metric: its primary metric.
        names: names of the encoders, for messages.
        outcomes: outcomes of the first and of the second encoder.
        trained: whether scores of either can differ between seeds.

    Raises:
        DataError: the two have different protocols or queries, or no language in common.
    """
    first, second = outcomes
    protocols = [pc.unique(table["protocol"]).to_pylist() for table in (first, second)]
    if protocols[0] != protocols[1] or len(protocols[0]) != 1:
        raise DataError(
            f"{target}: {names[0]} is scored by {', '.join(protocols[0])}, {names[1]} by "
            f"{', '.join(protocols[1])}",
            "one protocol",
        )
    both = set(first["language"].to_pylist()) & set(second["language"].to_pylist())
    if not both:
        raise DataError(f"{target}: no language in which both are measured", "one language or more")
    languages = sorted(both)
    wanted = pc.field("language").isin(languages)
    tables = first.filter(wanted), second.filter(wanted)
    outcome = outcome_of(metric)
    (cube, items), (other, other_items) = (cube_of(table, outcome) for table in tables)
    if items != other_items or not np.array_equal(np.isnan(cube[0]), np.isnan(other[0])):
        raise DataError(
            f"{target}: the two were scored on different queries",
            "the same data, number of pairs and languages",
            "measure both again on the same data",
        )
    return _table(target, metric, protocols[0][0], languages, (cube, other), trained, tables)


def _table(
    target: str,
    metric: str,
    protocol: str,
    languages: Sequence[str],
    cubes: tuple[Cube, Cube],
    trained: bool,
    tables: tuple[pa.Table, pa.Table],
) -> ComparedTarget:
    first, second = cubes
    if len(first) == 1 or len(second) == 1:
        second, first = as_many_seeds(second, first), as_many_seeds(first, second)
    elif len(first) != len(second):
        raise DataError(
            f"{target}: {len(first)} and {len(second)} seeds",
            "the same number of seeds on both sides, or one seed on one side",
        )
    strata = strata_of(~np.isnan(first[0]))
    macro = paired_difference(second, first, strata)
    each = group_differences(second, first, strata, [[place] for place in range(len(languages))])
    judged = judge_family(each, [trained] * len(each))
    flips = _flips(metric, languages, tables)
    levels = [np.nanmean(cube, axis=1).mean(axis=0) for cube in (first, second)]
    rows = [
        _row(code, (levels[0][i], levels[1][i]), difference, judgement, flips.get(code))
        for i, (code, difference, judgement) in enumerate(zip(languages, each, judged, strict=True))
    ]
    whole = None
    if flips:
        whole = (
            sum(gained for gained, _ in flips.values()),
            sum(lost for _, lost in flips.values()),
        )
    (of_macro,) = judge_family([macro], [trained])
    means = float(levels[0].mean()), float(levels[1].mean())
    return ComparedTarget(
        target=target,
        metric=metric,
        protocol=protocol,
        macro=_row("macro", means, macro, of_macro, whole),
        languages=tuple(rows),
    )


def _row(
    language: str,
    levels: tuple[float, float],
    difference: Difference,
    judgement: Any,
    flips: tuple[int, int] | None,
) -> ComparedLanguage:
    return ComparedLanguage(
        language=language,
        n_queries=difference.queries,
        first=float(levels[0]),
        second=float(levels[1]),
        difference=difference.effect,
        low=difference.low,
        high=difference.high,
        p_corrected=judgement.p_corrected,
        verdict=judgement.outcome,
        gained=flips[0] if flips else None,
        lost=flips[1] if flips else None,
    )


def _flips(
    metric: str, languages: Sequence[str], tables: tuple[pa.Table, pa.Table]
) -> Mapping[str, tuple[int, int]]:
    """Language -> queries gained and lost; empty if the metric has no correct answers.

    A query is gained if the second encoder answers it correctly more often: in more seeds' majority, or
    in more of the directions of a protocol that asks in both.
    """
    right = metric_named(metric).right
    if right is None or any(right not in table.column_names for table in tables):
        return {}
    answered = []
    for table in tables:
        seeds = table.group_by(["language", "item"]).aggregate([(right, "list")])
        keys = zip(seeds["language"].to_pylist(), seeds["item"].to_pylist(), strict=True)
        values = map(median, seeds[f"{right}_list"].to_pylist())
        answered.append(dict(zip(keys, values, strict=True)))
    flips = dict.fromkeys(languages, (0, 0))
    for key, before in answered[0].items():
        after = answered[1][key]
        gained, lost = flips[key[0]]
        flips[key[0]] = (gained + (after > before), lost + (before > after))
    return flips
