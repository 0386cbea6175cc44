"""Tiles in which most pairs contend, as of vectors near one point: all their scores are computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.retrieval.contenders import Contenders, Score
from crosslift.retrieval.similarity import IntArray

_FIRST_PART = 16
_ERROR = 1e-11
"""More than two sums of one score in float64, in any order, differ by below 45,000 dimensions."""


def score_tile(
    src: NDArray[np.float32],
    tgt: NDArray[np.float32],
    first: tuple[int, int],
    rows: Contenders,
    columns: Contenders | None,
    scores: tuple[Score, Score],
) -> None:
    """Merges the pairs of a tile into the best of its rows and columns.

    One product in float64 says which pairs beat the best so far; these are scored as all others are.

    Args:
        src: unit rows of the tile [B, D].
        tgt: unit rows of its columns [C, D].
        first: numbers of the tile's first row and first column in their sides.
        rows: contenders of the tile's rows; none are waiting.
        columns: contenders of all of tgt; none are waiting. None: not wanted.
        scores: scores of pairs of rows and candidates, and of pairs of columns and candidates.
    """
    products = torch.from_numpy(src).double() @ torch.from_numpy(tgt).double().T
    for places in _doubling(len(tgt), rows.best.filled):
        row, column = _above(products[:, places], rows.best.floors())
        candidates = column + places.start + first[1]
        rows.best.merge(row, candidates, scores[0](row, candidates))
    rows.raise_to_best(slice(None))
    if columns is None:
        return
    part = slice(first[1], first[1] + len(tgt))
    for places in _doubling(len(src), columns.best.part(part).filled):
        column, row = _above(products[places].T, columns.best.floors()[part])
        candidates = row + places.start + first[0]
        queries = column + first[1]
        columns.best.merge(queries, candidates, scores[1](queries, candidates))
    columns.raise_to_best(part)


def _doubling(count: int, filled: bool) -> Iterator[slice]:
    """All places, in parts that double: each raises the floors, which few pairs of the next exceed."""
    start, stop = 0, count if filled else _FIRST_PART
    while start < count:
        yield slice(start, min(stop, count))
        start, stop = stop, 2 * stop


def _above(products: Tensor, floors: NDArray[np.float64]) -> tuple[IntArray, IntArray]:
    """Places [P] of products [Q, C] that, rounded to float32, may exceed the floor of their row [Q]:
    slightly too many, never too few."""
    least = np.nextafter(floors.astype(np.float32), np.float32(np.inf)).astype(np.float64)
    rounds_up = np.where(np.isfinite(floors), (floors + least) / 2 - _ERROR, -np.inf)
    queries, candidates = (products >= torch.from_numpy(rounds_up)[:, None]).nonzero(as_tuple=True)
    return queries.numpy(), candidates.numpy()
