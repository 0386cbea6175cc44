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
"""Passages whose vectors are held at once. Larger blocks score fewer pairs, but take fresh memory."""
_SAMPLE_SHARE, _SAMPLE_OF_K = 16, 128
"""A sample gives the first floors: one of this many passages, but at most this many times k."""


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
    vectors_of: Callable[[slice], FloatArray],
    count: int,
    k: int = DEPTH,
    block: int = BLOCK,
) -> RankedPassages:
    """The k passages with the highest cosine of every query, exactly.

    The passages are read in small parts, after a sample of the whole pool. The vectors of a block of
    them are held in memory. Passages of equal scores keep their order.

    Args:
        queries: floats [Q, D].
        vectors_of: the vectors of a slice of the passages, floats [B, D]; a step may leave some out.
        count: number of passages.
        k: passages of each query; if there are fewer, all of them.
        block: passages whose vectors are held at once.

    Raises:
        DataError: no passages; vectors that are not finite, zero or of unequal width; k below 1.
    """
    from crosslift.retrieval.pool_search import PART, PoolSearch  # loads torch

    if count < 1:
        raise DataError("a corpus of 0 passages", "1 or more")
    block = min(count, block)
    part = min(PART, block)
    most = min(block, _SAMPLE_OF_K * max(k, 1))
    sample = vectors_of(slice(0, count, max(_SAMPLE_SHARE, -(-count // most))))
    search = PoolSearch(queries, sample, k, block)
    for start in range(0, count, part):
        search.add(vectors_of(slice(start, min(start + part, count))))
    best = search.neighbours
    return RankedPassages(best.indices, best.scores)
