"""Retrieval metrics: by hand, by enumeration of tie orders, against scikit-learn."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, top_k_accuracy_score

from crosslift.errors import DataError
from crosslift.retrieval import (
    gold_ranks,
    ranks_of_scores,
    recall_at,
    reciprocal_rank,
    top1_accuracy,
)

HAND = np.array(
    [
        [0.9, 0.5, 0.1],
        [0.9, 0.9, 0.1],
        [0.5, 0.9, 0.5],
        [0.1, 0.9, 0.5],
    ]
)


def first_ranks(row: list[int], gold: set[int]) -> list[int]:
    """Rank of the first correct answer in every order that sorts ``row`` from high to low."""
    orders = [
        order
        for order in permutations(range(len(row)))
        if all(row[a] >= row[b] for a, b in pairwise(order))
    ]
    return [
        next(place for place, which in enumerate(order, 1) if which in gold) for order in orders
    ]


def mean(values: list[Fraction]) -> float:
    return float(sum(values, Fraction(0)) / len(values))


def test_metrics_by_hand() -> None:
    ranks = ranks_of_scores(HAND, [0, 0, 0, 0])
    assert top1_accuracy(ranks).tolist() == [1, 1 / 2, 0, 0]
    np.testing.assert_allclose(reciprocal_rank(ranks), [1, 3 / 4, 5 / 12, 1 / 3], rtol=1e-15)
    assert recall_at(ranks, 1).tolist() == [1, 1 / 2, 0, 0]
    assert recall_at(ranks, 2).tolist() == [1, 1, 1 / 2, 0]
    assert recall_at(ranks, 3).tolist() == [1, 1, 1, 1]
    assert recall_at(ranks, 10).tolist() == [1, 1, 1, 1]


def test_recall_example_of_the_docstring() -> None:
    scores = np.array([[0.5, 0.9, 0.1], [0.5, 0.9, 0.5], [0.5, 0.5, 0.5], [0.1, 0.9, 0.5]])
    recall = recall_at(ranks_of_scores(scores, [0, 0, 0, 0]), 2)
    np.testing.assert_allclose(recall, [1, 1 / 2, 2 / 3, 0], rtol=1e-15)


def test_several_correct_answers_among_the_tied() -> None:
    scores = np.array([[0.9, 0.9, 0.9, 0.1], [0.9, 0.9, 0.9, 0.1], [0.5, 0.5, 0.9, 0.5]])
    ranks = ranks_of_scores(scores, [[0, 1], [0, 1, 2], [0, 1]])
    np.testing.assert_allclose(top1_accuracy(ranks), [2 / 3, 1, 0], rtol=1e-15)
    expected = [2 / 3 + 1 / 3 / 2, 1, 2 / 3 / 2 + 1 / 3 / 3]
    np.testing.assert_allclose(reciprocal_rank(ranks), expected, rtol=1e-15)
    np.testing.assert_allclose(recall_at(ranks, 2), [1, 1, 2 / 3], rtol=1e-15)


def test_one_candidate_scores_one() -> None:
    ranks = gold_ranks(np.array([[0.2, -1.0]]), np.array([[1.0, 1.0]]), [0])
    assert top1_accuracy(ranks).tolist() == [1]
    assert reciprocal_rank(ranks).tolist() == [1]
    assert recall_at(ranks, 5).tolist() == [1]


def test_a_collapsed_encoder_scores_chance() -> None:
    ranks = gold_ranks(np.ones((8, 3)), np.ones((8, 3)), np.arange(8))
    assert top1_accuracy(ranks).tolist() == [1 / 8] * 8
    np.testing.assert_allclose(recall_at(ranks, 5), 5 / 8, rtol=1e-15)
    np.testing.assert_allclose(reciprocal_rank(ranks), sum(1 / r for r in range(1, 9)) / 8)


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=6),
    st.sets(st.integers(0, 5), min_size=1),
)
@settings(max_examples=120, deadline=None)
def test_metrics_equal_the_mean_over_all_orders_of_ties(row: list[int], picked: set[int]) -> None:
    gold = {which % len(row) for which in picked}
    ranks = ranks_of_scores(np.array([row], float), [sorted(gold)])
    expected_ranks = first_ranks(row, gold)
    assert top1_accuracy(ranks)[0] == pytest.approx(
        mean([Fraction(rank == 1) for rank in expected_ranks]), abs=1e-14
    )
    assert reciprocal_rank(ranks)[0] == pytest.approx(
        mean([Fraction(1, rank) for rank in expected_ranks]), abs=1e-14
    )
    for k in (1, 2, 3, 7):
        assert recall_at(ranks, k)[0] == pytest.approx(
            mean([Fraction(rank <= k) for rank in expected_ranks]), abs=1e-14
        )


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_recall_equals_scikit_learn_where_nothing_ties(k: int) -> None:
    random = np.random.default_rng(k)
    scores, gold = random.normal(size=(60, 20)), random.integers(0, 20, 60)
    theirs = top_k_accuracy_score(gold, scores, k=k, labels=np.arange(20))
    assert recall_at(ranks_of_scores(scores, gold), k).mean() == pytest.approx(theirs, abs=1e-15)


def test_reciprocal_rank_equals_scikit_learn_where_nothing_ties() -> None:
    random = np.random.default_rng(3)
    scores, gold = random.normal(size=(60, 20)), random.integers(0, 20, 60)
    theirs = label_ranking_average_precision_score(np.eye(20)[gold], scores)
    ours = reciprocal_rank(ranks_of_scores(scores, gold)).mean()
    assert ours == pytest.approx(theirs, abs=1e-15)


def test_large_ties_stay_exact() -> None:
    scores = np.zeros((1, 5000))
    ranks = ranks_of_scores(scores, [list(range(0, 5000, 2))])
    assert top1_accuracy(ranks)[0] == 0.5
    assert recall_at(ranks, 2)[0] == pytest.approx(1 - 0.5 * 2499 / 4999, abs=1e-14)
    assert recall_at(ranks, 5000)[0] == 1.0


def test_recall_at_zero_raises() -> None:
    with pytest.raises(DataError, match="recall at 0"):
        recall_at(ranks_of_scores(HAND, [0, 0, 0, 0]), 0)


def test_no_positives_and_nan_raise() -> None:
    with pytest.raises(DataError, match="query 2 has no correct answer"):
        ranks_of_scores(HAND, [[0], [0], [], [0]])
    spoiled = HAND.copy()
    spoiled[3, 1] = np.nan
    with pytest.raises(DataError, match="query 3 and candidate 1 is nan"):
        ranks_of_scores(spoiled, [0, 0, 0, 0])
