"""The differences of arms, in each language and over all, as a page shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosslift.explorer.explored import Explored
from crosslift.explorer.items import Items
from crosslift.metrics.table import Metric
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.verdict import EQUIVALENT, HIGHER, INCONCLUSIVE, LOWER, Outcome, Verdict
from crosslift.statistics.differences import paired_difference
from crosslift.statistics.query_cubes import as_many_seeds, cube_of

_LEVEL = 0.95
_MARKS: Mapping[Outcome, str] = {
    HIGHER: "higher",
    LOWER: "lower",
    EQUIVALENT: "equal",
    INCONCLUSIVE: "not shown",
}
"""Outcome of a verdict -> its mark. With one seed there is no verdict, so no mark."""


def verdict_entry(verdict: Verdict, metric: Metric) -> dict[str, Any]:
    """A verdict of the run: its mark, its sentence, and its corrected interval.

    Without a verdict, or in the run of an earlier version, it has the interval without correction.
    """
    low, high = verdict.corrected or (verdict.low, verdict.high)
    scale = metric.unit.scale
    return {
        "target": verdict.target,
        "protocol": verdict.protocol,
        "arm": verdict.arm,
        "against": verdict.against,
        "language": None,
        "difference": _number(verdict.effect * scale),
        "low": _number(low * scale),
        "high": _number(high * scale),
        "corrected": verdict.corrected is not None,
        "mark": _MARKS.get(verdict.verdict),
        "sentence": verdict.sentence,
    }


def language_entries(
    target: str, items: Items, explored: Explored, metric: Metric
) -> Iterator[dict[str, Any]]:
    """The difference of each pair of arms in each language.

    The interval is that of `paired_difference` over the items and seeds of the language alone, at 95 %.
    There is no interval if a trained arm has one seed, or if the metric is a median.
    """
    codes, of_item = np.unique(items.language_codes.astype(str), return_inverse=True)
    outcomes = _by_arm(items)
    arms = explored.arms
    for one, other in explored.compared:
        if one not in outcomes or other not in outcomes:
            continue
        for place, code in enumerate(codes.tolist()):
            here = np.flatnonzero(of_item == place)
            entry = _difference(
                outcomes[one], outcomes[other], here, items, metric, arms, (one, other)
            )
            if entry is not None:
                names = {"arm": arms[one].name, "against": arms[other].name, "language": code}
                facts = {"target": target, "protocol": items.protocol, **names}
                yield {**facts, **entry, "corrected": False, "mark": None, "sentence": None}


def _by_arm(items: Items) -> dict[int, dict[int, NDArray[np.float64]]]:
    by_arm: dict[int, dict[int, NDArray[np.float64]]] = {}
    for (arm, seed), values in items.outcomes.items():
        by_arm.setdefault(arm, {})[seed] = values
    return by_arm


def _difference(
    one: Mapping[int, NDArray[np.float64]],
    other: Mapping[int, NDArray[np.float64]],
    here: NDArray[np.int64],
    items: Items,
    metric: Metric,
    arms: Sequence[ArmFacts],
    pair: tuple[int, int],
) -> dict[str, Any] | None:
    scale = metric.unit.scale
    if metric.aggregation == "median":
        medians = [_median(values, here) for values in (one, other)]
        return {"difference": _number((medians[0] - medians[1]) * scale), "low": None, "high": None}
    first, second = (
        _cube(values, seeds, here, items.clusters)
        for values, seeds in zip((one, other), _seeds(one, other), strict=True)
    )
    if first is None or second is None:
        return None
    if len(first) > 1 and len(second) > 1 and len(first) != len(second):
        effect = float(first.mean() - second.mean())
        return {"difference": _number(effect * scale), "low": None, "high": None}
    alone = any(
        len(cube) == 1 and arms[place].stages
        for cube, place in zip((first, second), pair, strict=True)
    )
    first = as_many_seeds(first, second)
    strata = np.zeros(first.shape[1], np.int64)
    difference = paired_difference(first, second, strata, level=_LEVEL)
    ends = (difference.low, difference.high)
    low, high = (None, None) if alone else (_number(end * scale) for end in ends)
    return {"difference": _number(difference.effect * scale), "low": low, "high": high}


def _seeds(
    one: Mapping[int, NDArray[np.float64]], other: Mapping[int, NDArray[np.float64]]
) -> tuple[list[int], list[int]]:
    """The seeds of two arms: those that they share, if both have several seeds and share some; else
    all."""
    shared = sorted(one.keys() & other.keys())
    if len(one) > 1 and len(other) > 1 and shared:
        return shared, shared
    return sorted(one), sorted(other)


def _median(values: Mapping[int, NDArray[np.float64]], here: NDArray[np.int64]) -> float:
    """The median outcome of some items, mean over seeds."""
    return float(np.mean([np.median(of_seed[here]) for of_seed in values.values()]))


def _cube(
    values: Mapping[int, NDArray[np.float64]],
    seeds: Sequence[int],
    here: NDArray[np.int64],
    clusters: NDArray[np.int64],
) -> NDArray[np.float64] | None:
    """Outcomes [seeds, clusters, 1] of the items of one language; None: an item has none."""
    chosen = np.stack([values[seed][here] for seed in seeds])
    if not np.isfinite(chosen).all():
        return None
    of_items = clusters[here]
    if len(np.unique(of_items)) == len(here):
        return chosen[:, np.argsort(of_items)][:, :, None]
    count = len(here)
    rows = {
        "seed": np.repeat(np.arange(len(seeds)), count),
        "cluster": np.tile(of_items, len(seeds)),
        "language": np.zeros(count * len(seeds), np.int64),
        "outcome": chosen.ravel(),
    }
    return cube_of(pa.table(rows), "outcome")[0]


def _number(value: float) -> float | None:
    """A number of a page, with as many digits as it can show; None if it is not finite."""
    return round(float(value), 4) if np.isfinite(value) else None
