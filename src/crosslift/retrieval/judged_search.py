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
    from crosslift.retrieval.search import nearest  # loads torch

    if count < 1:
        raise DataError("a corpus of 0 passages", "1 or more")
    best = RankedPassages(
        np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    )
    for start in range(0, count, block):
        nearest_here = nearest(queries, vectors_of(slice(start, min(start + block, count))), k)
        part = RankedPassages(nearest_here.indices + start, nearest_here.scores)
        best = _merged(best, part, k)
    return best


def _merged(best: RankedPassages, part: RankedPassages, k: int) -> RankedPassages:
    """The k best of two parts; of equal scores, those of the first part come first."""
    places = np.concatenate([best.places, part.places], axis=1)
    scores = np.concatenate([best.scores, part.scores], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return RankedPassages(
        np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)
    )
