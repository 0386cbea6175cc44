"""One query asked of all arms, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.live.encoders import ArmEncoders, Query
from crosslift.live.pool import Candidate, Pool

MOST_HITS = 100


@dataclass(frozen=True)
class Standing:
    """How an arm scores a candidate.

    Args:
        rank: among all that were searched, from 1; equal scores have the same rank.
        score: cosine with the query.
    """

    rank: int
    score: float


@dataclass(frozen=True)
class ArmHits:
    """What an arm found.

    Args:
        arm: its name.
        baseline: the arm that it is compared with.
        shared: number of its hits that are hits of its baseline, too; None: it is its own baseline, or
            the baseline is left out.
        places: places of its hits in the pool, best first.
    """

    arm: str
    baseline: str
    shared: int | None
    places: tuple[int, ...]


@dataclass(frozen=True)
class SearchResult:
    """What the arms found.

    Args:
        pool: pool that was searched.
        searched: number of candidates.
        arms: those that could answer, in the order of the run.
        missing: arm -> why it could not.
        items: place of a hit of any arm -> the candidate, and its standing with every arm.
    """

    pool: Pool
    searched: int
    arms: tuple[ArmHits, ...]
    missing: Mapping[str, str]
    items: Mapping[int, tuple[Candidate, Mapping[str, Standing]]]


def search(
    query: Query,
    pool: Pool,
    encoders: ArmEncoders,
    count: int,
    languages: Sequence[str] = (),
) -> SearchResult:
    """Asks every arm.

    Args:
        query: a text or a picture.
        pool: what is searched.
        encoders: encoders of the arms.
        count: hits of each arm.
        languages: only candidates in these; none: all.

    Raises:
        UnknownNameError: no candidate is in a language.
        DataError: the query is a picture that cannot be read.
    """
    places = pool.places_in(languages)
    scores: dict[str, NDArray[np.float32]] = {}
    missing = dict[str, str]()
    for arm in encoders.arms:
        fault = pool.missing.get(arm) or query.fault(arm, encoders)
        if fault is None:
            scores[arm] = query.scores(arm, encoders, pool.rows[arm], pool)[places]
        else:
            missing[arm] = fault
    best = {arm: _best(values, count) for arm, values in scores.items()}
    return SearchResult(
        pool,
        len(places),
        tuple(
            _hits(arm, encoders.arms[arm].baseline, best, places)
            for arm in encoders.arms
            if arm in best
        ),
        missing,
        _items(pool, places, scores, best),
    )


def _best(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Indices of the highest scores, the highest first; of equal ones, the first first."""
    count = min(count, len(scores))
    if not count:
        return np.zeros(0, np.int64)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    likely = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[likely], kind="stable")[:count]
    return likely[order]


def _hits(
    arm: str,
    baseline: str,
    best: Mapping[str, NDArray[np.int64]],
    places: NDArray[np.int64],
) -> ArmHits:
    shared = None
    if baseline in best and baseline != arm:
        shared = len(np.intersect1d(best[arm], best[baseline]))
    return ArmHits(arm, baseline, shared, tuple(int(place) for place in places[best[arm]]))


def _items(
    pool: Pool,
    places: NDArray[np.int64],
    scores: Mapping[str, NDArray[np.float32]],
    best: Mapping[str, NDArray[np.int64]],
) -> dict[int, tuple[Candidate, Mapping[str, Standing]]]:
    if not best:
        return {}
    found = np.unique(np.concatenate(list(best.values())))
    standings: dict[int, dict[str, Standing]] = {int(index): {} for index in found}
    for arm, values in scores.items():
        ascending = np.sort(values)
        higher = len(values) - np.searchsorted(ascending, values[found], side="right")
        for index, above in zip(found, higher, strict=True):
            standings[int(index)][arm] = Standing(int(above) + 1, round(float(values[index]), 6))
    return {
        int(places[index]): (pool.candidates[places[index]], of_arms)
        for index, of_arms in standings.items()
    }
