"""Paired difference of two arms, with an interval and a p value over items and seeds.

How the uncertainty is counted follows from how the numbers arise. Both arms answer the same queries,
so the difference is taken per query first. One item that is asked in several languages is one
cluster, since a hard concept is hard in most languages. Languages weigh the same. Every seed answers
every query, so that items and seeds are crossed (`noise`).

The variance between items is the one that resampling the items within each language gives: each item
moves the effect by ``influence``, its deviation from its languages' means over their numbers of items,
and the variance is the sum of the squared influences. It is computed in closed form, so no random
generator is involved. Earlier releases drew items and seeds anew (a percentile bootstrap); in the tail
that Holm's correction reads its p values were far too small with few items or few seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from crosslift.statistics.cubes import (
    OutcomeCube,
    check_groups,
    check_level,
    check_presence,
    check_strata,
    paired_gaps,
)
from crosslift.statistics.noise import Noise

ROUNDING = 1e-12
"""Differences below this are sums of rounding errors and are taken as 0."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much the treatment scored above the control, with its uncertainty.

    Args:
        effect: difference of scores in [0, 1].
        low: lower end of the interval.
        high: upper end of the interval.
        level: of the interval, e.g. 0.95.
        p: two-sided; it is below 1 - ``level`` where the interval excludes 0.
        seeds: seeds of the treatment; with 1 the interval contains no variation between seeds.
        items: items, the clusters of queries.
        languages: languages, equally weighted.
        queries: pairs of an item and a language.
    """

    effect: float
    low: float
    high: float
    level: float
    p: float
    seeds: int
    items: int
    languages: int
    queries: int

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Influence:
    """What makes up one weighted sum of language means, and its noise.

    Args:
        per_seed: float64 [S], the sum under each seed.
        of_items: float64 [S, N], by how much each item moves it.
        leverage: float64 [N], the share of the sum that an item has, over its languages.
        strata: int [N], see `strata_of`.
    """

    per_seed: NDArray[np.float64]
    of_items: NDArray[np.float64]
    leverage: NDArray[np.float64]
    strata: NDArray[np.integer]

    @property
    def effect(self) -> float:
        """The mean over seeds; 0 where it is a rounding error."""
        mean = float(self.per_seed.mean())
        return mean if abs(mean) >= ROUNDING else 0.0

    @property
    def noise(self) -> Noise:
        """The two components of its noise."""
        seeds = len(self.per_seed)
        common = self.of_items.mean(axis=0)
        between = own = 0.0
        if seeds > 1:
            between = _unless_rounding(self.per_seed.var(ddof=1))
            own = _unless_rounding(np.sum((self.of_items - common) ** 2) / (seeds - 1))
        squared = common**2
        items = _unless_rounding(squared.sum())
        if not (items or between or own):
            return self._without_scatter(seeds)
        freedom = _freedom(squared, self.leverage, self.strata) if items else 1.0
        return Noise.from_scatter(seeds, between, items, own, freedom)

    def _without_scatter(self, seeds: int) -> Noise:
        """Where nothing scatters at all: n items that all differ alike are n signs, no certainty."""
        count = int((self.leverage > 0).sum())
        return Noise(seeds, 0.0, self.effect**2 / count, float(max(count - 1, 1)))


def _unless_rounding(variance: np.float64) -> float:
    return float(variance) if variance > ROUNDING**2 else 0.0


def _freedom(
    squared: NDArray[np.float64], leverage: NDArray[np.float64], strata: NDArray[np.integer]
) -> float:
    """Degrees of freedom of a sum of squared influences: the smaller of two counts.

    By design: each stratum has one fewer than its items count, where items of little leverage count
    little; strata are joined by Satterthwaite's formula. By the values: 2 / the squared coefficient of
    variation of the sum, from the fourth powers. The second is small where few items differ between
    the arms at all: four items that differ are no evidence of a thousand.
    """
    weighing = leverage > 0
    _, stratum = np.unique(strata[weighing], return_inverse=True)
    expected = np.bincount(stratum, leverage[weighing] ** 2)
    counted = expected**2 / np.bincount(stratum, leverage[weighing] ** 4)
    by_design = expected.sum() ** 2 / (expected**2 / np.maximum(counted - 1, 1)).sum()
    variance = float(squared.sum())
    scatter = float((squared**2).sum()) - variance**2 / int(weighing.sum())
    by_values = 2 * variance**2 / scatter if scatter > 0 else np.inf
    return float(max(1.0, min(by_design, by_values)))


def strata_of(presence: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sort items into strata: items whose languages are linked by shared items stay together.

    Where every item exists in many languages (names of concepts) there is one stratum; where each
    item exists in one language only (Tatoeba) there is one stratum per language.

    Args:
        presence: bool [N, L], whether item n exists in language l.

    Returns:
        int [N], numbered from 0.

    Raises:
        DataError: an item that exists in no language, or a language without items.

    Example, four items in three languages::

        1 1 0  ->  0
        0 1 0  ->  0     linked to the first by its language
        0 0 1  ->  1
        0 0 1  ->  1
    """
    check_presence(presence)
    together = (presence.T.astype(np.float64) @ presence) > 0
    _, of_language = connected_components(together, directed=False)
    strata: NDArray[np.int64] = np.asarray(of_language, np.int64)[presence.argmax(axis=1)]
    return strata


def paired_difference(
    treatment: OutcomeCube,
    control: OutcomeCube,
    strata: NDArray[np.integer],
    *,
    level: float = 0.95,
) -> Difference:
    """Estimate how much ``treatment`` scores above ``control``, with interval and p.

    The effect is the mean over languages, equally weighted, of the mean over items of the mean
    over seeds of treatment - control. How its uncertainty is counted: see the head of this file.

    Args:
        treatment: float64 [S, N, L], outcome of item n in language l under seed s; NaN where the
            item does not exist in the language.
        control: the same with the same seeds in the same places, or [1, N, L] where the control
            is untrained and has no seeds.
        strata: int [N], see `strata_of`.
        level: of the interval.

    Returns:
        The difference.

    Raises:
        DataError: shapes that do not fit, outcomes that are infinite or missing in only one of the
            arms or seeds, a language or an item without outcomes, ``level`` out of range.
    """
    everything = [range(treatment.shape[2])] if treatment.ndim == 3 else []
    return group_differences(treatment, control, strata, everything, level=level)[0]


def group_differences(
    treatment: OutcomeCube,
    control: OutcomeCube,
    strata: NDArray[np.integer],
    groups: Sequence[Sequence[int]],
    *,
    level: float = 0.95,
) -> list[Difference]:
    """Estimate the difference over each of several groups of languages.

    Every group is treated as `paired_difference` treats all languages: languages of a group weigh
    the same.

    Args:
        treatment: float64 [S, N, L], as of `paired_difference`.
        control: the same, or [1, N, L] where it is untrained.
        strata: int [N], of all items, see `strata_of`.
        groups: places of languages in [0, L), at least one a group; groups may overlap.
        level: of the intervals.

    Returns:
        One difference a group, in the order given.

    Raises:
        DataError: as `paired_difference`; a group that is empty or names a language twice or one
            that there is not.
    """
    check_level(level)
    gaps = paired_gaps(treatment, control)
    presence = ~np.isnan(gaps[0])
    check_presence(presence)
    check_strata(strata, len(presence))
    check_groups(groups, presence.shape[1])
    weights = np.zeros((presence.shape[1], len(groups)))
    for place, group in enumerate(map(list, groups)):
        weights[group, place] = 1 / len(group)
    influences = influences_of(gaps, strata, weights)
    return [
        difference_of(influence, presence[:, list(group)], level)
        for influence, group in zip(influences, groups, strict=True)
    ]


def influences_of(
    gaps: OutcomeCube, strata: NDArray[np.integer], weights: NDArray[np.float64]
) -> list[Influence]:
    """The parts of several weighted sums of language means, one for each column of ``weights``.

    Deviations from a mean of n items have (n - 1) / n of the variance, so they are scaled by
    sqrt(n / (n - 1)). The single item of a language has no scatter of its own; its deviation is taken
    from the mean over languages.

    Args:
        gaps: float64 [S, N, L], see `paired_gaps`.
        strata: int [N], see `strata_of`.
        weights: float64 [L, G], what the mean of each language counts in each sum.
    """
    presence = ~np.isnan(gaps[0])
    items = presence.sum(axis=0)
    means = np.nansum(gaps, axis=1) / items
    centres = np.where(items > 1, means, means.mean(axis=1, keepdims=True))
    deviations = np.where(presence, gaps - centres[:, None], 0.0)
    shares = weights / items[:, None]
    moves = deviations @ (np.sqrt(items / np.maximum(items - 1, 1))[:, None] * shares)
    leverage = presence @ np.abs(shares)
    sums = means @ weights
    return [
        Influence(sums[:, place], moves[:, :, place], leverage[:, place], strata)
        for place in range(weights.shape[1])
    ]


def difference_of(influence: Influence, presence: NDArray[np.bool_], level: float) -> Difference:
    """The difference that a sum and its noise give.

    Args:
        influence: of the sum.
        presence: bool [N, L], of the languages in the sum.
        level: of the interval.
    """
    noise, effect = influence.noise, influence.effect
    reach = noise.half_width(level)
    return Difference(
        effect=effect,
        low=effect - reach,
        high=effect + reach,
        level=level,
        p=noise.p_value(effect),
        seeds=len(influence.per_seed),
        items=int(presence.any(axis=1).sum()),
        languages=presence.shape[1],
        queries=int(presence.sum()),
    )
