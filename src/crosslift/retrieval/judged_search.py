"""The best passages of queries by cosine, in the order of trec_eval, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.retrieval.similarity import FloatArray, IntArray

DEPTH = 100
"""Passages of each query that are retrieved."""
BLOCK = 50_000
"""Passages that are searched at once: 0.5 GB of vectors with 768 numbers and their screened copies."""


class RankedPassages(NamedTuple):
    """The best passages of Q queries.

    Args:
        places: int64 [Q, k], places of the passages, the best first.
        scores: float32 [Q, k], their cosines.
    """

    places: IntArray
    scores: NDArray[np.float32]


def trec_order(ids: Sequence[str]) -> IntArray:
    """Places of ids in the order in which trec_eval puts equal scores: by the bytes of the id,
    descending.

    Args:
        ids: N distinct ids.

    Returns:
        int64 [N].
    """
    keys = [name.encode() for name in ids]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__, reverse=True), np.int64)


def best_passages(
    queries: FloatArray,
    vectors_of: Callable[[slice], FloatArray],
    count: int,
    k: int = DEPTH,
    block: int = BLOCK,
) -> RankedPassages:
    """The k passages with the highest cosine of every query, exactly.

    One block of passages is searched after another, so memory beside the vectors of the queries is
    that of a block and of k passages for each query. Passages of equal scores keep their order.

    Args:
        queries: floats [Q, D].
        vectors_of: the vectors of a slice of the passages, floats [B, D].
        count: number of passages.
        k: passages of each query; if there are fewer, all of them.
        block: passages that are searched at once.

    Raises:
        DataError: no passages; vectors that are not finite, zero or of unequal width; k below 1.
    """
    from crosslift.retrieval.search import BlockSearch  # loads torch

    if count < 1:
        raise DataError("a corpus of 0 passages", "1 or more")
    search = BlockSearch(queries, k)
    for start in range(0, count, block):
        search.add(vectors_of(slice(start, min(start + block, count))))
    return RankedPassages(search.neighbours.indices, search.neighbours.scores)
