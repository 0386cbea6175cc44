"""Exact search: equal to brute force on every shape tried, ties included; and its bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.errors import DataError
from crosslift.retrieval import search, tiles
from crosslift.retrieval.screening import (
    KEYS,
    floor_keys,
    keys_in_place,
    results_of_keys,
    screened_rows,
)
from crosslift.retrieval.search import Neighbours, PairSearch, exact_scores, nearest, nearest_both
from crosslift.retrieval.similarity import unit_rows


def brute_force(queries, candidates, k) -> Neighbours:
    """All pairs scored, sorted by falling score and rising index."""
    left, right = unit_rows(queries), unit_rows(candidates)
    rows, columns = np.divmod(np.arange(len(left) * len(right)), len(right))
    scores = exact_scores(left, right, rows, columns).reshape(len(left), len(right))
    index = np.broadcast_to(np.arange(len(right)), scores.shape)
    order = np.lexsort((index, -scores), axis=1)[:, :k]
    return Neighbours(order, np.take_along_axis(scores, order, 1))


def same(neighbours: Neighbours, expected: Neighbours) -> None:
    np.testing.assert_array_equal(neighbours.scores, expected.scores)
    np.testing.assert_array_equal(neighbours.indices, expected.indices)


def vectors(kind: str, count: int, width: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((count, width)).astype(np.float32)
    if kind == "crowded":  # as those of text encoders: all near one direction
        rows = rows * 0.05 + np.linspace(1, 2, width, dtype=np.float32)
    if kind == "repeated":
        rows = rows[draw.integers(0, max(1, count // 5), count)]
    if kind == "collapsed":  # many scores round to the same float32
        rows = np.linspace(1, 2, width, dtype=np.float32) + 2e-4 * rows
    if kind == "opposed":
        rows[::2] = -rows[:1] + 0.01 * rows[::2]
    return rows


KINDS = ("even", "crowded", "repeated", "opposed", "collapsed")
SHAPES = [
    (1, 1, 3, 1),
    (5, 3, 7, 4),
    (3, 5, 1, 2),
    (100, 300, 16, 4),
    (300, 17, 5, 20),
    (2049, 40, 8, 4),
    (40, 2049, 8, 3),
    (2100, 2300, 24, 4),
    (150, 2200, 12, 200),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "m", "width", "k"), SHAPES)
def test_equals_brute_force(kind: str, n: int, m: int, width: int, k: int) -> None:
    src, tgt = vectors(kind, n, width, 1), vectors(kind, m, width, 2)
    both = nearest_both(src, tgt, k)
    same(both.src_to_tgt, brute_force(src, tgt, k))
    same(both.tgt_to_src, brute_force(tgt, src, k))
    same(nearest(src, tgt, k), both.src_to_tgt)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_brute_force_in_float32(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "dtype_of", lambda _: torch.float32)
    src, tgt = vectors(kind, 300, 12, 3), vectors(kind, 2100, 12, 4)
    both = nearest_both(src, tgt, 4)
    same(both.src_to_tgt, brute_force(src, tgt, 4))
    same(both.tgt_to_src, brute_force(tgt, src, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_small_tiles_and_few_pending_hits_change_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, tgt = vectors(kind, 201, 9, 5), vectors(kind, 333, 9, 6)
    monkeypatch.setattr(tiles, "TILE_ROWS", 32)
    monkeypatch.setattr(tiles, "TILE_COLUMNS", 24)
    monkeypatch.setattr(tiles, "_MOST_WAITING", 50)
    both = nearest_both(src, tgt, 3)
    same(both.src_to_tgt, brute_force(src, tgt, 3))
    same(both.tgt_to_src, brute_force(tgt, src, 3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dense", [0, 1, 2])
@pytest.mark.parametrize("dtype", list(KEYS))
def test_tiles_in_which_all_pairs_are_scored_change_nothing(
    kind: str, dense: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "dtype_of", lambda _: dtype)
    src, tgt = vectors(kind, 201, 9, 5), vectors(kind, 333, 9, 6)
    monkeypatch.setattr(tiles, "TILE_ROWS", 48)
    monkeypatch.setattr(tiles, "TILE_COLUMNS", 40)
    scored = []
    score_tile = tiles.score_tile
    monkeypatch.setattr(tiles, "score_tile", lambda *a: scored.append(1) or score_tile(*a))
    monkeypatch.setattr(tiles, "_MOST_GROUPS", (0, -700, -(10**9))[dense])
    both = nearest_both(src, tgt, 3)
    same(both.src_to_tgt, brute_force(src, tgt, 3))
    same(both.tgt_to_src, brute_force(tgt, src, 3))
    same(nearest(src, tgt, 3), both.src_to_tgt)
    if dense == 2:
        assert len(scored) == 2 * 5 * 9  # tiles of both searches


def test_collapsed_vectors_are_scored_by_whole_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    src, tgt = vectors("collapsed", 600, 9, 5), vectors("collapsed", 700, 9, 6)
    pairs = []
    monkeypatch.setattr(
        tiles, "exact_scores", lambda *a: pairs.append(len(a[2])) or exact_scores(*a)
    )
    both = nearest_both(src, tgt, 3)
    same(both.src_to_tgt, brute_force(src, tgt, 3))
    same(both.tgt_to_src, brute_force(tgt, src, 3))
    assert sum(pairs) < 0.2 * 600 * 700


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.integers(1, 9), st.integers(0, 99)
)
def test_small_whole_numbers_tie_everywhere(n: int, m: int, width: int, k: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    src = draw.integers(-1, 2, (n, width)).astype(np.float32)
    tgt = draw.integers(-1, 2, (m, width)).astype(np.float32)
    src[~src.any(1)] = 1
    tgt[~tgt.any(1)] = 1
    both = nearest_both(src, tgt, k)
    same(both.src_to_tgt, brute_force(src, tgt, k))
    same(both.tgt_to_src, brute_force(tgt, src, k))


def test_hand_typed() -> None:
    src = np.array([[1, 0], [0, 2]], np.float32)
    tgt = np.array([[0, 1], [3, 0], [1, 1], [0, 5]], np.float32)
    both = nearest_both(src, tgt, 2)
    assert both.src_to_tgt.indices.tolist() == [[1, 2], [0, 3]]  # the tie of 0 and 3 by index
    half = np.float32(np.sqrt(0.5))
    np.testing.assert_array_equal(both.src_to_tgt.scores, [[1, half], [1, 1]])
    assert both.tgt_to_src.indices.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]


def test_equals_faiss() -> None:
    faiss = pytest.importorskip("faiss")
    src, tgt = unit_rows(vectors("even", 500, 48, 7)), unit_rows(vectors("even", 2500, 48, 8))
    index = faiss.IndexFlatIP(48)
    index.add(tgt)
    scores, places = index.search(src, 4)
    neighbours = nearest(src, tgt, 4)
    np.testing.assert_array_equal(neighbours.indices, places)
    np.testing.assert_allclose(neighbours.scores, scores, atol=1e-6)


def test_blocks_and_a_stop_between_them_change_nothing() -> None:
    src, tgt = vectors("crowded", 130, 8, 9), vectors("crowded", 70, 8, 10)
    whole = nearest_both(src, tgt, 4)
    first = PairSearch(tgt, 4)
    rows = [first.add(src[:3])]
    assert first.tgt_to_src.indices.shape == (70, 3)  # only three rows so far
    second = PairSearch(tgt, 4)
    second.restore(first.rows_done, first.tgt_to_src)
    rows += [second.add(src[3:100]), second.add(src[100:])]
    assert second.rows_done == 130
    same(
        Neighbours(*map(np.concatenate, zip(*((r.indices, r.scores) for r in rows), strict=True))),
        whole[0],
    )
    same(second.tgt_to_src, whole[1])


def test_scores_that_round_to_zero_tie() -> None:
    src = np.array([[0, 1, -1e-30], [0, 1, 0], [0, 1, 1e-30]], np.float32)
    tgt = np.array([[1, 0, 1e-30]], np.float32)
    whole = nearest_both(src, tgt, 1)
    assert whole.tgt_to_src.indices.tolist() == [[0]]
    blocks = PairSearch(tgt, 1)
    blocks.add(src[:1])
    blocks.add(src[1:])
    same(blocks.tgt_to_src, whole.tgt_to_src)
    assert nearest(tgt, src, 3).indices.tolist() == [[0, 1, 2]]


def test_restore_refuses_other_neighbours() -> None:
    search_of = PairSearch(vectors("even", 6, 4, 0), 2)
    wrong = Neighbours(np.zeros((5, 2), np.int64), np.zeros((5, 2), np.float32))
    with pytest.raises(DataError, match=r"shape \(5, 2\)"):
        search_of.restore(9, wrong)


@pytest.mark.parametrize(
    ("src", "tgt", "k", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), 1, "3 dimensions, candidates 4"),
        (np.ones((2, 3)), np.array([[1, 1, 1], [1, np.nan, 1]]), 1, "row 1 is not finite"),
        (np.ones((2, 3)), np.array([[1, 1, 1], [1, np.inf, 1]]), 1, "row 1 is not finite"),
        (np.array([[0, 0, 0], [1, 1, 1.0]]), np.ones((2, 3)), 1, "row 0 is all zeros"),
        (np.ones((0, 3)), np.ones((2, 3)), 1, r"shape \(0, 3\) is empty"),
        (np.ones((2, 3)), np.ones((0, 3)), 1, r"shape \(0, 3\) is empty"),
        (np.ones((2, 3)), np.ones((2, 3)), 0, "0 neighbours"),
    ],
)
def test_faults(src: np.ndarray, tgt: np.ndarray, k: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        nearest_both(src, tgt, k)
    with pytest.raises(DataError, match=message):
        nearest(src, tgt, k)


@pytest.mark.parametrize("dtype", list(KEYS))
@pytest.mark.parametrize("kind", KINDS)
def test_results_are_within_the_bound(kind: str, dtype: torch.dtype) -> None:
    src, tgt = unit_rows(vectors(kind, 90, 40, 11)), unit_rows(vectors(kind, 110, 40, 12))
    centres = [side.mean(axis=0, dtype=np.float64) for side in (src, tgt)]
    shift = 0.25
    ours = src @ centres[1] - centres[0] @ centres[1]
    theirs = tgt @ centres[0] - shift
    rows = screened_rows(src, centres[0], ours.astype(np.float64), dtype, first=True)
    columns = screened_rows(tgt, centres[1], theirs.astype(np.float64), dtype, first=False)
    results = (rows.rows @ columns.rows.T).double().numpy()
    off = np.abs(results - (src.astype(np.float64) @ tgt.T.astype(np.float64) - shift))
    rounding = KEYS[dtype].result_error * np.abs(results)
    assert (off <= rows.slack(columns)[:, None] + rounding).all()
    assert (off <= columns.slack(rows)[None] + rounding).all()
    if dtype == torch.bfloat16:
        assert rows.slack(columns).max() < 0.02  # a useful bound rejects most pairs


@pytest.mark.parametrize("dtype", list(KEYS))
def test_keys_are_in_the_order_of_the_results(dtype: torch.dtype) -> None:
    keys = KEYS[dtype]
    draw = np.random.default_rng(0)
    values = np.concatenate([draw.uniform(-1.99, 1.99, 500), draw.normal(0, 1e-3, 500), [0, 1, -1]])
    results = torch.from_numpy(values).to(dtype)
    rounded = results.double().numpy()
    integers = keys_in_place(results.clone(), keys, torch.empty_like(results, dtype=keys.integers))
    order = np.argsort(rounded, kind="stable")
    assert (np.diff(integers.numpy()[order].astype(np.int64)) >= 0).all()
    np.testing.assert_array_equal(results_of_keys(integers, keys), rounded)
    floors = floor_keys(values, keys).numpy()
    assert (
        floors <= integers.numpy()
    ).all()  # a result never falls below the floor of what it rounds
    assert keys.lowest <= integers.min() and integers.max() < keys.highest
    assert floor_keys(np.array([-np.inf]), keys).item() == keys.lowest
