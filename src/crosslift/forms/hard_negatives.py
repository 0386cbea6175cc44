"""Hard negatives of text pairs: texts of other pairs that are similar to the right one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from crosslift.errors import DataError
from crosslift.forms.alike import text_numbers
from crosslift.forms.form import Rows
from crosslift.retrieval.similarity import unit_rows

Nearness = Literal["string", "embedding"]

NEIGHBOURS = 10
"""Number of nearest texts that a pair's hard negatives are drawn from."""
LETTERS = 3
"""Length in letters of the pieces that measure string similarity."""
_BLOCK = 1024
_AT_ONCE = 512


class HardNegatives:
    """For each pair, the positives of other pairs that are nearest to its positive.

    Args:
        nearness: ``string``: shared pieces of three letters (the ends of a text are marked) over the
            pieces that either text has; ``embedding``: cosine of the vectors.
        texts: N positives.
        groups: int64 [N]; pairs of one group are never negatives of one another, and equal texts are
            not, either.
        read: maps rows to their positives' vectors, float32 [n, D]; called only for ``embedding``.

    Raises:
        DataError: a pair has no negative: all texts are of its group, or equal to its positive.
    """

    def __init__(
        self,
        nearness: Nearness,
        texts: Sequence[str],
        groups: NDArray[np.int64],
        read: Callable[[Rows], NDArray[np.float32]],
    ) -> None:
        if len(texts) == 0 or len(np.unique(groups)) < 2:
            raise DataError(
                f"hard negatives among {len(texts)} pairs of one group",
                "pairs of two groups or more",
            )
        likeness = _letters(texts) if nearness == "string" else _vectors(len(texts), read)
        same = text_numbers(texts)[0]
        parts = [
            _nearest(likeness(slice(start, start + _BLOCK)), start, (groups, same))
            for start in range(0, len(texts), _BLOCK)
        ]
        self._nearest = np.concatenate([rows for rows, _ in parts])
        self._count = np.concatenate([counts for _, counts in parts])
        if not self._count.all():
            text = texts[int(self._count.argmin())]
            raise DataError(f"the pair of {text!r} has no hard negative", "other texts")

    def draw(self, rows: Rows, generator: np.random.Generator) -> Rows:
        """One of the nearest texts for each of some rows, int64 [n]."""
        places = (generator.random(len(rows)) * self._count[rows]).astype(np.int64)
        negatives: Rows = self._nearest[rows, places]
        return negatives


_Likeness = Callable[[slice], NDArray[np.floating]]
"""Maps a block of n rows to their likeness to all rows, floats [n, N]."""


def _nearest(
    likeness: NDArray[np.floating], start: int, numbers: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The nearest rows with other numbers (of groups, of equal texts), int64 [n, K], nearest first, and
    the number of such rows, int64 [n]."""
    masked = likeness
    for each_numbers in numbers:
        block_numbers = each_numbers[start : start + len(likeness)]
        masked = np.where(block_numbers[:, None] == each_numbers[None, :], -np.inf, masked)
    order = np.argsort(-masked, axis=1, kind="stable")[:, :NEIGHBOURS]
    counts = np.isfinite(np.take_along_axis(masked, order, axis=1)).sum(axis=1)
    return order, counts


def _letters(texts: Sequence[str]) -> _Likeness:
    pieces = [_pieces(text) for text in texts]
    numbers = {piece: n for n, piece in enumerate(sorted(set(chain.from_iterable(pieces))))}
    places = [numbers[piece] for text_pieces in pieces for piece in sorted(text_pieces)]
    sizes = np.array([len(text_pieces) for text_pieces in pieces])
    matrix = sparse.csr_array(
        (np.ones(len(places), np.float32), places, np.concatenate([[0], np.cumsum(sizes)])),
        shape=(len(texts), len(numbers)),
    )

    def likeness(block: slice) -> NDArray[np.floating]:
        shared = (matrix[block] @ matrix.T).toarray()
        shares: NDArray[np.floating] = shared / (sizes[block, None] + sizes[None, :] - shared)
        return shares

    return likeness


def _pieces(text: str) -> set[str]:
    marked = f" {text.casefold()} "
    return {marked[i : i + LETTERS] for i in range(max(1, len(marked) - LETTERS + 1))}


def _vectors(count: int, read: Callable[[Rows], NDArray[np.float32]]) -> _Likeness:
    with torch.inference_mode():
        parts = [
            read(np.arange(start, min(start + _AT_ONCE, count)))
            for start in range(0, count, _AT_ONCE)
        ]
    rows = unit_rows(np.concatenate(parts))
    return lambda block: rows[block] @ rows.T
