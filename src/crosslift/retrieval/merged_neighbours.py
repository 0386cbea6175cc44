"""Neighbours of both sides from shares of the src rows, each of which was searched in all of tgt.

The neighbours of a share's src rows are final; those of tgt rows are the best among its rows, and
`merged` takes the best of all shares. The result is that of one search, ties included.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.neighbours import BothNeighbours, Neighbours

_ROWS_MERGED = 65_536


def merged(shares: Iterable[BothNeighbours], k: int) -> BothNeighbours:
    """The neighbours of all rows, from all shares.

    Args:
        shares: one or more, in the order of their src rows; numbers begin with 0 in each of them.
        k: neighbours of each row.

    Returns:
        [N, min(k, M)] and [M, min(k, N)].
    """
    rows, columns = list[Neighbours](), None
    offset = 0
    for share in shares:
        rows.append(share.src_to_tgt)
        more = Neighbours(share.tgt_to_src.indices + offset, share.tgt_to_src.scores)
        columns = more if columns is None else _best(columns, more, k)
        offset += len(share.src_to_tgt)
    if columns is None:
        raise ValueError("no shares")
    indices, scores = (np.concatenate([getattr(r, n) for r in rows]) for n in ("indices", "scores"))
    return BothNeighbours(Neighbours(indices, scores), columns)


def _best(first: Neighbours, second: Neighbours, k: int) -> Neighbours:
    """The k best of two lists for each query; of equal scores, the lower index."""
    width = min(k, first.indices.shape[1] + second.indices.shape[1])
    indices = np.empty((len(first.indices), width), np.int64)
    scores = np.empty((len(first.indices), width), np.float32)
    for start in range(0, len(indices), _ROWS_MERGED):
        part = slice(start, start + _ROWS_MERGED)
        both: NDArray[np.int64] = np.hstack([first.indices[part], second.indices[part]])
        values: NDArray[np.float32] = np.hstack([first.scores[part], second.scores[part]])
        order = np.lexsort((both, -values), axis=1)[:, :width]
        indices[part] = np.take_along_axis(both, order, axis=1)
        scores[part] = np.take_along_axis(values, order, axis=1)
    return Neighbours(indices, scores)
