"""The search of a pool in parts: equal to brute force, whatever the parts, the sample and the bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crosslift.errors import DataError
from crosslift.retrieval import pool_search
from crosslift.retrieval.judged_search import best_passages
from crosslift.retrieval.neighbours import exact_scores
from crosslift.retrieval.screening import KEYS, near_unit_rows
from crosslift.retrieval.similarity import unit_rows
from tests.retrieval.test_nearest import vectors as vectors_of_kind

KINDS = ("even", "crowded", "repeated", "opposed", "collapsed", "lengths", "changing")


def vectors(kind: str, count: int, width: int, seed: int) -> np.ndarray:
    """As those of the search of two sides, and kinds that only a pool in parts can have."""
    rows = vectors_of_kind(kind, count, width, seed)
    draw = np.random.default_rng(seed + 1)
    if kind == "lengths":
        rows = rows.round() + (np.arange(width) == 0)
        rows[~rows.any(axis=1)] = 1
        rows *= np.float32(10.0) ** draw.integers(-30, 30, (count, 1)).astype(np.float32)
    if kind == "changing":  # rounded ever worse: the bound of the sample is too narrow for the rest
        rows = np.eye(width, dtype=np.float32)[0] + rows * np.linspace(0, 2, count)[:, None]
    return rows.astype(np.float32)


def brute_force(queries: np.ndarray, passages: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs scored in float64, rounded to float32, sorted by falling score and rising index."""
    left, right = unit_rows(queries), unit_rows(passages)
    rows, columns = np.divmod(np.arange(len(left) * len(right)), len(right))
    scores = exact_scores(left, right, rows, columns).reshape(len(left), len(right))
    np.testing.assert_allclose(scores, left @ right.T, atol=1e-6)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, 1)


@pytest.mark.parametrize("width", [1, 9, 384])
@pytest.mark.parametrize("kind", KINDS)
def test_near_unit_rows_are_as_near_as_they_say(kind: str, width: int) -> None:
    rows = vectors(kind, 500, width, 3)
    near, error = near_unit_rows(rows)
    distances = np.linalg.norm(near.astype(np.float64) - unit_rows(rows), axis=1)
    assert distances.max() <= error
    assert error < 1e-4


@pytest.mark.parametrize("dtype", list(KEYS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("queries", "count", "width", "k", "part"),
    [
        (1, 1, 3, 1, 2048),
        (5, 3, 7, 4, 2),
        (40, 700, 1, 3, 64),
        (70, 900, 24, 100, 100),
        (33, 1500, 12, 5, 64),
        (90, 800, 9, 20, 2048),
    ],
)
def test_equals_brute_force(
    kind: str,
    dtype: torch.dtype,
    queries: int,
    count: int,
    width: int,
    k: int,
    part: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_search, "dtype_of", lambda _: dtype)
    monkeypatch.setattr(pool_search, "PART", part)
    monkeypatch.setattr(pool_search, "_TILE", 32)
    ours, pool = vectors(kind, queries, width, 1), vectors(kind, count, width, 2)
    best = best_passages(ours, lambda places: pool[places], count, k)
    places, scores = brute_force(ours, pool, k)
    np.testing.assert_array_equal(best.scores, scores)
    np.testing.assert_array_equal(best.places, places)


@pytest.mark.parametrize("most_groups", [16_384, -700, -(10**9)])
@pytest.mark.parametrize("waiting", [0, 4_000_000])
@pytest.mark.parametrize("kind", KINDS)
def test_parts_that_are_scored_whole_and_few_waiting_pairs_change_nothing(
    kind: str, waiting: int, most_groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_search, "PART", 40)
    monkeypatch.setattr(pool_search, "_TILE", 48)
    monkeypatch.setattr(pool_search, "_MOST_WAITING", waiting)
    monkeypatch.setattr(pool_search, "_MOST_GROUPS", most_groups)
    scored: list[int] = []
    score_tile = pool_search.score_tile
    monkeypatch.setattr(pool_search, "score_tile", lambda *a: scored.append(1) or score_tile(*a))
    ours, pool = vectors(kind, 70, 9, 5), vectors(kind, 333, 9, 6)
    best = best_passages(ours, lambda places: pool[places], 333, 3)
    places, scores = brute_force(ours, pool, 3)
    np.testing.assert_array_equal(best.scores, scores)
    np.testing.assert_array_equal(best.places, places)
    if most_groups == -(10**9):
        assert len(scored) == 2 * 9  # tiles and parts


def test_a_sample_unlike_the_rest_of_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample lies in one plane and rounds exactly; nothing else does."""
    monkeypatch.setattr(pool_search, "PART", 32)
    ours, pool = vectors("even", 20, 16, 1), vectors("even", 640, 16, 2)
    pool[::16] = np.eye(16, dtype=np.float32)[np.arange(40) % 2]
    best = best_passages(ours, lambda places: pool[places], 640, 7)
    places, scores = brute_force(ours, pool, 7)
    np.testing.assert_array_equal(best.places, places)
    np.testing.assert_array_equal(best.scores, scores)


@pytest.mark.parametrize(
    ("place", "value", "message"), [(300, 0, "is all zeros"), (301, np.nan, "is not finite")]
)
def test_passages_without_a_direction_are_refused(place: int, value: float, message: str) -> None:
    pool = vectors("even", 400, 6, 1)
    pool[place] = value
    with pytest.raises(DataError, match=message):
        best_passages(pool[:3], lambda places: pool[places], 400, 2)


def test_faults() -> None:
    ours = np.ones((2, 3), np.float32)
    with pytest.raises(DataError, match="0 neighbours"):
        best_passages(ours, lambda _: ours, 2, 0)
    with pytest.raises(DataError, match="3 dimensions, candidates 2"):
        best_passages(ours, lambda _: ours[:, :2], 2)
