"""Paired differences of two arms, with intervals and p-values over items and seeds.

The uncertainty follows from the design. Both arms answer the same queries, so differences are computed
per query first. An item with queries in several languages is one cluster, because a hard concept is
hard in most languages. All languages have the same weight. Every seed answers every query, so items and
seeds are crossed factors (`noise`). `influences` computes the variance between items.

`paired_difference`, `group_differences` and `contrast` differ only in the weights of languages;
`weighted_differences` computes all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from crosslift.errors import DataError
from crosslift.statistics.cubes import (
    OutcomeCube,
    check_groups,
    check_level,
    check_presence,
    check_strata,
    number_of_languages,
    paired_gaps,
)
from crosslift.statistics.influences import Influence, influences_of, side_by_side
from crosslift.statistics.noise import Noise


@dataclass(frozen=True, slots=True)
class Difference:
    """How much the treatment scored above the control, with its uncertainty.

    Args:
        effect: difference of scores, each in [0, 1].
        low: lower end of the interval.
        high: upper end of the interval.
        level: level of the interval, such as 0.95.
        p: two-sided p-value; below 1 - ``level`` if the interval excludes 0.
        seeds: number of seeds of the treatment; with 1, the interval does not cover variation between
            seeds.
        items: number of items, the clusters of queries.
        languages: number of languages, which have equal weights.
        queries: number of pairs of an item and a language.
        noise: the variances behind the interval and the p-value.
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
    noise: Noise

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Weighted:
    """Two arms on one target, with the weights of its languages in one sum or several.

    Args:
        treatment: float64 [S, N, L], outcome of item n in language l under seed s; NaN where the
            item does not exist in the language.
        control: the same with the same seeds in the same order, or [1, N, L] if the control is
            untrained and has no seeds.
        strata: int [N], see `strata_of`.
        weights: float64 [L] for one sum, or [L, G] for G sums: the weight of each language's mean. A
            sum leaves out the languages with weight 0.
    """

    treatment: OutcomeCube
    control: OutcomeCube
    strata: NDArray[np.integer]
    weights: NDArray[np.float64]


def strata_of(presence: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sorts items into strata: items whose languages share items are in one stratum.

    If every item exists in many languages (names of concepts), there is one stratum; if each item
    exists in only one language (Tatoeba), there is one stratum for each language.

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
    """Estimates how much ``treatment`` scores above ``control``, with an interval and a p-value.

    The effect is the mean of treatment - control over seeds, then items, then languages with equal
    weights. The head of this file explains its uncertainty.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L] if it is untrained.
        strata: int [N], see `strata_of`.
        level: level of the interval.

    Returns:
        The difference.

    Raises:
        DataError: shapes that do not fit, outcomes that are infinite or missing in only one of the
            arms or seeds, a language or an item without outcomes, ``level`` out of range.
    """
    all_languages = range(number_of_languages(treatment))
    return group_differences(treatment, control, strata, [all_languages], level=level)[0]


def group_differences(
    treatment: OutcomeCube,
    control: OutcomeCube,
    strata: NDArray[np.integer],
    groups: Sequence[Sequence[int]],
    *,
    level: float = 0.95,
) -> list[Difference]:
    """Estimates the difference over each of several groups of languages.

    Each group is computed as `paired_difference` does for all languages: languages of a group have
    equal weights.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L] if it is untrained.
        strata: int [N], strata of all items, see `strata_of`.
        groups: indices of languages in [0, L), at least one in each group; groups may overlap.
        level: level of the intervals.

    Returns:
        One difference for each group, in the same order.

    Raises:
        DataError: as in `paired_difference`; or a group that is empty, repeats a language, or names one
            that does not exist.
    """
    languages = number_of_languages(treatment)
    check_groups(groups, languages)
    weights = np.zeros((languages, len(groups)))
    for place, group in enumerate(map(list, groups)):
        weights[group, place] = 1 / len(group)
    return weighted_differences([Weighted(treatment, control, strata, weights)], level=level)


def contrast(parts: Sequence[Weighted], *, level: float = 0.95) -> Difference:
    """Estimates the difference in one weighted sum of language means, over one or several targets.

    Example, one target of the languages en, de, fr: weights 1, -1/2, -1/2 give the difference of the
    two arms' gaps between English and the others; of two targets, weights 1/L/2 in each give the
    difference of their averages.

    Args:
        parts: the targets, each with one sum. A target with a single seed has the same value for every
            seed of the others.
        level: level of the interval.

    Raises:
        DataError: as in `weighted_differences`.
    """
    return weighted_differences(parts, level=level)[0]


def weighted_differences(parts: Sequence[Weighted], *, level: float = 0.95) -> list[Difference]:
    """Estimates the difference in each of G weighted sums of language means.

    Items vary within their stratum, independently in each target. Seeds, which all targets share, vary
    together.

    Args:
        parts: the targets, with G sums each.
        level: level of the intervals.

    Returns:
        One difference for each sum, over all targets.

    Raises:
        DataError: as in `paired_difference`; no target; weights that do not fit; different numbers of
            seeds.
    """
    check_level(level)
    if not parts:
        raise DataError("a contrast of nothing", "one target at least")
    gaps = [_gaps_of(part) for part in parts]
    _check_seeds([len(each) for each in gaps])
    weights = [part.weights.reshape(len(part.weights), -1) for part in parts]
    of_targets = [
        influences_of(each, part.strata, columns)
        for each, part, columns in zip(gaps, parts, weights, strict=True)
    ]
    presences = [~np.isnan(each[0]) for each in gaps]
    return [
        _difference(
            side_by_side(influences),
            [
                here[:, columns[:, place] != 0]
                for here, columns in zip(presences, weights, strict=True)
            ],
            level,
        )
        for place, influences in enumerate(zip(*of_targets, strict=True))
    ]


def _gaps_of(part: Weighted) -> OutcomeCube:
    """Treatment - control [S, N, L], after all checks of this part."""
    gaps = paired_gaps(part.treatment, part.control)
    presence = ~np.isnan(gaps[0])
    check_presence(presence)
    check_strata(part.strata, len(presence))
    if len(part.weights) != presence.shape[1]:
        raise DataError(f"{len(part.weights)} weights of {presence.shape[1]} languages")
    return gaps


def _check_seeds(numbers: Sequence[int]) -> None:
    several = [number for number in numbers if number != 1]
    for number in several:
        if number != several[0]:
            raise DataError(
                f"a target of {number} seeds beside one of {several[0]}", "the same seeds"
            )


def _difference(
    influence: Influence, presences: Sequence[NDArray[np.bool_]], level: float
) -> Difference:
    """The difference that follows from a sum and its noise.

    Args:
        influence: influence of the sum, over all targets.
        presences: bool [N, L] for each target, of the languages in the sum.
        level: level of the interval.
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
        items=sum(int(here.any(axis=1).sum()) for here in presences),
        languages=sum(here.shape[1] for here in presences),
        queries=sum(int(here.sum()) for here in presences),
        noise=noise,
    )
