"""Rankings with judgements: the metrics of trec_eval, ties included."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from mteb._evaluators.retrieval_metrics import calculate_retrieval_scores

from crosslift.errors import DataError
from crosslift.retrieval import pool_search
from crosslift.retrieval.judged_metrics import judged_outcomes
from crosslift.retrieval.judged_search import best_passages, trec_order
from crosslift.retrieval.similarity import unit_rows
from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.targets.evaluate_judged import evaluate_judged
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocols import JUDGED
from crosslift.targets.query_outcomes import SideLookups

TREC = {
    "ndcg_at_10": "ndcg_cut_10",
    "recall_at_100": "recall_100",
    "map_at_100": "map_cut_100",
    "top1_accuracy": "success_1",
}


def _case(seed: int, passages: int, kinds: int) -> tuple[JudgedSet, SideLookups]:
    """Random judgements; passages have few distinct vectors, so that most scores are tied."""
    generator = np.random.default_rng(seed)
    ids = [f"d{number}" for number in generator.permutation(passages)]
    ids[:3] = ["Ä1", "zß", "文7"]  # bytes, not letters, order them
    queries = {f"q{number}": f"query {number}" for number in range(12)}
    grades = {}
    for query in queries:
        judged = generator.choice(ids, min(passages, int(generator.integers(2, 40))), replace=False)
        grades[query] = {str(name): float(generator.integers(-1, 4)) for name in judged}
        grades[query][str(judged[0])] = 3.0
    vectors = generator.normal(size=(kinds, 8)).astype(np.float32)
    of_text = {f"passage {name}": vectors[generator.integers(kinds)] for name in ids}
    of_text |= {text: generator.normal(size=8).astype(np.float32) for text in queries.values()}
    languages = tuple(generator.choice(["de", "en", "fr"], passages))
    pool = Pool(tuple(ids), tuple(f"passage {name}" for name in ids), languages)
    judged_set = JudgedSet("de", queries, pool, grades)
    return judged_set, SideLookups.of_both(lambda texts: np.stack([of_text[t] for t in texts]))


def _scores(judged: JudgedSet, sides: SideLookups) -> dict[str, dict[str, float]]:
    """Every cosine, by brute force: products in float64, rounded once."""
    queries = unit_rows(sides.src(list(judged.queries.values()))).astype(np.float64)
    passages = unit_rows(sides.tgt(judged.pool.texts)).astype(np.float64)
    cosines = np.stack([(query * passages).sum(axis=1) for query in queries]).astype(np.float32)
    return {
        query: dict(zip(judged.pool.ids, map(float, row), strict=True))
        for query, row in zip(judged.queries, cosines, strict=True)
    }


@pytest.mark.parametrize(("passages", "kinds"), [(7, 2), (60, 4), (400, 15), (400, 390)])
@pytest.mark.parametrize("seed", range(4))
def test_metrics_are_those_of_trec_eval_with_many_ties(
    seed: int, passages: int, kinds: int
) -> None:
    judged, sides = _case(seed, passages, kinds)
    run = _scores(judged, sides)
    assert kinds > passages / 2 or len({*run["q0"].values()}) <= kinds, "most are tied"
    ((outcomes, _),) = evaluate_judged({JUDGED[0]: sides}, JudgedData({"de": judged}))

    qrels = {q: {d: int(g) for d, g in of.items()} for q, of in judged.grades.items()}
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, set(TREC.values()))
    theirs = evaluator.evaluate(run)
    for ours, name in TREC.items():
        expected = [theirs[query][name] for query in judged.queries]
        np.testing.assert_allclose(outcomes.values[ours], expected, atol=1e-6, err_msg=name)

    top = [max(run[q], key=lambda d: (run[q][d], d.encode())) for q in judged.queries]
    assert list(outcomes.retrieved) == top


@pytest.mark.parametrize(("passages", "kinds"), [(7, 2), (60, 4), (400, 15)])
def test_metrics_are_those_of_ir_measures(passages: int, kinds: int) -> None:
    # It is no dependency of the tests, because it needs ir_datasets.
    ir_measures = pytest.importorskip("ir_measures")
    judged, sides = _case(5, passages, kinds)
    qrels = {q: {d: int(g) for d, g in of.items()} for q, of in judged.grades.items()}
    ((outcomes, _),) = evaluate_judged({JUDGED[0]: sides}, JudgedData({"de": judged}))
    names = {"nDCG@10": "ndcg_at_10", "R@100": "recall_at_100", "AP@100": "map_at_100"}
    measures = {ir_measures.parse_measure(name): ours for name, ours in names.items()}
    values = {
        (row.measure, row.query_id): row.value
        for row in ir_measures.iter_calc(list(measures), qrels, _scores(judged, sides))
    }
    for measure, ours in measures.items():
        expected = [values[measure, query] for query in judged.queries]
        np.testing.assert_allclose(outcomes.values[ours], expected, atol=1e-6, err_msg=ours)


@pytest.mark.parametrize(("passages", "kinds"), [(7, 2), (60, 4), (400, 15)])
def test_means_are_those_of_mteb(passages: int, kinds: int) -> None:
    judged, sides = _case(9, passages, kinds)
    qrels = {q: {d: int(g) for d, g in of.items()} for q, of in judged.grades.items()}
    theirs = calculate_retrieval_scores(_scores(judged, sides), qrels, (10, 100))
    ((outcomes, _),) = evaluate_judged({JUDGED[0]: sides}, JudgedData({"de": judged}))
    expected = {
        "ndcg_at_10": theirs.ndcg["NDCG@10"],
        "mrr_at_10": theirs.mrr["MRR@10"],
        "recall_at_100": theirs.recall["Recall@100"],
        "map_at_100": theirs.map["MAP@100"],
    }
    ours = {name: outcomes.score(name) for name in expected}
    assert ours == pytest.approx(expected, abs=1e-5)  # mteb rounds to five decimals


@pytest.mark.parametrize("part", [1, 7, 64, 1000])
def test_parts_change_nothing(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judged, sides = _case(3, 150, 9)
    queries = sides.src(list(judged.queries.values()))
    vectors = sides.tgt(judged.pool.texts)
    whole = best_passages(queries, lambda places: vectors[places], 150, k=20)
    monkeypatch.setattr(pool_search, "PART", part)
    parts = best_passages(queries, lambda places: vectors[places], 150, k=20)
    np.testing.assert_array_equal(whole.places, parts.places)
    np.testing.assert_array_equal(whole.scores, parts.scores)


def test_few_vectors_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample first, then every candidate once, then those that contend."""
    monkeypatch.setattr(pool_search, "PART", 10)
    reads: list[list[int]] = []

    def vectors_of(places: np.ndarray) -> np.ndarray:
        reads.append(places.tolist())
        return np.eye(4, dtype=np.float32)[places % 4]

    best_passages(np.eye(4, dtype=np.float32)[:1], vectors_of, 25, k=3)
    assert reads[:4] == [[0, 16], list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert reads[4:] == [[0, 4, 8, 12, 16, 20, 24]]


def test_equal_scores_are_ordered_by_the_bytes_of_ids() -> None:
    ids = ["a", "Z", "ä", "10", "9", "文"]
    assert [ids[place] for place in trec_order(ids)] == ["文", "ä", "a", "Z", "9", "10"]


def test_fewer_passages_than_ranks() -> None:
    values = judged_outcomes(np.array([[0.0, 2.0, 1.0]]), [[2.0, 1.0, 1.0]])
    discounts = 1 / np.log2([2, 3, 4])
    assert values["ndcg_at_10"][0] == pytest.approx(
        (2 * discounts[1] + discounts[2]) / (2 * discounts[0] + discounts[1:].sum())
    )
    assert values["recall_at_100"][0] == pytest.approx(2 / 3)
    assert values["map_at_100"][0] == pytest.approx((1 / 2 + 2 / 3) / 3)


def test_an_empty_corpus_is_refused() -> None:
    with pytest.raises(DataError, match="0 passages"):
        best_passages(np.ones((1, 2), np.float32), lambda _: np.ones((0, 2), np.float32), 0)
