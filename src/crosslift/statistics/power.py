"""The power of a comparison, and the seeds and items that an effect needs.

The answers use the estimated variances and share their uncertainty: with few seeds, the variance
between seeds is hardly known. The interval of a future run depends on the estimate from its seeds; the
power is the mean over such estimates, as for a t test. The variance between items counts as known if
seeds vary too.
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
"""The largest factor on the number of items."""
_STRIPS = 100


def power_of(noise: Noise, effect: float, alpha: float = 0.05) -> float:
    """The probability that an interval at level 1 - alpha excludes 0.

    Args:
        noise: noise of the comparison; its variances count as the true ones.
        effect: the true difference.
        alpha: level of the comparison; in a family, the corrected share of 0.05.
    """
    if _deviation(noise) == 0:
        return float(abs(effect) > 0)
    return _share_beyond(_reaches(noise, alpha), effect, _deviation(noise))


def _deviation(noise: Noise) -> float:
    return sqrt(noise.seed_variance + noise.item_variance)


def _reaches(noise: Noise, alpha: float) -> NDArray[np.float64]:
    """Half-widths of the intervals of similar runs."""
    return np.array([each.half_width(1 - alpha) for each in _scattered(noise)])


def _share_beyond(reaches: NDArray[np.float64], effect: float, deviation: float) -> float:
    """The share of similar runs whose interval excludes 0."""
    both = ndtr((effect - reaches) / deviation) + ndtr((-effect - reaches) / deviation)
    return float(both.mean())


def _scattered(noise: Noise) -> list[Noise]:
    """The noise that similar runs would estimate, in strips of equal probability."""
    freedom = noise.item_freedom if noise.seeds == 1 else noise.seeds - 1
    tails = (np.arange(_STRIPS) + 0.5) / _STRIPS
    factors = chdtri(freedom, tails) / freedom
    if noise.seeds == 1:
        return [replace(noise, item_variance=noise.item_variance * f) for f in factors]
    return [replace(noise, seed_variance=noise.seed_variance * f) for f in factors]


def detectable_effect(noise: Noise, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest true difference that a run finds with a probability of ``power``; 0 without noise.

    Args:
        noise: as in `power_of`.
        alpha: as in `power_of`.
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
    """The fewest seeds that find a difference with a probability of ``power``, with the same items;
    returns None if `MOST_SEEDS` are too few.

    Args:
        noise: noise of two or more seeds.
        effect: the true difference, not 0.
        alpha: as in `power_of`.
        power: as in `detectable_effect`.

    Raises:
        DataError: as in `Noise.expected`; or an effect of 0.
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
    """The factor on the number of items that finds a difference with a probability of ``power``, with
    the same seeds; infinite if `MOST_ITEMS` is too small because the seeds vary too much. Not below 1 /
    `MOST_ITEMS`.

    Args:
        noise: noise of two or more seeds, or of one if seeds do not change the difference.
        effect: as in `seeds_needed`.
        alpha: as in `power_of`.
        power: as in `detectable_effect`.
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
