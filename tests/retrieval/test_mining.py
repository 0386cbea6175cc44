"""Margins, mining and thresholds: by hand, against plain loops, at the edges, at fault."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crosslift.errors import DataError, UnknownNameError
from crosslift.retrieval.folds import fold_scores, folds_of, influence_values
from crosslift.retrieval.margin import csls_scores, local_scaling, margin_scores
from crosslift.retrieval.margin_mining import distinct_texts, mine
from crosslift.retrieval.search import BothNeighbours, Neighbours, nearest_both
from crosslift.retrieval.thresholds import (
    best_threshold,
    precision_from_negatives,
    precision_recall_curve,
    score_at,
    threshold_for_precision,
    threshold_from_negatives,
)

INFINITY = float("inf")


def neighbours(indices: list[list[int]], scores: list[list[float]]) -> Neighbours:
    return Neighbours(np.array(indices, np.int64), np.array(scores, np.float32))


def of_cosines(cosines: np.ndarray, k: int) -> BothNeighbours:
    """Neighbours by a stable sort of every row, and of every column, of a matrix [N, M]."""
    sides = []
    for matrix in (cosines.astype(np.float32), cosines.T.astype(np.float32)):
        order = np.argsort(-matrix, axis=1, kind="stable")[:, :k]
        sides.append(Neighbours(order, np.take_along_axis(matrix, order, axis=1)))
    return BothNeighbours(*sides)


def pairs_of(both: BothNeighbours, margin: str, retrieval: str) -> list[tuple[int, int, float]]:
    pairs = mine(both, margin, retrieval)  # type: ignore[arg-type]
    assert pairs.src.dtype == pairs.tgt.dtype == np.int64 and pairs.score.dtype == np.float64
    return list(zip(pairs.src.tolist(), pairs.tgt.tolist(), pairs.score.tolist(), strict=True))


def labelled(scores: list[float], gold: str) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and which pairs are gold, written as a row of y and n."""
    return np.array(scores, np.float64), np.array([letter == "y" for letter in gold], np.bool_)


# margins

HAND = BothNeighbours(neighbours([[0, 1]], [[0.9, 0.5]]), neighbours([[0], [0]], [[0.6], [0.4]]))


def test_margins_by_hand() -> None:
    # means: src 0.7; tgt 0.6 and 0.4
    for margin, expected in {
        "ratio": ([0.9 / 0.65, 0.5 / 0.55], [0.6 / 0.65, 0.4 / 0.55]),
        "distance": ([0.9 - 0.65, 0.5 - 0.55], [0.6 - 0.65, 0.4 - 0.55]),
        "absolute": ([0.9, 0.5], [0.6, 0.4]),
    }.items():
        scores = margin_scores(HAND, margin)  # type: ignore[arg-type]
        np.testing.assert_allclose(scores.src_to_tgt, [expected[0]], atol=1e-7)
        np.testing.assert_allclose(scores.tgt_to_src[:, 0], expected[1], atol=1e-7)
        assert scores.src_to_tgt.dtype == np.float64


def test_ratio_example_of_the_docstring() -> None:
    both = BothNeighbours(
        neighbours([[0, 1]], [[0.9, 0.5]]), neighbours([[0, 0]] * 2, [[0.9, 0.3]] * 2)
    )
    assert margin_scores(both).src_to_tgt[0, 0] == pytest.approx(1.3846153, abs=1e-6)


@pytest.mark.parametrize("mean", [0.0, -0.2])
def test_ratio_over_a_mean_that_is_not_positive_raises(mean: float) -> None:
    both = BothNeighbours(neighbours([[0], [0]], [[0.5], [mean]]), neighbours([[0]], [[mean]]))
    with pytest.raises(DataError, match="(?s)mean cosine " + re.escape(f"{mean:.6g}")) as caught:
        margin_scores(both, "ratio")
    assert "row 1, candidate 0" in str(caught.value)
    assert "--margin distance" in str(caught.value) and "`laser` alone" in str(caught.value)
    assert margin_scores(both, "distance").src_to_tgt[1, 0] == pytest.approx(0, abs=1e-7)
    assert len(mine(both, "absolute")) == 1


def test_ratio_over_negative_means_by_hand() -> None:
    """As LASER divides: a cosine below its negative mean gets a score above 1."""
    both = BothNeighbours(
        neighbours([[0, 1], [1, 0]], [[0.5, -0.1], [-0.2, -0.6]]),
        neighbours([[0, 1], [0, 1]], [[0.5, -0.6], [-0.1, -0.2]]),
    )
    # means: src 0.2 and -0.4; tgt -0.05 and -0.15
    scores = margin_scores(both, "ratio", "any mean")
    expected = [[0.5 / 0.075, -0.1 / 0.025], [-0.2 / -0.275, -0.6 / -0.225]]
    np.testing.assert_allclose(scores.src_to_tgt, expected, rtol=1e-6)
    pairs = mine(both, "ratio", "max", "any mean")
    assert list(zip(pairs.src.tolist(), pairs.tgt.tolist(), strict=True)) == [(0, 0), (1, 1)]
    with pytest.raises(DataError, match=r"mean cosine -0\.275"):
        mine(both, "ratio", "max")


def test_a_mean_of_exactly_zero_is_never_divided_by() -> None:
    both = BothNeighbours(neighbours([[0]], [[0.5]]), neighbours([[0]], [[-0.5]]))
    with pytest.raises(DataError, match=r"mean cosine 0 .*\nExpected: a mean to divide by\n"):
        margin_scores(both, "ratio", "any mean")


def test_faulty_neighbours_are_named() -> None:
    one = neighbours([[0]], [[0.5]])
    with pytest.raises(DataError, match="neighbour 0 of row 0 is tgt row 3"):
        margin_scores(BothNeighbours(neighbours([[3]], [[0.5]]), one))
    with pytest.raises(DataError, match="neighbour 0 of row 0 is src row -1"):
        margin_scores(BothNeighbours(one, neighbours([[-1]], [[0.5]])))
    with pytest.raises(DataError, match=r"shape \(1, 0\)"):
        local_scaling(Neighbours(np.zeros((1, 0), np.int64), np.zeros((1, 0), np.float32)))
    with pytest.raises(UnknownNameError, match="unknown margin 'ration'"):
        margin_scores(BothNeighbours(one, one), "ration")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"unknown retrieval 'maximum'"):
        mine(BothNeighbours(one, one), "ratio", "maximum")  # type: ignore[arg-type]


def test_csls_by_hand_and_as_twice_the_distance() -> None:
    scores = csls_scores(
        np.array([[0.9, 0.8], [0.7, 0.1]]), np.array([0.9, 0.7]), np.array([0.9, 0.8])
    )
    np.testing.assert_allclose(scores, [[0.0, -0.1], [-0.2, -1.3]], atol=1e-12)
    cosines = np.random.default_rng(0).uniform(-1, 1, (6, 9)).astype(np.float32)
    both = of_cosines(cosines, 3)
    scores = csls_scores(cosines, local_scaling(both.src_to_tgt), local_scaling(both.tgt_to_src))
    near = np.take_along_axis(scores, both.src_to_tgt.indices, axis=1)
    np.testing.assert_allclose(near, 2 * margin_scores(both, "distance").src_to_tgt, atol=1e-12)


def test_csls_refuses_means_of_other_lengths() -> None:
    with pytest.raises(DataError, match=r"cosines of shape \(2, 3\)"):
        csls_scores(np.zeros((2, 3)), np.zeros(2), np.zeros(2))


# mining


def test_retrieval_by_hand() -> None:
    both = BothNeighbours(
        neighbours([[0], [0]], [[0.9], [0.8]]), neighbours([[0], [1]], [[0.9], [0.5]])
    )
    pairs = {
        how: [(src, tgt, round(score, 6)) for src, tgt, score in pairs_of(both, "absolute", how)]
        for how in ("forward", "backward", "intersection", "max")
    }
    assert pairs == {
        "forward": [(0, 0, 0.9), (1, 0, 0.8)],
        "backward": [(0, 0, 0.9), (1, 1, 0.5)],
        "intersection": [(0, 0, 0.9)],
        "max": [(0, 0, 0.9), (1, 1, 0.5)],
    }


def test_margin_takes_another_candidate_than_the_cosine() -> None:
    # tgt 0 is near to everything; with the margin src 1 leaves it for tgt 1
    cosines = np.array([[0.9, 0.1], [0.8, 0.7]])
    both = of_cosines(cosines, 2)
    assert [pair[:2] for pair in pairs_of(both, "absolute", "forward")] == [(0, 0), (1, 0)]
    assert [pair[:2] for pair in pairs_of(both, "ratio", "forward")] == [(0, 0), (1, 1)]


def test_tied_candidates_take_the_nearest_and_tied_pairs_the_lowest_rows() -> None:
    both = of_cosines(np.full((3, 3), 0.5), 2)
    assert [pair[:2] for pair in pairs_of(both, "ratio", "forward")] == [(0, 0), (1, 0), (2, 0)]
    assert [pair[:2] for pair in pairs_of(both, "ratio", "backward")] == [(0, 0), (0, 1), (0, 2)]
    assert [pair[:2] for pair in pairs_of(both, "ratio", "intersection")] == [(0, 0)]
    assert [pair[:2] for pair in pairs_of(both, "ratio", "max")] == [(0, 0)]


@pytest.mark.parametrize("retrieval", ["forward", "backward", "intersection", "max"])
def test_one_row_on_each_side_and_k_larger_than_the_side(retrieval: str) -> None:
    both = nearest_both(np.array([[1.0, 2.0]]), np.array([[1.0, 1.0]]), 4)
    assert both.src_to_tgt.indices.shape == (1, 1)
    [(src, tgt, score)] = pairs_of(both, "ratio", retrieval)
    assert (src, tgt, score) == (0, 0, 1.0)


def test_more_src_than_tgt_rows() -> None:
    random = np.random.default_rng(3)
    both = nearest_both(random.normal(size=(7, 4)) + 2, random.normal(size=(2, 4)) + 2, 4)
    assert [len(pairs_of(both, "ratio", how)) for how in ("forward", "backward")] == [7, 2]
    assert len(pairs_of(both, "ratio", "max")) == 2


def plain_max(scores: list[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """Pairs from the best on, each row of either side once: nothing but a sort and two sets."""
    srcs: set[int] = set()
    tgts: set[int] = set()
    pairs = []
    for _, src, tgt in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
        if src not in srcs and tgt not in tgts:
            srcs.add(src)
            tgts.add(tgt)
            pairs.append((src, tgt))
    return pairs


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_max_is_the_plain_greedy_loop_with_ties(n: int, m: int, k: int, seed: int) -> None:
    cosines = np.random.default_rng(seed).integers(1, 5, (n, m)) / 8  # many ties, exact in floats
    both = of_cosines(cosines, k)
    for margin in ("ratio", "distance", "absolute"):
        scores = margin_scores(both, margin)  # type: ignore[arg-type]
        listed = []
        for src in range(n):
            best = int(np.argmax(scores.src_to_tgt[src]))
            tgt = int(both.src_to_tgt.indices[src, best])
            listed.append((float(scores.src_to_tgt[src, best]), src, tgt))
        for tgt in range(m):
            best = int(np.argmax(scores.tgt_to_src[tgt]))
            src = int(both.tgt_to_src.indices[tgt, best])
            listed.append((float(scores.tgt_to_src[tgt, best]), src, tgt))
        assert [pair[:2] for pair in pairs_of(both, margin, "max")] == plain_max(listed)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_pairs_do_not_depend_on_the_order_of_the_rows(n: int, m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    cosines = random.uniform(0.1, 0.9, (n, m))  # no ties, in margins neither
    rows, columns = random.permutation(n), random.permutation(m)
    for retrieval in ("forward", "backward", "intersection", "max"):
        plain = pairs_of(of_cosines(cosines, 3), "distance", retrieval)
        assume(len({score for *_, score in plain}) == len(plain))
        mixed = pairs_of(of_cosines(cosines[rows][:, columns], 3), "distance", retrieval)
        assert {(rows[src], columns[tgt]) for src, tgt, _ in mixed} == {p[:2] for p in plain}


def test_a_long_chain_of_rivals_is_mined_in_linear_time() -> None:
    # Every pair waits for the one before it: rounds of vector operations would need 250,000 rounds.
    count = 250_000
    steps = np.linspace(0.9, 0.1, 2 * count, dtype=np.float32)[:, None]
    rows = np.arange(count)[:, None]
    both = BothNeighbours(
        Neighbours(rows, steps[0::2]), Neighbours(np.maximum(rows - 1, 0), steps[1::2])
    )
    start = time.perf_counter()
    pairs = mine(both, "absolute")
    assert time.perf_counter() - start < 20
    assert len(pairs) == count and (pairs.src == pairs.tgt).all()


def test_distinct_texts() -> None:
    distinct = distinct_texts(["b", "a", "b", "b ", "a"])
    assert distinct.texts == ("b", "a", "b ")
    assert distinct.place.tolist() == [0, 1, 0, 2, 1]
    assert distinct.first.tolist() == [0, 1, 3] and distinct.copies.tolist() == [2, 2, 1]
    empty = distinct_texts([])
    assert empty.texts == () and len(empty.place) == len(empty.first) == len(empty.copies) == 0


@given(st.lists(st.text("ab", max_size=2), max_size=20))
def test_distinct_texts_give_the_list_back(texts: list[str]) -> None:
    distinct = distinct_texts(texts)
    assert [distinct.texts[place] for place in distinct.place] == texts
    assert [texts.index(text) for text in distinct.texts] == distinct.first.tolist()
    assert [texts.count(text) for text in distinct.texts] == distinct.copies.tolist()
    assert sorted(distinct.first.tolist()) == distinct.first.tolist()


# thresholds


def test_curve_by_hand() -> None:
    curve = precision_recall_curve(*labelled([0.8, 0.9, 0.3, 0.8], "nyny"), 4)
    np.testing.assert_allclose(curve.threshold, [0.85, 0.55, 0.3])
    np.testing.assert_allclose(curve.precision, [1, 2 / 3, 2 / 4])
    np.testing.assert_allclose(curve.recall, [1 / 4, 2 / 4, 2 / 4])
    assert best_threshold(*labelled([0.8, 0.9, 0.3, 0.8], "nyny"), 4) == pytest.approx(0.55)


def test_score_at_by_hand() -> None:
    pairs = labelled([0.9, 0.8, 0.8, 0.3], "yyny")
    score = score_at(*pairs, 5, 0.8)
    assert (score.mined, score.correct, score.gold, score.threshold) == (3, 2, 5, 0.8)
    assert (score.precision, score.recall, score.mining_f1) == (2 / 3, 2 / 5, 4 / 8)
    assert score_at(*pairs, 5, -INFINITY).mined == 4
    nothing = score_at(*pairs, 5, INFINITY)
    assert (nothing.precision, nothing.recall, nothing.mining_f1, nothing.mined) == (0, 0, 0, 0)


def test_best_cut_is_the_last_candidate() -> None:
    pairs = labelled([0.9, 0.7, 0.5], "yny")
    assert best_threshold(*pairs, 2) == 0.5
    assert score_at(*pairs, 2, 0.5).mining_f1 == 4 / 5


def test_no_positive_one_candidate_and_no_candidate() -> None:
    assert best_threshold(*labelled([0.9, 0.7], "nn"), 3) == INFINITY
    assert score_at(*labelled([0.9, 0.7], "nn"), 3, INFINITY).mining_f1 == 0
    assert best_threshold(*labelled([0.4], "y"), 1) == 0.4
    assert score_at(*labelled([0.4], "y"), 1, 0.4).mining_f1 == 1
    assert best_threshold(*labelled([0.4], "n"), 1) == INFINITY
    empty = labelled([], "")
    assert best_threshold(*empty, 2) == INFINITY
    assert len(precision_recall_curve(*empty, 2).threshold) == 0
    assert score_at(*empty, 0, 0.0).mining_f1 == 0


def test_tied_scores_are_in_or_out_together() -> None:
    pairs = labelled([0.9, 0.9, 0.9, 0.2], "ynny")
    assert len(precision_recall_curve(*pairs, 2).threshold) == 2
    assert best_threshold(*pairs, 2) == 0.2  # all four: 4/6; the three tied: 2/5


def test_of_equal_f1_the_fewest_pairs_are_taken() -> None:
    # one pair: 2/3; all four: 4/6
    pairs = labelled([0.9, 0.8, 0.7, 0.6], "ynny")
    assert best_threshold(*pairs, 2) == pytest.approx(0.85)
    assert [score_at(*pairs, 2, cut).mining_f1 for cut in (0.85, 0.6)] == [2 / 3, 4 / 6]


def test_threshold_lies_between_neighbouring_floats() -> None:
    for low in (1.0, 0.3, -0.7, 5e-324, np.nextafter(1.0, 0.0)):
        high = np.nextafter(low, INFINITY)
        pairs = labelled([high, low], "yn")
        assert score_at(*pairs, 1, best_threshold(*pairs, 1)).mined == 1


LISTS = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), max_size=12)


@given(LISTS, st.integers(0, 5))
@settings(max_examples=300)
def test_best_threshold_against_every_threshold(items: list[tuple[int, bool]], more: int) -> None:
    scores = np.array([score for score, _ in items], np.float64)
    gold = np.array([is_gold for _, is_gold in items], np.bool_)
    n_gold = int(gold.sum()) + more
    score = score_at(scores, gold, n_gold, best_threshold(scores, gold, n_gold))
    every = [score_at(scores, gold, n_gold, cut / 2) for cut in range(-9, 11)]
    assert score.mining_f1 == max(each.mining_f1 for each in every)
    best = [each.mined for each in every if each.mining_f1 == score.mining_f1]
    assert score.mined == min(best)
    curve = precision_recall_curve(scores, gold, n_gold)
    for precision, recall, cut in zip(curve.precision, curve.recall, curve.threshold, strict=True):
        at = score_at(scores, gold, n_gold, cut)
        assert (at.precision, at.recall) == (precision, recall)


def test_threshold_for_precision_by_hand() -> None:
    pairs = labelled([0.9, 0.8, 0.7, 0.6], "nyyn")
    assert threshold_for_precision(*pairs, 0.6) == pytest.approx(0.65)
    assert threshold_for_precision(*pairs, 0.5) == 0.6
    with pytest.raises(DataError, match=r"precision of 0\.9; the best is 0\.666667"):
        threshold_for_precision(*pairs, 0.9)
    with pytest.raises(DataError, match="the best is none, for there is no pair"):
        threshold_for_precision(*labelled([], ""), 0.9)
    assert threshold_for_precision(*labelled([0.3], "y"), 1.0) == 0.3


@given(LISTS, st.sampled_from([0.2, 1 / 3, 0.5, 0.9, 1.0]))
@settings(max_examples=200)
def test_threshold_for_precision_takes_the_largest_set(
    items: list[tuple[int, bool]], precision: float
) -> None:
    scores = np.array([score for score, _ in items], np.float64)
    gold = np.array([is_gold for _, is_gold in items], np.bool_)
    every = [score_at(scores, gold, 99, cut / 2) for cut in range(-9, 11)]
    sizes = [each.mined for each in every if each.mined and each.precision >= precision]
    if sizes:
        largest = score_at(scores, gold, 99, threshold_for_precision(scores, gold, precision))
        assert largest.mined == max(sizes) and largest.precision >= precision
    else:
        with pytest.raises(DataError, match=f"precision of {precision}"):
            threshold_for_precision(scores, gold, precision)


@pytest.mark.parametrize("precision", [0.0, -0.1, 1.1, math.nan])
def test_impossible_precisions_are_refused(precision: float) -> None:
    with pytest.raises(DataError, match=f"wanted precision is {precision}"):
        threshold_for_precision(*labelled([0.5], "y"), precision)
    with pytest.raises(DataError, match=f"wanted precision is {precision}"):
        threshold_from_negatives(
            np.array([0.5]), np.array([0.1]), precision, n_src=1, n_negative_src=1
        )


def test_precision_from_negatives_by_hand() -> None:
    mined, false = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.75, 0.65, 0.2, 0.1])
    cuts = np.array([0.8, 0.7, 0.6, 0.95])
    estimates = precision_from_negatives(mined, false, cuts, n_src=4, n_negative_src=8)
    np.testing.assert_allclose(estimates, [1, 1 - 0.5 / 3, 1 - 1 / 4, np.nan])
    crowded = precision_from_negatives(mined, false, np.array([0.0]), n_src=80, n_negative_src=8)
    assert crowded.tolist() == [0]


def test_threshold_from_negatives_by_hand() -> None:
    mined, false = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.75, 0.65, 0.2, 0.1])
    # cuts 0.85 0.75 0.65 0.6; false pairs expected 0, 1/2, 1, 1 of 1, 2, 3, 4
    for precision, expected in {0.9: 0.85, 0.7: 0.6, 0.75: 0.6, 0.76: 0.85}.items():
        threshold = threshold_from_negatives(mined, false, precision, n_src=4, n_negative_src=8)
        assert threshold == pytest.approx(expected)
    none = threshold_from_negatives(mined, np.empty(0), 0.99, n_src=4, n_negative_src=8)
    assert none == pytest.approx(0.6)
    with pytest.raises(DataError, match=r"precision of 0\.5; the best is 0\b"):
        threshold_from_negatives(mined, mined + 1, 0.5, n_src=4, n_negative_src=4)
    with pytest.raises(DataError, match="n_negative_src is 0"):
        threshold_from_negatives(mined, false, 0.5, n_src=4, n_negative_src=0)
    with pytest.raises(DataError, match="negative_scores: pair 1 has the score nan"):
        threshold_from_negatives(mined, np.array([0.1, math.nan]), 0.5, n_src=4, n_negative_src=4)


def test_threshold_from_negatives_keeps_its_promise_on_simulated_pairs() -> None:
    random = np.random.default_rng(5)
    true, false = random.normal(1.3, 0.1, 2000), random.normal(1.0, 0.1, 2000)
    scores = np.concatenate([true, false])
    threshold = threshold_from_negatives(
        scores, random.normal(1.0, 0.1, 4000), 0.95, n_src=2000, n_negative_src=4000
    )
    is_gold = np.arange(4000) < 2000
    assert 0.93 < score_at(scores, is_gold, 2000, threshold).precision < 0.97


def test_folds_depend_on_the_id_and_the_seed_alone() -> None:
    ids = [f"de-{number:09d}" for number in range(1, 2001)]
    folds = folds_of(ids)
    assert folds.dtype == np.int64 and set(folds.tolist()) == {0, 1}
    assert 900 < folds.sum() < 1100
    assert folds_of(ids[::-1]).tolist() == folds[::-1].tolist()
    assert folds_of(ids[:5]).tolist() == folds[:5].tolist()
    assert 800 < (folds_of(ids, seed=1) != folds).sum() < 1200
    assert folds[:12].tolist() == [1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]  # on every machine
    assert len(folds_of([])) == 0


def test_fold_scores_by_hand() -> None:
    scores, gold = labelled([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], "yynynn")
    pair_folds = np.array([0, 0, 0, 1, 1, 1])
    # fold 0: best cut 0.75 (2 of 2); fold 1: best cut 0.55 (1 of 1)
    scores_by_fold = fold_scores(scores, gold, pair_folds, np.array([0, 0, 1]))
    assert scores_by_fold.folds[0].threshold == pytest.approx(0.55)
    assert scores_by_fold.folds[1].threshold == pytest.approx(0.75)
    assert [(fold.mined, fold.correct, fold.gold) for fold in scores_by_fold.folds] == [
        (3, 2, 2),
        (0, 0, 1),
    ]
    assert scores_by_fold.extracted.tolist() == [True, True, True, False, False, False]
    total = scores_by_fold.total
    assert (total.mined, total.correct, total.gold) == (3, 2, 3) and total.threshold is None
    assert (total.precision, total.recall, total.mining_f1) == (2 / 3, 2 / 3, 4 / 6)


def test_no_fold_is_cut_by_its_own_gold() -> None:
    """Turning the gold of a fold round changes nothing about where that fold is cut."""
    random = np.random.default_rng(8)
    scores, folds = random.normal(size=200), random.integers(0, 2, 200)
    gold = random.random(200) < 0.5
    turned = np.where(folds == 0, ~gold, gold)
    gold_folds = np.repeat([0, 1], 200)
    results = [fold_scores(scores, which, folds, gold_folds) for which in (gold, turned)]
    assert results[0].folds[0].threshold == results[1].folds[0].threshold
    assert results[0].folds[1].threshold != results[1].folds[1].threshold


def test_faulty_folds() -> None:
    scores, gold = labelled([0.9, 0.8], "yn")
    with pytest.raises(DataError, match="fold 1 has none of the 2 gold pairs"):
        fold_scores(scores, gold, np.array([0, 1]), np.array([0, 0]))
    with pytest.raises(DataError, match="pair_folds holds 2"):
        fold_scores(scores, gold, np.array([0, 2]), np.array([0, 1]))
    with pytest.raises(DataError, match="1 folds for 2 pairs"):
        fold_scores(scores, gold, np.array([0]), np.array([0, 1]))


def test_influence_values_by_hand() -> None:
    values = influence_values(np.array([1, 0, 0]), np.array([1, 0, 1]), np.array([1, 1, 1]))
    np.testing.assert_allclose(values, [1.12, 0.16, -0.08], atol=1e-12)
    zeros = np.zeros(3, np.int64)
    assert influence_values(zeros, zeros, zeros).tolist() == [0, 0, 0]
    with pytest.raises(DataError, match="item 1 has 1 correct of 0 mined pairs and 1 gold"):
        influence_values(np.array([0, 1]), np.array([1, 0]), np.array([1, 1]))
    with pytest.raises(DataError, match=r"shapes \(0,\)"):
        influence_values(zeros[:0], zeros[:0], zeros[:0])


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_influence_values_average_to_f1(items: list[tuple[bool, bool, bool]]) -> None:
    mined, gold, right = np.array(items).T
    correct = right & mined & gold
    f1 = 2 * correct.sum() / max(mined.sum() + gold.sum(), 1)
    assert influence_values(correct, mined, gold).mean() == pytest.approx(f1, abs=1e-12)


def test_influence_values_spread_as_resampled_f1_does() -> None:
    random = np.random.default_rng(1)
    n = 2000
    mined, gold = random.random(n) < 0.6, random.random(n) < 0.5
    correct = mined & gold & (random.random(n) < 0.8)
    draws = random.integers(0, n, (2000, n))
    f1 = 2 * correct[draws].sum(1) / (mined[draws].sum(1) + gold[draws].sum(1))
    spread = influence_values(correct, mined, gold).std() / n**0.5
    assert spread == pytest.approx(f1.std(), rel=0.06)


@pytest.mark.parametrize(
    ("scores", "gold", "n_gold", "message"),
    [
        (np.array([0.1, math.nan]), np.array([True, False]), 1, "pair 1 has the score nan"),
        (np.array([INFINITY]), np.array([True]), 1, "pair 0 has the score inf"),
        (np.array([0.1, 0.2]), np.array([True, True]), 1, "n_gold is 1, but 2 mined pairs"),
        (np.array([0.1, 0.2]), np.array([True]), 1, r"scores of shape \(2,\)"),
        (np.array([0.1]), np.array([1]), 1, "is_gold of int64"),
    ],
)
def test_faulty_pairs(scores: np.ndarray, gold: np.ndarray, n_gold: int, message: str) -> None:
    for function in (precision_recall_curve, best_threshold):
        with pytest.raises(DataError, match=message):
            function(scores, gold, n_gold)
    with pytest.raises(DataError, match=message):
        score_at(scores, gold, n_gold, 0.0)
    with pytest.raises(DataError, match="threshold is nan"):
        score_at(np.array([0.1]), np.array([True]), 1, math.nan)
