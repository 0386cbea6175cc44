"""One query for all arms, side by side."""

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
        rank: rank among all searched candidates, from 1; equal scores have the same rank.
        score: cosine with the query.
    """

    rank: int
    score: float


@dataclass(frozen=True)
class ArmHits:
    """The answers of an arm.

    Args:
        arm: its name.
        baseline: the arm that it is compared with.
        shared: number of its hits that its baseline has too; None: it is its own baseline, or the
            baseline cannot search.
        places: places of its hits in the pool, best first.
    """

    arm: str
    baseline: str
    shared: int | None
    places: tuple[int, ...]


@dataclass(frozen=True)
class SearchResult:
    """The answers of the arms.

    Args:
        pool: pool that was searched.
        searched: number of candidates.
        arms: the answers of the arms that can search the pool, in the order of the run.
        missing: arm -> why it cannot.
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
    """Searches with every arm.

    Args:
        query: a text or a picture.
        pool: pool to search.
        encoders: encoders of the arms.
        count: hits of each arm.
        languages: languages of the candidates; empty: all.

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
    hits = np.unique(np.concatenate(list(best.values())))
    standings: dict[int, dict[str, Standing]] = {int(index): {} for index in hits}
    for arm, values in scores.items():
        ascending = np.sort(values)
        higher = len(values) - np.searchsorted(ascending, values[hits], side="right")
        for index, above in zip(hits, higher, strict=True):
            standings[int(index)][arm] = Standing(int(above) + 1, round(float(values[index]), 6))
    return {
        int(places[index]): (pool.candidates[places[index]], of_arms)
        for index, of_arms in standings.items()
    }
