"""Cosine ranks: unit rows, ties, several correct answers, chunks, both directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.errors import DataError
from crosslift.retrieval import (
    Ranks,
    both_directions,
    check_vectors,
    gold_ranks,
    ranks_of_scores,
    unit_rows,
)


def as_lists(ranks: Ranks) -> list[list[int]]:
    names = ("better", "tied", "gold_tied", "retrieved")
    return [list(map(int, getattr(ranks, name))) for name in names]


def assert_best_as_brute_force(ranks: Ranks, scores: np.ndarray, first: np.ndarray) -> None:
    """The best five of every row of a matrix of distinct candidates, equal scores by rising index.

    Args:
        ranks: as the package ranked.
        scores: [Q, U].
        first: [U], the candidate of each column.
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(ranks.best, first[order])
    np.testing.assert_array_equal(
        ranks.best_scores, np.take_along_axis(scores, order, axis=1).astype(np.float32)
    )


def brute_ranks(scores: np.ndarray, gold: list[list[int]]) -> list[list[int]]:
    """Better, tied, gold_tied and retrieved by plain loops over a matrix of scores."""
    rows = []
    for row, answers in zip(scores.tolist(), gold, strict=True):
        best = max(row[answer] for answer in answers)
        rows.append(
            [
                sum(score > best for score in row),
                sum(score == best for score in row),
                sum(row[answer] == best for answer in answers),
                row.index(max(row)),
            ]
        )
    return [list(column) for column in zip(*rows, strict=True)]


def plain_cosines(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """One query and one candidate at a time, rounded to float32 as the package rounds."""
    left, right = unit_rows(queries).astype(float), unit_rows(candidates).astype(float)
    return np.array([[np.float32((q * c).sum()) for c in right] for q in left])


def signs(rows: int, seed: int) -> np.ndarray:
    """Vectors of +1 and -1 in four dimensions: cosines are exact, ties and duplicates many."""
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(rows, 4))


def test_unit_rows_by_hand() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [-2.0, 0.0], [0.5, 0.5]]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [-1, 0], [0.5**0.5, 0.5**0.5]], rtol=1e-7)


def test_unit_rows_keep_the_direction_of_tiny_and_huge_rows() -> None:
    rows = unit_rows(np.array([[3e-200, 4e-200], [3e200, 4e200]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.6, 0.8]], rtol=1e-7)


def test_negative_zero_and_zero_give_the_same_bytes() -> None:
    rows = unit_rows(np.array([[1.0, 0.0], [1.0, -0.0]], np.float32))
    assert rows[0].tobytes() == rows[1].tobytes()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]], r"row 1 is not finite \(2 of 3 rows\)"),
        ([[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]], r"row 2 is all zeros \(1 of 3 rows\)"),
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1, 2], [3, 4]], "int64"),
        (np.zeros((0, 3)), r"shape \(0, 3\) is empty"),
    ],
)
def test_vectors_without_a_direction_raise(rows: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        unit_rows(np.asarray(rows))


def test_check_vectors_says_whose_vectors_they_are() -> None:
    with pytest.raises(DataError, match="candidates: row 0 is all zeros"):
        check_vectors(np.zeros((1, 2)), "candidates")


def test_the_best_five_of_a_matrix_and_the_matrix_stays() -> None:
    scores = np.random.default_rng(5).integers(0, 6, size=(40, 12)).astype(float)
    before = scores.copy()
    scores.setflags(write=False)
    ranks = ranks_of_scores(scores, [0] * 40)
    assert_best_as_brute_force(ranks, before, np.arange(12))
    assert ranks.retrieved.tolist() == [row.index(max(row)) for row in before.tolist()]


@pytest.mark.parametrize("chunk", [1, 3, 7, None])
def test_the_best_five_in_both_directions_are_those_of_all_scores(chunk: int | None) -> None:
    chance = np.random.default_rng(3)
    src, tgt = chance.normal(size=(31, 6)), chance.normal(size=(31, 6))
    src[5], src[8], tgt[9] = src[2], src[2], tgt[1]  # copies: found once, as the first of them
    forward, backward = both_directions(src, tgt, chunk=chunk)
    one_side = gold_ranks(src, tgt, np.arange(31), chunk=chunk)
    of_src, of_tgt = (np.delete(np.arange(31), gone) for gone in ([5, 8], [9]))
    cosines = plain_cosines(src, tgt)
    assert_best_as_brute_force(forward, cosines[:, of_tgt], of_tgt)
    assert_best_as_brute_force(one_side, cosines[:, of_tgt], of_tgt)
    assert_best_as_brute_force(backward, cosines.T[:, of_src], of_src)


def test_fewer_candidates_than_five_are_all_of_them() -> None:
    forward, backward = both_directions(np.eye(3), np.eye(3)[[1, 0, 2]])
    assert forward.best.tolist() == [[1, 0, 2], [0, 1, 2], [2, 0, 1]]
    assert backward.best.shape == (3, 3) and forward.best_scores.dtype == np.float32


def test_ranks_of_a_hand_typed_matrix() -> None:
    scores = np.array(
        [
            [0.9, 0.5, 0.1],
            [0.9, 0.9, 0.1],
            [0.5, 0.9, 0.5],
            [0.5, 0.5, 0.5],
        ]
    )
    better, tied, gold_tied, retrieved = as_lists(ranks_of_scores(scores, [0, 1, 0, 2]))
    assert better == [0, 0, 1, 0]
    assert tied == [1, 2, 2, 3]
    assert gold_tied == [1, 1, 1, 1]
    assert retrieved == [0, 0, 1, 0]  # the lowest index among ties, not the correct one


def test_one_candidate_is_always_found() -> None:
    ranks = gold_ranks(np.array([[1.0, 0.0], [-1.0, 0.5]]), np.array([[1.0, 0.0]]), [0, 0])
    assert as_lists(ranks) == [[0, 0], [1, 1], [1, 1], [0, 0]]


def test_several_correct_answers_count_as_the_best_of_them() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.9, 0.9, 0.9, 0.1], [0.9, 0.2, 0.2, 0.2]])
    ranks = ranks_of_scores(scores, [np.array([1, 0]), np.array([0, 2]), np.array([1, 2])])
    assert as_lists(ranks) == [[0, 0, 1], [1, 3, 3], [1, 2, 2], [0, 0, 0]]


def test_equal_texts_under_different_items_tie() -> None:
    words = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    candidates = words[[0, 1, 2, 1, 3, 1, 4]]
    ranks = gold_ranks(words[[1, 1, 1, 0]], candidates, [1, 3, 5, 0])
    assert as_lists(ranks)[:2] == [[0, 0, 0, 0], [3, 3, 3, 1]]
    assert ranks.retrieved.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("copies", [2, 7, 33])
def test_equal_vectors_tie_wherever_the_matrix_kernel_meets_them(copies: int) -> None:
    random = np.random.default_rng(copies)
    words = random.normal(size=(101, 67)).astype(np.float32)
    candidates = np.concatenate([words] * copies)
    gold = np.arange(101) + 101 * (copies - 1)
    for chunk in (1, 3, None):
        ranks = gold_ranks(
            words + random.normal(size=words.shape) / 10, candidates, gold, chunk=chunk
        )
        assert set(ranks.tied.tolist()) == {copies}
        assert set((ranks.better % copies).tolist()) == {0}
        assert ranks.retrieved.max() < 101


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.integers(1, 13))
@settings(max_examples=60, deadline=None)
def test_chunks_equal_plain_loops(seed: int, queries: int, candidates: int, chunk: int) -> None:
    random = np.random.default_rng(seed)
    left, right = signs(queries, seed), signs(candidates, seed + 1)
    gold = [
        random.permutation(candidates)[: random.integers(1, candidates + 1)] for _ in range(queries)
    ]
    expected = brute_ranks(plain_cosines(left, right), [list(map(int, g)) for g in gold])
    assert as_lists(gold_ranks(left, right, gold, chunk=chunk)) == expected
    assert as_lists(gold_ranks(left, right, gold)) == expected


@given(st.integers(0, 10**6), st.integers(1, 14), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_both_directions_equal_plain_loops(seed: int, pairs: int, chunk: int) -> None:
    src, tgt = signs(pairs, seed), signs(pairs, seed + 1)
    gold = [[index] for index in range(pairs)]
    scores = plain_cosines(src, tgt)
    forward, backward = both_directions(src, tgt, chunk=chunk)
    assert as_lists(forward) == brute_ranks(scores, gold)
    assert as_lists(backward) == brute_ranks(scores.T, gold)


@pytest.mark.parametrize("chunk", [1, 7, 64, None])
def test_both_directions_equal_two_calls_on_real_valued_vectors(chunk: int | None) -> None:
    random = np.random.default_rng(5)
    src = random.normal(size=(90, 33)).astype(np.float32)[random.integers(0, 70, 90)]
    tgt = (src + random.normal(size=src.shape)).astype(np.float32)[random.integers(0, 90, 90)]
    forward, backward = both_directions(src, tgt, chunk=chunk)
    assert as_lists(forward) == as_lists(gold_ranks(src, tgt, np.arange(90)))
    assert as_lists(backward) == as_lists(gold_ranks(tgt, src, np.arange(90)))
    assert forward.tied.max() > 1
    assert backward.tied.max() > 1


def test_a_collapsed_encoder_ties_with_everything() -> None:
    one = np.ones((6, 4), np.float32)
    forward, backward = both_directions(one, one, chunk=2)
    assert as_lists(forward) == as_lists(backward) == [[0] * 6, [6] * 6, [1] * 6, [0] * 6]


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([0], "1 queries have correct answers"),
        ([0, 3], "query 1 has candidate 3"),
        ([-1, 0], "query 0 has candidate -1"),
        ([[0], []], "query 1 has no correct answer"),
        ([[0], [1, 1]], r"query 1 lists an answer twice: \[1, 1\]"),
        ([0.0, 1.0], "query 0 has the answers"),
        ([True, False], "query 0 has the answers"),
    ],
)
def test_wrong_answers_raise(gold: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        gold_ranks(np.ones((2, 2)), np.ones((3, 2)), gold)


def test_scores_that_are_not_finite_raise() -> None:
    with pytest.raises(DataError, match="query 1 and candidate 0 is nan"):
        ranks_of_scores(np.array([[0.1, 0.2], [np.nan, 0.2]]), [0, 0])
    with pytest.raises(DataError, match=r"shape \(0, 2\)"):
        ranks_of_scores(np.zeros((0, 2)), [])


def test_vectors_that_are_not_finite_raise() -> None:
    bad = np.array([[1.0, 0.0], [np.nan, 1.0]])
    good = np.eye(2)
    for src, tgt in ((bad, good), (good, bad)):
        with pytest.raises(DataError, match="row 1 is not finite"):
            gold_ranks(src, tgt, [0, 1])
        with pytest.raises(DataError, match="row 1 is not finite"):
            both_directions(src, tgt)


def test_sides_that_do_not_fit_raise() -> None:
    with pytest.raises(DataError, match="2 dimensions, candidates 3"):
        gold_ranks(np.eye(2), np.eye(3), [0, 1])
    with pytest.raises(DataError, match="2 dimensions, candidates 3"):
        both_directions(np.eye(2), np.eye(3))
    with pytest.raises(DataError, match="2 src vectors and 1 tgt vectors"):
        both_directions(np.eye(2), np.eye(2)[:1])
    with pytest.raises(DataError, match="chunk is 0"):
        gold_ranks(np.eye(2), np.eye(2), [0, 1], chunk=0)
