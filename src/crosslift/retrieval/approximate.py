"""Approximate nearest neighbours by faiss, for sides too large for an exact search.

An approximate search misses neighbours, and their number depends on the vectors. So the recall of
each search is measured, against the exact search on a sample of the queries, and is part of the
result. The cosines of the result are exact: they are computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import CrossLiftError, DataError, UnknownNameError
from crosslift.retrieval.ranks import check_widths
from crosslift.retrieval.similarity import FloatArray, IntArray, unit_rows

if TYPE_CHECKING:
    from crosslift.retrieval.search import Neighbours

ApproximateIndex = Literal["ivf", "hnsw"]
"""`ivf`: candidates in cells, of which the nearest are searched. `hnsw`: a graph of neighbours."""

POINTS_PER_CELL = 39
"""Candidates that faiss requires for each cell that it trains."""
LINKS = 32
"""Links of each candidate in the graph."""
BUILD_WIDTH = 200
"""Candidates that are examined for each link while the graph is built."""


@dataclass(frozen=True, slots=True)
class ApproximateNeighbours:
    """Neighbours of an approximate search, and their recall.

    Args:
        neighbours: neighbours of all queries; every cosine is exact, no place is empty.
        recall: share of the places of the sampled queries that have a true neighbour. A neighbour
            counts as true if its cosine is at least the exact k-th, so that it does not matter
            which of several tied candidates the search returned.
        sampled: number of queries that ``recall`` was measured on.
        completed: number of queries for which faiss returned fewer than k candidates, and which
            were searched exactly instead.
    """

    neighbours: Neighbours
    recall: float
    sampled: int
    completed: int


def approximate_nearest(
    queries: FloatArray,
    candidates: FloatArray,
    k: int,
    index: ApproximateIndex = "ivf",
    *,
    sample: int = 1000,
    seed: int = 0,
    nprobe: int | None = None,
    ef_search: int | None = None,
) -> ApproximateNeighbours:
    """Finds about the k nearest candidates of each query by cosine, and measures the recall.

    The same inputs, settings and machine give the same result. Therefore the `hnsw` graph is built on
    one thread, since faiss adds links in the order of its threads; `ivf` uses all threads.

    faiss marks a place by -1 if it returns fewer than k candidates, as from cells with too few.
    Such queries are searched exactly, so that no place is empty.

    Args:
        queries: floats [Q, D]; lengths do not matter.
        candidates: floats [C, D].
        k: neighbours of each query; if above C, the result has C columns.
        index: `ivf` (Johnson et al. 2017, arXiv 1702.08734) or `hnsw` (Malkov and Yashunin 2016,
            arXiv 1603.09320).
        sample: number of queries to measure the recall on; all if there are fewer.
        seed: seed of the sample and of the index.
        nprobe: number of cells that `ivf` searches. None: 1/32 of the cells and at least 16. There
            are 4 sqrt(C) cells, or fewer so that each has 39 candidates.
        ef_search: candidates in the queue while `hnsw` searches its graph. None: 128, or 4 k if more.

    Returns:
        Neighbours [Q, k], score descending and then index ascending, with their recall.

    Raises:
        CrossLiftError: faiss is not installed.
        UnknownNameError: another index.
        DataError: vectors that are not finite, zero or of unequal width; ``k``, ``sample`` or a
            setting below 1; a setting of the other index.
    """
    _check(k, sample, index, nprobe, ef_search)
    faiss = _faiss()
    from crosslift.retrieval.search import nearest

    units, targets = unit_rows(queries), unit_rows(candidates)
    check_widths(queries, candidates)
    k = min(k, len(targets))
    if index == "ivf":
        built = _ivf(faiss, targets, seed, nprobe)
    else:
        built = _hnsw(faiss, targets, seed, ef_search or max(128, 4 * k))
    _, indices = built.search(units, k)
    short = np.flatnonzero((indices < 0).any(axis=1))
    if len(short):
        indices[short] = nearest(queries[short], candidates, k).indices
    neighbours = _scored(units, targets, indices)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(units))[:sample])
    exact = nearest(queries[chosen], candidates, k)
    recall = float((neighbours.scores[chosen] >= exact.scores[:, -1:]).mean())
    return ApproximateNeighbours(neighbours, recall, len(chosen), len(short))


def _ivf(faiss: Any, targets: NDArray[np.float32], seed: int, nprobe: int | None) -> Any:
    width = targets.shape[1]
    cells = max(1, min(int(4 * len(targets) ** 0.5), len(targets) // POINTS_PER_CELL))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.cp.min_points_per_centroid = 1  # under 39 candidates: one cell, and no warning
    index.train(targets)
    index.add(targets)
    index.nprobe = min(nprobe or max(16, cells // 32), cells)
    return index


def _hnsw(faiss: Any, targets: NDArray[np.float32], seed: int, ef_search: int) -> Any:
    index = faiss.IndexHNSWFlat(targets.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_WIDTH
    index.hnsw.efSearch = ef_search
    index.hnsw.rng = faiss.RandomGenerator(seed)
    with _one_thread(faiss):
        index.add(targets)
    return index


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _scored(
    units: NDArray[np.float32], targets: NDArray[np.float32], indices: IntArray
) -> Neighbours:
    """Candidates [Q, k] with their exact cosines, sorted by these."""
    from crosslift.retrieval.search import Neighbours, exact_scores

    rows = np.repeat(np.arange(len(units)), indices.shape[1])
    scores = exact_scores(units, targets, rows, indices.ravel()).reshape(indices.shape)
    order = np.lexsort((indices, -scores), axis=1)
    return Neighbours(
        np.take_along_axis(indices, order, axis=1), np.take_along_axis(scores, order, axis=1)
    )


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise CrossLiftError(
            f"approximate search needs faiss, which cannot be imported: {error}",
            "the package faiss-cpu",
            "pip install crosslift[faiss]",
        ) from error
    return faiss


def _check(k: int, sample: int, index: str, nprobe: int | None, ef_search: int | None) -> None:
    if index not in get_args(ApproximateIndex):
        raise UnknownNameError("index", index, get_args(ApproximateIndex))
    settings = {"k": k, "sample": sample, "nprobe": nprobe, "ef_search": ef_search}
    for name, value in settings.items():
        if value is not None and value < 1:
            raise DataError(f"{name} is {value}", "at least 1")
    foreign = "ef_search" if index == "ivf" else "nprobe"
    if settings[foreign] is not None:
        raise DataError(f"{foreign} is {settings[foreign]}, but the index is {index!r}", "None")
