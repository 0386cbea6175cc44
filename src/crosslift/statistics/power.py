"""What a comparison could have shown: its power, and the seeds and items that an effect needs.

The variances are taken as they were estimated, so the answers have their uncertainty: with few seeds
the variance between seeds is hardly known. The interval of a future run depends on the scatter that its
seeds will happen to have; the power is the mean over that scatter, as of a t test. The variance between
items is taken as known where seeds vary as well.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr

from crosslift.errors import DataError
from crosslift.statistics.noise import Noise

POWER = 0.8
MOST_SEEDS = 100
MOST_ITEMS = 1000.0
"""Times as many as there are."""
_STRIPS = 100


def power_of(noise: Noise, effect: float, alpha: float = 0.05) -> float:
    """The probability that an interval at level 1 - alpha excludes 0.

    Args:
        noise: of the comparison; its variances are taken as the true ones.
        effect: the true difference.
        alpha: for a comparison among several, what its correction leaves of 0.05.
    """
    if _deviation(noise) == 0:
        return float(abs(effect) > 0)
    return _share_beyond(_reaches(noise, alpha), effect, _deviation(noise))


def _deviation(noise: Noise) -> float:
    return sqrt(noise.seed_variance + noise.item_variance)


def _reaches(noise: Noise, alpha: float) -> NDArray[np.float64]:
    """Half-widths of the intervals of runs alike."""
    return np.array([each.half_width(1 - alpha) for each in _scattered(noise)])


def _share_beyond(reaches: NDArray[np.float64], effect: float, deviation: float) -> float:
    """The share of runs alike whose interval excludes 0."""
    both = ndtr((effect - reaches) / deviation) + ndtr((-effect - reaches) / deviation)
    return float(both.mean())


def _scattered(noise: Noise) -> list[Noise]:
    """The noise as it would be estimated in runs alike, in strips of equal probability."""
    freedom = noise.item_freedom if noise.seeds == 1 else noise.seeds - 1
    tails = (np.arange(_STRIPS) + 0.5) / _STRIPS
    factors = chdtri(freedom, tails) / freedom
    if noise.seeds == 1:
        return [replace(noise, item_variance=noise.item_variance * f) for f in factors]
    return [replace(noise, seed_variance=noise.seed_variance * f) for f in factors]


def detectable_effect(noise: Noise, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest true difference that is found with a probability of ``power``; 0 without noise.

    Args:
        noise: as for `power_of`.
        alpha: as for `power_of`.
        power: above alpha, below 1.
    """
    deviation = _deviation(noise)
    if deviation == 0:
        return 0.0
    reaches = _reaches(noise, alpha)

    def surplus(effect: float) -> float:
        return _share_beyond(reaches, effect, deviation) - power

    high = deviation
    while surplus(high) < 0:
        high *= 2
    return float(brentq(surplus, 0.0, high))


def seeds_needed(
    noise: Noise, effect: float, alpha: float = 0.05, power: float = POWER
) -> int | None:
    """The fewest seeds with which a difference is found with a probability of ``power``, with the
    same items; None if `MOST_SEEDS` are too few.

    Args:
        noise: of two or more seeds.
        effect: the true difference, not 0.
        alpha: as for `power_of`.
        power: as for `detectable_effect`.

    Raises:
        DataError: as `Noise.expected`; an effect of 0.
    """
    _check_effect(effect)
    few, many = 1, 2
    while power_of(noise.expected(many), effect, alpha) < power:
        if many == MOST_SEEDS:
            return None
        few, many = many, min(2 * many, MOST_SEEDS)
    while many - few > 1:
        middle = (few + many) // 2
        if power_of(noise.expected(middle), effect, alpha) < power:
            few = middle
        else:
            many = middle
    return many


def items_needed(noise: Noise, effect: float, alpha: float = 0.05, power: float = POWER) -> float:
    """How many times the items with which a difference is found with a probability of ``power``, with
    as many seeds; infinite if `MOST_ITEMS` are too few, as the seeds vary too much. Not below
    1 / `MOST_ITEMS`.

    Args:
        noise: of two or more seeds, or of one if no seed changes the difference.
        effect: as for `seeds_needed`.
        alpha: as for `power_of`.
        power: as for `detectable_effect`.
    """
    _check_effect(effect)

    def lacking(logarithm: float) -> float:
        return power - power_of(
            noise.expected(noise.seeds, float(np.exp(logarithm))), effect, alpha
        )

    low, high = -float(np.log(MOST_ITEMS)), float(np.log(MOST_ITEMS))
    if lacking(high) > 0:
        return inf
    if lacking(low) < 0:
        return float(np.exp(low))
    return float(np.exp(brentq(lacking, low, high, xtol=1e-3)))


def _check_effect(effect: float) -> None:
    if effect == 0:
        raise DataError("an effect of 0", "the difference that is to be found")
