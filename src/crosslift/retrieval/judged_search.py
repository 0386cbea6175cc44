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
    # Code points, by which Python compares, are in the order of their bytes in UTF-8.
    return np.array(sorted(range(len(ids)), key=ids.__getitem__, reverse=True), np.int64)


def best_passages(
    queries: FloatArray,
    vectors_of: Callable[[IntArray], FloatArray],
    count: int,
    k: int = DEPTH,
) -> RankedPassages:
    """The k passages with the highest cosine of every query, exactly.

    The passages are read in small parts, so that their vectors need not be in memory. Passages of equal
    scores keep their order.

    Args:
        queries: floats [Q, D].
        vectors_of: places [P] of passages -> their vectors, floats [P, D].
        count: number of passages.
        k: passages of each query; if there are fewer, all of them.

    Raises:
        DataError: no passages; vectors that are not finite, zero or of unequal width; k below 1.
    """
    from crosslift.retrieval.pool_search import PoolSearch  # loads torch

    if count < 1:
        raise DataError("a corpus of 0 passages", "1 or more")
    best = PoolSearch(queries, vectors_of, count, k).run()
    return RankedPassages(best.indices, best.scores)
