"""Differences of what is not a plain mean over languages: of gaps between languages, and of averages
over several targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.statistics.cubes import (
    OutcomeCube,
    check_level,
    check_presence,
    check_strata,
    paired_gaps,
)
from crosslift.statistics.differences import Difference, Influence, difference_of, influences_of


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


def contrast(parts: Sequence[Weighted], *, level: float = 0.95) -> Difference:
    """How far treatment and control differ in a weighted sum of language means, of one target or more.

    The uncertainty is that of `paired_difference`: items vary within their stratum, those of each
    target independently of the others, and seeds, which all targets share.

    Example, one target of the languages en, de, fr: weights 1, -1/2, -1/2 give the difference of the
    two arms' gaps between English and the others; of two targets, weights 1/L/2 in each give the
    difference of their averages.

    Args:
        parts: the targets. One with a single seed counts the same in every seed of the others.
        level: of the interval.

    Raises:
        DataError: as `paired_difference`; no part; weights that do not fit; other numbers of seeds.
    """
    check_level(level)
    if not parts:
        raise DataError("a contrast of nothing", "one target at least")
    influences, presences, seeds = [], [], 1
    for part in parts:
        gaps = paired_gaps(part.treatment, part.control)
        presence = ~np.isnan(gaps[0])
        _check(part, presence, len(gaps), seeds)
        seeds = max(seeds, len(gaps))
        influences += influences_of(gaps, part.strata, part.weights[:, None])
        presences.append(presence)
    return difference_of(_summed(influences, seeds), _joined(presences), level)


def _summed(parts: Sequence[Influence], seeds: int) -> Influence:
    """One sum over the items of all targets, side by side."""
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
