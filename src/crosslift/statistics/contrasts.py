"""Differences of what is not a plain mean over languages: of gaps between languages, and of averages
over several targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.statistics.bootstrap import (
    Difference,
    difference_of_draws,
    few_seeds_factor,
    language_moves,
    with_seeds,
)
from crosslift.statistics.cubes import (
    OutcomeCube,
    check_presence,
    check_settings,
    check_strata,
    paired_gaps,
)


@dataclass(frozen=True, slots=True)
class Weighted:
    """What one target adds to a contrast.

    Args:
        treatment: float64 [S, N, L], as of `paired_difference`.
        control: the same, or [1, N, L].
        strata: int [N].
        weights: float64 [L], what the mean of each language counts.
    """

    treatment: OutcomeCube
    control: OutcomeCube
    strata: NDArray[np.integer]
    weights: NDArray[np.float64]


def contrast(
    parts: Sequence[Weighted], *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> Difference:
    """How far treatment and control differ in a weighted sum of language means, of one target or more.

    Resampling is that of `paired_difference`: items within their stratum, those of each target on
    their own, and seeds, which all targets share.

    Example, one target of the languages en, de, fr: weights 1, -1/2, -1/2 give the difference of the
    two arms' gaps between English and the others; of two targets, weights 1/L/2 in each give the
    difference of their averages.

    Args:
        parts: the targets. One with a single seed counts the same in every seed of the others.
        draws: bootstrap draws.
        level: of the interval.
        seed: of the draws.

    Raises:
        DataError: as `paired_difference`; no part; weights that do not fit; other numbers of seeds.
    """
    check_settings(draws, level)
    if not parts:
        raise DataError("a contrast of nothing", "one target at least")
    streams = np.random.SeedSequence(seed).spawn(len(parts) + 1)
    per_seed: NDArray[np.float64] = np.zeros(1)
    moved: NDArray[np.float64] = np.zeros((draws, 1))
    presences = []
    for part, stream in zip(parts, streams[1:], strict=True):
        gaps = paired_gaps(part.treatment, part.control)
        presence = ~np.isnan(gaps[0])
        _check(part, presence, len(gaps), len(per_seed))
        means = np.nanmean(gaps, axis=1)
        moves = language_moves(gaps, means, part.strata, draws, np.random.default_rng(stream))
        per_seed = per_seed + means @ part.weights
        moved = moved + moves @ part.weights
        presences.append(presence)
    moved = moved + per_seed
    effects = with_seeds(moved, np.random.default_rng(streams[0]))
    factor = few_seeds_factor(per_seed, moved, level)
    effects = per_seed.mean() + factor * (effects - per_seed.mean())
    return difference_of_draws(per_seed, effects, _joined(presences), level)


def _check(part: Weighted, presence: NDArray[np.bool_], seeds: int, others: int) -> None:
    check_presence(presence)
    check_strata(part.strata, len(presence))
    if len(part.weights) != presence.shape[1]:
        raise DataError(f"{len(part.weights)} weights of {presence.shape[1]} languages")
    if others not in (1, seeds) and seeds != 1:
        raise DataError(f"a target of {seeds} seeds beside one of {others}", "the same seeds")


def _joined(presences: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Items and languages of all targets, side by side."""
    rows = sum(len(presence) for presence in presences)
    columns = sum(presence.shape[1] for presence in presences)
    whole = np.zeros((rows, columns), np.bool_)
    row = column = 0
    for presence in presences:
        whole[row : row + len(presence), column : column + presence.shape[1]] = presence
        row, column = row + len(presence), column + presence.shape[1]
    return whole
