"""Search among texts and pictures, with what each query, cluster and candidate is called."""

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
    """The ranks of N queries, and what they and their candidates are called.

    Args:
        ranks: of the queries.
        queries: their ids.
        clusters: what each belongs to.
        candidates: ids of the candidates.
        more: outcome -> float64 [N], of our protocols beside those of every search.
        theirs: computes the outcome float64 [N] of another project's metric.
    """

    ranks: Ranks
    queries: tuple[str, ...]
    clusters: tuple[str, ...]
    candidates: tuple[str, ...]
    more: Mapping[str, NDArray[np.float64]]
    theirs: Callable[[], NDArray[np.float64]]


def search(
    asking: Vectors,
    candidates: Vectors,
    gold: Sequence[Sequence[int]],
    queries: tuple[str, ...],
    clusters: tuple[str, ...],
    names: tuple[str, ...],
) -> Ranked:
    """The ranks of queries [N, D] among candidates [C, D] by cosine; theirs is nDCG at 10."""
    ranks = gold_ranks(asking, candidates, gold)
    return Ranked(
        ranks, queries, clusters, names, {}, partial(ndcg_at, asking, candidates, gold, 10)
    )


def rows(shown: Mapping[str, Vectors], items: Sequence[str]) -> Vectors:
    """The vectors of some pictures, float32 [N, D]."""
    return np.stack([shown[item] for item in items])
