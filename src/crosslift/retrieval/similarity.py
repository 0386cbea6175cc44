"""Cosine similarity of rows of vectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosslift.errors import DataError

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]

_ROWS_AT_ONCE = 256
_SMALLEST_SQUARES, _LARGEST_SQUARES = 1e-200, 1e200
"""Sums of squares between them lose nothing that matters in float64."""
BLOCK_CELLS = 4_000_000
"""The most scores in memory at once: about 100 MB with their products and masks."""


@dataclass(frozen=True, slots=True)
class DistinctRows:
    """The distinct rows of a matrix, in the order of their first appearance.

    Args:
        rows: float32 [U, D], no two of them byte-identical.
        place: [N], for each row of the matrix its index in ``rows``.
        first: [U], index of the first row of the matrix that equals ``rows[u]``; ascending.
        copies: [U], number of rows of the matrix that equal ``rows[u]``.
    """

    rows: NDArray[np.float32]
    place: IntArray
    first: IntArray
    copies: IntArray


def check_vectors(vectors: FloatArray, name: str = "vectors") -> None:
    """Raises an error unless every row of ``vectors`` has a direction.

    Args:
        vectors: floats [N, D].
        name: name of the vectors in the message.

    Raises:
        DataError: not a matrix of floats, no rows, a row that is not finite or all zeros; the
            message names the first such row.
    """
    _check_matrix(vectors, name)
    lowest, highest = vectors.min(axis=1), vectors.max(axis=1)  # NaN where a row has one
    _refuse_rows(np.isfinite(lowest) & np.isfinite(highest), name, "is not finite")
    _refuse_rows((lowest != 0) | (highest != 0), name, "is all zeros")


def _check_matrix(vectors: FloatArray, name: str) -> None:
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise DataError(
            f"{name}: got an array of {vectors.dtype} of shape {vectors.shape}",
            "a matrix of floats, one row per text or picture",
        )
    if 0 in vectors.shape:
        raise DataError(f"{name}: the matrix of shape {vectors.shape} is empty", "at least one row")


def _refuse_rows(good: ArrayLike, name: str, fault: str) -> None:
    bad = ~np.asarray(good, np.bool_)
    if bad.any():
        raise DataError(
            f"{name}: row {int(bad.argmax())} {fault} ({int(bad.sum())} of {len(bad)} rows)",
            "finite vectors that have a direction",
            "look for an empty text, a picture that failed to load or a training that diverged",
        )


def unit_rows(vectors: FloatArray) -> NDArray[np.float32]:
    """The rows of ``vectors``, scaled to length one.

    Lengths are computed in float64, after division by the row's largest value where their squares would
    leave its range, so that neither tiny nor huge rows lose their direction. Equal rows give
    byte-identical results: -0.0 becomes 0.0.

    Args:
        vectors: floats [N, D].

    Returns:
        float32 [N, D].

    Raises:
        DataError: a row that is not finite or all zeros.
    """
    from torch import get_num_threads  # vectors are checked without torch

    _check_matrix(vectors, "vectors")
    units = np.empty(vectors.shape, np.float32)
    lengths = np.empty((len(vectors), 1))

    def scale(rows: slice) -> None:
        memory = np.empty((_ROWS_AT_ONCE, vectors.shape[1]))
        for start in range(rows.start, rows.stop, _ROWS_AT_ONCE):
            part = slice(start, min(start + _ROWS_AT_ONCE, rows.stop))
            wide = memory[: part.stop - start]
            wide[:] = vectors[part]
            with np.errstate(all="ignore"):  # rows without a direction are refused below
                lengths[part] = _lengths(wide)
                wide *= 1 / lengths[part]
            units[part] = wide
            units[part] += np.float32(0)

    threads = min(get_num_threads(), -(-len(vectors) // _ROWS_AT_ONCE))
    ends = np.linspace(0, len(vectors), threads + 1).astype(int).tolist()
    if threads == 1:
        scale(slice(*ends))
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(scale, map(slice, ends, ends[1:])))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        check_vectors(vectors)
    return units


def _lengths(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths [N, 1] of rows; rows whose squares leave the range of float64 are scaled in place."""
    squares = np.einsum("nd,nd->n", rows, rows)
    extreme = ~((squares > _SMALLEST_SQUARES) & (squares < _LARGEST_SQUARES))
    if extreme.any():
        rows[extreme] /= np.abs(rows[extreme]).max(axis=1, keepdims=True)
        squares[extreme] = np.einsum("nd,nd->n", rows[extreme], rows[extreme])
    lengths: NDArray[np.float64] = np.sqrt(squares)[:, None]
    return lengths


def distinct_rows(units: NDArray[np.float32]) -> DistinctRows:
    """Groups byte-identical rows, so that each is scored once and equal texts tie exactly.

    Args:
        units: float32 [N, D].

    Returns:
        The distinct rows, numbered by first appearance.
    """
    dense = np.ascontiguousarray(units)
    keys = dense.view(np.dtype((np.void, dense.shape[1] * dense.itemsize))).ravel()
    _, first, place, copies = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return DistinctRows(dense[first[order]], number[place], first[order], copies[order])


def cosine_block(
    queries: NDArray[np.float32], candidates: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Scores of every query against every candidate.

    Products are computed in float64 and rounded to float32. So the result does not depend on the
    blocks of the matrix kernel, and candidates with equal cosines tie as they should.

    Args:
        queries: unit rows [B, D].
        candidates: unit rows [U, D], converted to float64 once by the caller.

    Returns:
        float32 [B, U].
    """
    products = queries.astype(np.float64) @ candidates.T
    return products.astype(np.float32)


def rows_per_block(columns: int, chunk: int | None) -> int:
    """Number of rows of ``columns`` scores in memory at once.

    Args:
        columns: scores per row.
        chunk: this many rows. None: as many as keep the block under ``BLOCK_CELLS``.

    Returns:
        At least 1.

    Raises:
        DataError: ``chunk`` below 1.
    """
    if chunk is None:
        return max(1, BLOCK_CELLS // columns)
    if chunk < 1:
        raise DataError(f"chunk is {chunk}", "at least one query at a time")
    return chunk
