"""Golden tests: MTEB's own code, XTREME's definitions, scikit-learn and plain loops agree with us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mteb_samples import LentVectors, mteb_task, two_sides
from sklearn.metrics import f1_score

from crosslift.errors import DataError
from crosslift.retrieval.margin_mining import distinct_texts, mine
from crosslift.retrieval.metrics import f1_of_answers
from crosslift.retrieval.search import nearest, nearest_both
from crosslift.retrieval.thresholds import best_threshold, score_at

MARGINS = ("ratio", "distance", "absolute")
RETRIEVALS = ("forward", "backward", "intersection", "max")


# MTEB


def mteb_scores(
    src: np.ndarray, tgt: np.ndarray, gold: list[tuple[int, int]] | None
) -> dict[str, float]:
    """What MTEB's task class says of vectors; ``gold`` as its BUCC task has it, or None."""
    columns: dict[str, Any] = {
        "sentence1": [f"src {row}" for row in range(len(src))],
        "sentence2": [f"tgt {row}" for row in range(len(tgt))],
    }
    vectors = dict(zip(columns["sentence1"], src, strict=True))
    vectors |= dict(zip(columns["sentence2"], tgt, strict=True))
    return mteb_task(columns, LentVectors(vectors), gold)


def assert_as_mteb(
    src: np.ndarray, tgt: np.ndarray, labels: np.ndarray, theirs: dict[str, float]
) -> None:
    retrieved = nearest(src, tgt, 1).indices[:, 0]
    ours, accuracy = f1_of_answers(retrieved, labels).mean(), (retrieved == labels).mean()
    assert 0.1 < accuracy < 0.9 and ours != pytest.approx(accuracy, abs=1e-3)
    assert ours == pytest.approx(theirs["f1"], abs=1e-6)
    assert ours == pytest.approx(theirs["main_score"], abs=1e-6)
    assert accuracy == pytest.approx(theirs["accuracy"], abs=1e-6)


def test_mteb_on_as_many_texts_on_both_sides() -> None:
    src, tgt = two_sides(250, 250, seed=1, noise=0.7)
    assert_as_mteb(src, tgt, np.arange(250), mteb_scores(src, tgt, None))


def test_mteb_on_queries_with_gold_among_more_candidates() -> None:
    src, tgt = two_sides(120, 300, seed=2, noise=0.7)
    order = np.random.default_rng(3).permutation(300)
    labels = np.argsort(order)[:120]  # where the candidate of each query went
    gold = list(zip(range(120), labels.tolist(), strict=True))
    assert_as_mteb(src, tgt[order], labels, mteb_scores(src, tgt[order], gold))


def test_mteb_where_queries_share_a_candidate() -> None:
    src, tgt = two_sides(90, 40, seed=4)
    labels = np.arange(90) // 3
    gold = list(zip(range(90), labels.tolist(), strict=True))
    src[:] = tgt[labels] + 0.9 * src
    assert_as_mteb(src, tgt, labels, mteb_scores(src, tgt, gold))


@pytest.mark.parametrize("count", [12, 40, 100])
def test_mteb_leaves_ties_open_and_we_take_the_lowest_index(count: int) -> None:
    """Signs as vectors, so that many cosines are exactly equal. MTEB's answer is one of the best, and
    the same as ours where there is one best; which of several depends on torch.topk."""
    from mteb._evaluators import BitextMiningEvaluator

    random = np.random.default_rng(count)
    src, tgt = (random.choice([-1.0, 1.0], (count, 4)).astype(np.float32) for _ in range(2))
    products = src @ tgt.T
    best = products == products.max(axis=1, keepdims=True)
    search = BitextMiningEvaluator._similarity_search
    theirs = search(None, src, tgt, LentVectors({}))  # type: ignore[arg-type]
    answers = np.array([answer["corpus_id"] for answer in theirs])
    ours = nearest(src, tgt, 1).indices[:, 0]
    assert best[np.arange(count), answers].all()
    assert (ours == best.argmax(axis=1)).all()
    alone = best.sum(axis=1) == 1
    assert (answers == ours)[alone].all()
    assert (~alone).sum() > 3


# scikit-learn


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
@settings(max_examples=200)
def test_weighted_f1_as_scikit_learn(answers: list[tuple[int, int]]) -> None:
    predictions, labels = np.array(answers, np.int64).T
    ours = f1_of_answers(predictions, labels).mean()
    theirs = f1_score(labels, predictions, average="weighted", zero_division=0)
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_f1_of_answers_by_hand() -> None:
    scores = f1_of_answers(np.array([0, 1, 1, 3]), np.array([0, 1, 2, 3]))
    assert scores == pytest.approx([1, 2 / 3, 0, 1], abs=1e-12)
    assert f1_of_answers(np.array([9]), np.array([2])).tolist() == [0]
    assert f1_of_answers(np.array([0]), np.array([0])).tolist() == [1]


@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        (np.empty(0, np.int64), np.empty(0, np.int64), r"predictions of shape \(0,\)"),
        (
            np.array([1, 2]),
            np.array([1]),
            r"predictions of shape \(2,\) and labels of shape \(1,\)",
        ),
        (np.array([1.0]), np.array([1]), "predictions of float64"),
        (np.array([[1]]), np.array([[1]]), r"labels of shape \(1, 1\)"),
    ],
)
def test_faulty_predictions(predictions: Any, labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        f1_of_answers(predictions, labels)


# XTREME


def lines_of(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]


def xtreme_accuracy(predictions: Path, labels: Path) -> float:
    """Share of lines that are the same in two files of candidate indices."""
    predicted, correct = lines_of(predictions), lines_of(labels)
    return sum(one == two for one, two in zip(predicted, correct, strict=True)) / len(predicted)


def xtreme_bucc(predictions: Path, labels: Path) -> tuple[float, float, float]:
    """Precision, recall and F1 of two files of id pairs, as sets."""
    predicted, correct = (
        {tuple(line.split("\t")) for line in lines_of(p)} for p in (predictions, labels)
    )
    hits = len(predicted & correct)
    if not hits:
        return 0.0, 0.0, 0.0
    precision, recall = hits / len(predicted), hits / len(correct)
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_xtreme_tatoeba(tmp_path: Path) -> None:
    tgt, src = two_sides(200, 200, seed=6, noise=0.7)
    predicted = nearest(tgt, src, 1).indices[:, 0]  # XTREME's queries are the English side
    for name, rows in (("found", predicted), ("right", np.arange(200))):
        (tmp_path / f"{name}-de.tsv").write_text("\n".join(map(str, rows.tolist())) + "\n")
    theirs = xtreme_accuracy(tmp_path / "found-de.tsv", tmp_path / "right-de.tsv")
    assert (predicted == np.arange(200)).mean() == pytest.approx(theirs, abs=1e-12)
    assert 0.1 < theirs < 0.9


def test_xtreme_bucc(tmp_path: Path) -> None:
    src, tgt = two_sides(150, 180, seed=7, noise=0.6)
    gold = {(row, row) for row in range(0, 150, 2)}
    pairs = mine(nearest_both(src, tgt, 4))
    is_gold = np.array([pair in gold for pair in zip(pairs.src, pairs.tgt, strict=True)])
    (tmp_path / "right-de.tsv").write_text(
        "".join(f"de-{one:06d}\ten-{two:06d}\n" for one, two in sorted(gold))
    )
    texts = set()
    for threshold in (best_threshold(pairs.score, is_gold, 75), 1.0, 1.1, 99.0):
        chosen = np.flatnonzero(pairs.score >= threshold)
        (tmp_path / "found-de.tsv").write_text(
            "".join(f"de-{pairs.src[row]:06d}\ten-{pairs.tgt[row]:06d}\n" for row in chosen)
        )
        theirs = xtreme_bucc(tmp_path / "found-de.tsv", tmp_path / "right-de.tsv")
        ours = score_at(pairs.score, is_gold, 75, threshold)
        assert (ours.precision, ours.recall, ours.mining_f1) == pytest.approx(theirs, abs=1e-12)
        texts.add(ours.mining_f1)
    assert len(texts) == 4 and 0.1 < max(texts) < 1


# Margins, mining and thresholds by plain loops


def plain_cosines(src: np.ndarray, tgt: np.ndarray) -> list[list[float]]:
    return [
        [float(x @ y / (np.sqrt(x @ x) * np.sqrt(y @ y))) for y in tgt.astype(np.float64)]
        for x in src.astype(np.float64)
    ]


def plain_mine(
    cosines: list[list[float]], k: int, margin: str, retrieval: str
) -> list[tuple[float, int, int]]:
    """Definitions of Artetxe and Schwenk over a full matrix, one pair at a time."""
    n, m = len(cosines), len(cosines[0])
    near_src = [sorted(range(m), key=lambda y: -cosines[x][y])[:k] for x in range(n)]
    near_tgt = [sorted(range(n), key=lambda x: -cosines[x][y])[:k] for y in range(m)]
    mean_src = [sum(cosines[x][y] for y in near_src[x]) / len(near_src[x]) for x in range(n)]
    mean_tgt = [sum(cosines[x][y] for x in near_tgt[y]) / len(near_tgt[y]) for y in range(m)]

    def score(x: int, y: int) -> float:
        around = (mean_src[x] + mean_tgt[y]) / 2
        cosine = cosines[x][y]
        return {"ratio": cosine / around, "distance": cosine - around, "absolute": cosine}[margin]

    forward = [max((score(x, y), x, y) for y in near_src[x]) for x in range(n)]
    backward = [max((score(x, y), x, y) for x in near_tgt[y]) for y in range(m)]
    if retrieval == "forward":
        return sorted(forward, reverse=True)
    if retrieval == "backward":
        return sorted(backward, reverse=True)
    if retrieval == "intersection":
        ways_back = {(x, y) for _, x, y in backward}
        return sorted((item for item in forward if item[1:] in ways_back), reverse=True)
    pairs: list[tuple[float, int, int]] = []
    for item in sorted(forward + backward, reverse=True):
        if all(item[1] != x and item[2] != y for _, x, y in pairs):
            pairs.append(item)
    return pairs


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("shape", [(30, 30), (35, 20), (3, 25)])
def test_mining_by_plain_loops(k: int, shape: tuple[int, int]) -> None:
    src, tgt = two_sides(*shape, seed=10 * k + shape[0])
    both, cosines = nearest_both(src, tgt, k), plain_cosines(src, tgt)
    for margin in MARGINS:
        for retrieval in RETRIEVALS:
            pairs = mine(both, margin, retrieval)  # type: ignore[arg-type]
            expected = plain_mine(cosines, k, margin, retrieval)
            assert len(pairs) == len(expected) > 0
            # equal scores do not occur here, so that the order is that of the scores alone
            listed = list(zip(pairs.src.tolist(), pairs.tgt.tolist(), strict=True))
            assert sorted(listed) == sorted(item[1:] for item in expected)
            np.testing.assert_allclose(pairs.score, [item[0] for item in expected], atol=1e-6)


def test_laser_divides_by_negative_means() -> None:
    """Vectors without their common mean: LASER's loops and ours agree on every pair and score."""
    src, tgt = two_sides(40, 30, seed=9)
    src, tgt = src - src.mean(axis=0) - 1.1, tgt - tgt.mean(axis=0) + 1.1
    both, cosines = nearest_both(src, tgt, 4), plain_cosines(src, tgt)
    means = (both.src_to_tgt.scores.mean(axis=1) + both.tgt_to_src.scores.mean()) / 2
    assert 3 < (means < 0).sum() < 37
    with pytest.raises(DataError, match="mean cosine -"):
        mine(both)
    pairs, expected = mine(both, ratio_over="any mean"), plain_mine(cosines, 4, "ratio", "max")
    listed = list(zip(pairs.src.tolist(), pairs.tgt.tolist(), strict=True))
    assert listed == [item[1:] for item in expected]
    np.testing.assert_allclose(pairs.score, [item[0] for item in expected], rtol=1e-4)


def plain_best(scores: list[float], gold: list[bool], n_gold: int) -> tuple[float, int]:
    """The best F1 over all cuts between distinct scores and the fewest pairs that reach it."""
    best = (0.0, 0)
    for cut in sorted(set(scores), reverse=True):
        inside = [is_gold for score, is_gold in zip(scores, gold, strict=True) if score >= cut]
        hits = sum(inside)
        if hits:
            precision, recall = hits / len(inside), hits / n_gold
            f1 = 2 * precision * recall / (precision + recall)
            if f1 > best[0] + 1e-12:
                best = (f1, len(inside))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_bucc_threshold_by_trying_every_cut(seed: int) -> None:
    src, tgt = two_sides(60, 70, seed, noise=0.5)
    gold = {(row, row) for row in np.random.default_rng(seed).permutation(60)[:25].tolist()}
    for margin in MARGINS:
        pairs = mine(nearest_both(src, tgt, 4), margin)  # type: ignore[arg-type]
        is_gold = [pair in gold for pair in zip(pairs.src, pairs.tgt, strict=True)]
        f1, mined = plain_best(pairs.score.tolist(), is_gold, 25)
        threshold = best_threshold(pairs.score, np.array(is_gold), 25)
        score = score_at(pairs.score, np.array(is_gold), 25, threshold)
        assert score.mining_f1 == pytest.approx(f1, abs=1e-12) and score.mined == mined
        assert f1 > 0.4


def test_a_repeated_text_is_mined_once() -> None:
    """With its copies a text fills the neighbours of the other side; without, all are found."""
    src, tgt = two_sides(20, 20, seed=5, noise=0.1)
    texts = [f"text {row}" for row in range(20)] + ["text 0"] * 5
    distinct = distinct_texts(texts)
    vectors = np.concatenate([src, np.repeat(src[:1], 5, axis=0)])
    pairs = mine(nearest_both(vectors[distinct.first], tgt, 4))
    assert sorted(zip(pairs.src, pairs.tgt, strict=True)) == [(row, row) for row in range(20)]
    assert distinct.copies[0] == 6 and distinct.place[20:].tolist() == [0] * 5
