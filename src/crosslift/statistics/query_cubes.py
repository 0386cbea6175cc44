"""Outcomes of queries as cubes, with one item for each cluster of queries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def dictionary_encoded(column: pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct values of a column, and the place of each row's value among them."""
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_numpy(zero_copy_only=False)
    return values, encoded.indices.to_numpy().astype(np.int64)


def as_many_seeds(cube: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """A cube of an arm that no seed changes, repeated for each seed of the arm it is compared with.

    Args:
        cube: float64 [1, items, languages], or with several seeds, which it keeps.
        other: float64 [seeds, items, languages].
    """
    if len(cube) > 1:
        return cube
    return np.broadcast_to(cube, (len(other), *cube.shape[1:]))


def cube_of(rows: pa.Table, outcome: str) -> tuple[NDArray[np.float64], list[str]]:
    """Outcomes of queries as a cube, with a row for each cluster of queries: float64 [seeds,
    clusters, languages], and the names of the clusters.

    Where a cluster has several queries (the captions of one picture), they count as one item, so that
    they are resampled together. Its outcome is R + (s - R n) / m, with the sum s of its n outcomes,
    the mean R over all queries, and the mean m of n over clusters: the mean over clusters is then R
    itself, whatever their sizes, and the mean of each resample is that of its queries to first order
    (the linearised ratio; Davison and Hinkley 1997, section 2.7.2). Where all sizes are one, it is
    the outcome itself; where all are equal, the mean of the cluster.

    Args:
        rows: with the columns seed, cluster, language and the outcome.
        outcome: its name.
    """
    places = []
    for name in ("seed", "cluster", "language"):
        values, codes = dictionary_encoded(rows[name])
        order = np.argsort(values)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        places.append((values[order], rank[codes]))
    shape = tuple(len(values) for values, _ in places)
    cell = np.ravel_multi_index(tuple(place for _, place in places), shape)
    size = int(np.prod(shape))
    counts = np.bincount(cell, minlength=size).reshape(shape)
    sums = np.bincount(cell, rows[outcome].to_numpy().astype(np.float64), size).reshape(shape)
    cube = np.where(counts > 0, sums, np.nan)
    if counts.max(initial=0) > 1:
        cube = _linearised(cube, counts)
    return cube, [str(cluster) for cluster in places[1][0]]


def _linearised(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums and counts of clusters [seeds, clusters, languages] as outcomes; NaN stays."""
    present = (counts > 0).sum(axis=1, keepdims=True)
    total = counts.sum(axis=1, keepdims=True)
    mean = np.nansum(sums, axis=1, keepdims=True) / total
    outcomes: NDArray[np.float64] = mean + (sums - mean * counts) / (total / present)
    return outcomes
