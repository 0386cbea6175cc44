"""The influence of each item on a weighted sum of language means, and the noise that follows.

Every difference of two arms is such a sum: the mean over all languages or a group of them, a gap
between two groups, an average over several targets. They differ only in their weights.

The variance between items equals the variance under resampling of items within each language: each item
moves the sum by its influence, which is its deviation from its languages' means over their numbers of
items. The variance is the sum of the squared influences, in closed form, without a random generator.
Earlier releases used a percentile bootstrap over items and seeds; with few items or few seeds, its
p-values were far too small in the tail that Holm's correction uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.statistics.cubes import OutcomeCube
from crosslift.statistics.noise import Noise

ROUNDING = 1e-12
"""Differences below this are rounding errors and count as 0."""


@dataclass(frozen=True)
class Influence:
    """The parts of one weighted sum of language means, and its noise.

    Args:
        per_seed: float64 [S], the sum for each seed.
        of_items: float64 [S, N], the influence of each item on the sum.
        leverage: float64 [N], the share of each item in the sum, over its languages.
        strata: int [N], see `strata_of`.
    """

    per_seed: NDArray[np.float64]
    of_items: NDArray[np.float64]
    leverage: NDArray[np.float64]
    strata: NDArray[np.integer]

    @property
    def effect(self) -> float:
        """The mean over seeds; 0 if it is only a rounding error."""
        mean = float(self.per_seed.mean())
        return mean if abs(mean) >= ROUNDING else 0.0

    @property
    def noise(self) -> Noise:
        """The two components of its noise."""
        seeds = len(self.per_seed)
        common = self.of_items.mean(axis=0)
        between = within = 0.0
        if seeds > 1:
            between = _unless_rounding(self.per_seed.var(ddof=1))
            within = _unless_rounding(np.sum((self.of_items - common) ** 2) / (seeds - 1))
        squared = common**2
        items = _unless_rounding(squared.sum())
        if not (items or between or within):
            return self._without_scatter(seeds)
        freedom = _freedom(squared, self.leverage, self.strata) if items else 1.0
        return Noise.from_scatter(seeds, between, items, within, freedom)

    def _without_scatter(self, seeds: int) -> Noise:
        """The noise if there is no variance at all.

        Items with equal differences count one each. If no item changed, every item counts as the one
        with the largest leverage: the true share of changes may be largest in its language.
        """
        if self.effect == 0:
            largest = float(self.leverage.sum())
            items = largest / float(self.leverage.max())
            return Noise.without_scatter(seeds, 0.0, items, largest)
        return Noise.without_scatter(seeds, self.effect, int((self.leverage > 0).sum()))


def _unless_rounding(variance: np.float64) -> float:
    return float(variance) if variance > ROUNDING**2 else 0.0


def _freedom(
    squared: NDArray[np.float64], leverage: NDArray[np.float64], strata: NDArray[np.integer]
) -> float:
    """Degrees of freedom of a sum of squared influences: the smaller of two counts.

    By design: each stratum has one fewer than its effective number of items, in which items of low
    leverage count less; Satterthwaite's formula combines the strata. By the values: 2 / the squared
    coefficient of variation of the sum, from the fourth powers. The second count is small if few items
    differ between the arms: four differing items do not give the evidence of a thousand.
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


def influences_of(
    gaps: OutcomeCube, strata: NDArray[np.integer], weights: NDArray[np.float64]
) -> list[Influence]:
    """The parts of several weighted sums of language means, one for each column of ``weights``.

    Deviations from a mean of n items have (n - 1) / n of the variance, so they are scaled by
    sqrt(n / (n - 1)). The single item of a language has no scatter; its deviation is taken
    from the mean over languages.

    Args:
        gaps: float64 [S, N, L], see `paired_gaps`.
        strata: int [N], see `strata_of`.
        weights: float64 [L, G], the weight of each language's mean in each sum.
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


def side_by_side(parts: Sequence[Influence]) -> Influence:
    """Joins the sums of several targets, whose items vary independently, into one.

    Args:
        parts: one for each target, with S seeds, or with one, whose value holds for every seed.
    """
    if len(parts) == 1:
        return parts[0]
    seeds = max(len(part.per_seed) for part in parts)
    strata, first = [], 0
    for part in parts:
        _, own = np.unique(part.strata, return_inverse=True)
        strata.append(own + first)
        first = int(strata[-1].max()) + 1
    per_seed: NDArray[np.float64] = np.zeros(seeds)
    for part in parts:
        per_seed = per_seed + part.per_seed
    spread = [np.broadcast_to(p.of_items, (seeds, p.of_items.shape[1])) for p in parts]
    return Influence(
        per_seed,
        np.concatenate(spread, axis=1),
        np.concatenate([part.leverage for part in parts]),
        np.concatenate(strata),
    )
