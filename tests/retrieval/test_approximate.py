"""Approximate search: exact cosines, an honest recall, no empty place, the same twice."""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from crosslift.errors import CrossLiftError, DataError, UnknownNameError
from crosslift.retrieval.approximate import ApproximateNeighbours, approximate_nearest
from crosslift.retrieval.search import nearest


def clustered(rows: int, seed: int, width: int = 16) -> np.ndarray:
    """Vectors around 30 centres that do not depend on the seed."""
    centres = np.random.default_rng(99).normal(size=(30, width))
    random = np.random.default_rng(seed)
    return centres[random.integers(0, 30, rows)] + random.normal(size=(rows, width)) / 2


def same(one: ApproximateNeighbours, two: ApproximateNeighbours) -> bool:
    return (
        np.array_equal(one.neighbours.indices, two.neighbours.indices)
        and np.array_equal(one.neighbours.scores, two.neighbours.scores)
        and (one.recall, one.sampled, one.completed) == (two.recall, two.sampled, two.completed)
    )


def recall_by_hand(indices: np.ndarray, queries: np.ndarray, candidates: np.ndarray) -> float:
    """Share of the neighbours that are as near as the k-th nearest, in plain float64."""
    cosines = (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ (
        candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    ).T
    kth = np.sort(cosines, axis=1)[:, -indices.shape[1], None]
    return float((np.take_along_axis(cosines, indices, axis=1) >= kth - 1e-9).mean())


@pytest.mark.parametrize("index", ["ivf", "hnsw"])
def test_found_neighbours_have_exact_cosines_and_an_honest_recall(index: Any) -> None:
    queries, candidates = clustered(150, 1), clustered(3000, 2)
    weak: dict[str, Any] = {"nprobe": 1} if index == "ivf" else {"ef_search": 1}
    result = approximate_nearest(queries, candidates, 4, index, **weak)
    good = approximate_nearest(queries, candidates, 4, index)
    assert good.recall > 0.97 and good.sampled == 150
    assert result.recall < good.recall
    for each in (result, good):
        indices, scores = each.neighbours.indices, each.neighbours.scores
        assert indices.dtype == np.int64 and scores.dtype == np.float32
        assert indices.shape == scores.shape == (150, 4)
        assert each.recall == pytest.approx(recall_by_hand(indices, queries, candidates), abs=1e-12)
        assert (np.diff(scores, axis=1) <= 0).all()
        assert all(len(set(row)) == 4 for row in indices.tolist())
        units = [
            rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, candidates)
        ]
        cosines = np.take_along_axis(units[0] @ units[1].T, indices, axis=1)
        np.testing.assert_allclose(scores, cosines, atol=1e-6)


def test_all_cells_searched_is_the_exact_search() -> None:
    queries, candidates = clustered(80, 3), clustered(1000, 4)
    result = approximate_nearest(queries, candidates, 5, "ivf", nprobe=10_000)
    exact = nearest(queries, candidates, 5)
    assert result.recall == 1
    np.testing.assert_array_equal(result.neighbours.indices, exact.indices)
    np.testing.assert_array_equal(result.neighbours.scores, exact.scores)


@pytest.mark.parametrize("index", ["ivf", "hnsw"])
def test_same_seed_same_result(index: Any) -> None:
    queries, candidates = clustered(60, 5), clustered(2000, 6)
    weak: dict[str, Any] = {"nprobe": 2} if index == "ivf" else {"ef_search": 4}
    runs = [
        approximate_nearest(queries, candidates, 3, index, seed=seed, sample=40, **weak)
        for seed in (7, 7, 8)
    ]
    assert same(runs[0], runs[1]) and runs[0].sampled == 40
    assert (runs[0].neighbours.indices != runs[2].neighbours.indices).any()


def test_a_sample_estimates_the_recall_of_all() -> None:
    queries, candidates = clustered(400, 1), clustered(2000, 2)
    whole = approximate_nearest(queries, candidates, 4, nprobe=2)
    part = approximate_nearest(queries, candidates, 4, nprobe=2, sample=200)
    np.testing.assert_array_equal(whole.neighbours.indices, part.neighbours.indices)
    assert part.sampled == 200 and abs(part.recall - whole.recall) < 0.1
    assert part.recall != whole.recall


def test_tied_candidates_count_whichever_of_them_was_found() -> None:
    # 50 copies of 40 vectors: 4 of 50 equal ones are right, whichever they are
    candidates = np.repeat(clustered(40, 9), 50, axis=0)
    result = approximate_nearest(candidates[::50], candidates, 4, nprobe=10_000)
    assert result.recall == 1 and (result.neighbours.scores > 0.999999).all()
    few = approximate_nearest(candidates[::50], candidates, 4, nprobe=1)
    assert few.recall == 1


def test_places_that_faiss_left_empty_are_searched_exactly() -> None:
    queries, candidates = clustered(50, 1), clustered(400, 2)
    result = approximate_nearest(queries, candidates, 300, nprobe=1)
    assert result.completed == 50 and result.recall == 1
    np.testing.assert_array_equal(
        result.neighbours.indices, nearest(queries, candidates, 300).indices
    )
    assert approximate_nearest(queries, candidates, 1, nprobe=1).completed == 0


def test_only_the_short_queries_are_searched_exactly() -> None:
    random = np.random.default_rng(0)
    lonely = np.array([10.0, 0, 0]) + random.normal(size=(2, 3)) / 50
    crowd = np.array([0, 10.0, 0]) + random.normal(size=(98, 3)) / 50
    candidates = np.concatenate([lonely, crowd])
    queries = np.array([[1.0, 0.01, 0], [0.01, 1.0, 0]])
    result = approximate_nearest(queries, candidates, 5, nprobe=1)
    assert result.completed == 1 and result.neighbours.indices.min() == 0
    np.testing.assert_array_equal(
        result.neighbours.indices[0], nearest(queries, candidates, 5).indices[0]
    )


@pytest.mark.parametrize("index", ["ivf", "hnsw"])
def test_k_larger_than_the_side_and_one_candidate(index: Any, capfd: Any) -> None:
    few = approximate_nearest(clustered(3, 1), clustered(5, 2), 9, index)
    assert few.neighbours.indices.shape == (3, 5) and few.recall == 1
    assert sorted(few.neighbours.indices[0].tolist()) == [0, 1, 2, 3, 4]
    one = approximate_nearest(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]), 1, index)
    assert one.neighbours.indices.tolist() == [[0]] and one.recall == 1
    assert one.neighbours.scores[0, 0] == pytest.approx(0.96, abs=1e-6)
    assert capfd.readouterr().err == ""


def test_tied_candidates_come_in_the_order_of_the_exact_search() -> None:
    order = np.random.default_rng(1).permutation(120)
    candidates = np.repeat(clustered(40, 9), 3, axis=0)[order]
    neighbours = approximate_nearest(clustered(30, 8), candidates, 6, nprobe=10_000).neighbours
    np.testing.assert_array_equal(
        neighbours.indices, nearest(clustered(30, 8), candidates, 6).indices
    )


def test_the_graph_is_built_on_one_thread_and_the_number_of_threads_is_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import faiss

    before, thread_counts = faiss.omp_get_max_threads(), []
    plain = faiss.IndexHNSWFlat.add

    def add(index: Any, vectors: np.ndarray) -> None:
        thread_counts.append(faiss.omp_get_max_threads())
        plain(index, vectors)

    monkeypatch.setattr(faiss.IndexHNSWFlat, "add", add)
    faiss.omp_set_num_threads(2)
    try:
        approximate_nearest(clustered(3, 1), clustered(50, 2), 2, "hnsw")
        assert thread_counts == [1] and faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)


def test_missing_faiss_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without_faiss(name: str, *args: Any) -> Any:
        if name == "faiss":
            raise ImportError("No module named 'faiss'")
        return plain(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_faiss)
    with pytest.raises(CrossLiftError, match=r"(?s)needs faiss.*pip install crosslift\[faiss\]"):
        approximate_nearest(clustered(3, 1), clustered(5, 2), 1)


def test_modules_of_mining_load_neither_torch_nor_faiss() -> None:
    code = (
        "import sys, crosslift.retrieval.approximate, crosslift.retrieval.margin_mining, "
        "crosslift.retrieval.margin, crosslift.retrieval.thresholds, crosslift.retrieval.folds, "
        "crosslift.sources.bucc_files; "
        "sys.exit(', '.join({'torch', 'faiss'} & set(sys.modules)) or 0)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"sample": 0}, "sample is 0"),
        ({"nprobe": 0}, "nprobe is 0"),
        ({"index": "hnsw", "ef_search": -3}, "ef_search is -3"),
        ({"ef_search": 64}, "ef_search is 64, but the index is 'ivf'"),
        ({"index": "hnsw", "nprobe": 8}, "nprobe is 8, but the index is 'hnsw'"),
        ({"queries": np.ones((2, 5))}, "queries have 5 dimensions, candidates 16"),
        ({"queries": np.full((2, 16), np.nan)}, "row 0 is not finite"),
        ({"candidates": np.zeros((2, 16))}, "row 0 is all zeros"),
    ],
)
def test_faulty_arguments(changed: dict[str, Any], message: str) -> None:
    arguments = {"queries": clustered(3, 1), "candidates": clustered(5, 2), "k": 2, **changed}
    with pytest.raises(DataError, match=message):
        approximate_nearest(**arguments)


def test_an_unknown_index() -> None:
    with pytest.raises(UnknownNameError, match="unknown index 'flat'"):
        approximate_nearest(clustered(3, 1), clustered(5, 2), 1, "flat")  # type: ignore[arg-type]
