"""Search among texts and pictures, with the ids of queries, clusters and candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.ndcg import ndcg_at
from crosslift.retrieval.ranks import Ranks, gold_ranks
from crosslift.targets.query_outcomes import Vectors


class Ranked(NamedTuple):
    """The ranks of N queries, with the ids of queries and candidates.

    Args:
        ranks: ranks of the queries.
        queries: their ids.
        clusters: the cluster of each query.
        candidates: ids of the candidates.
        more: outcome -> float64 [N], of our protocols, besides those of every search.
        theirs: computes the outcome float64 [N] of another project's metric.
    """

    ranks: Ranks
    queries: tuple[str, ...]
    clusters: tuple[str, ...]
    candidates: tuple[str, ...]
    more: Mapping[str, NDArray[np.float64]]
    theirs: Callable[[], NDArray[np.float64]]


def search(
    query_vectors: Vectors,
    candidate_vectors: Vectors,
    gold: Sequence[Sequence[int]],
    queries: tuple[str, ...],
    clusters: tuple[str, ...],
    names: tuple[str, ...],
) -> Ranked:
    """The ranks of queries [N, D] among candidates [C, D] by cosine; ``theirs`` is nDCG at 10."""
    ranks = gold_ranks(query_vectors, candidate_vectors, gold)
    return Ranked(
        ranks,
        queries,
        clusters,
        names,
        {},
        partial(ndcg_at, query_vectors, candidate_vectors, gold, 10),
    )


def rows(vectors: Mapping[str, Vectors], items: Sequence[str]) -> Vectors:
    """The vectors of some pictures, float32 [N, D]."""
    return np.stack([vectors[item] for item in items])
