"""The centres and the shift with which two sides are screened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.retrieval.screening import ScreenedRows, near_unit_rows, screened_rows
from crosslift.retrieval.similarity import FloatArray

_SAMPLE = 256
"""Number of rows that the shift is estimated from."""
_ROWS_AT_ONCE = 256
"""Number of rows whose numbers in float64 stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The centres and the shift to subtract from both sides and from their scores. Any frame is
    correct; a frame near the rows gives a sharp bound.

    Args:
        src_centre: centre of the rows of src, float64 [D].
        tgt_centre: centre of the rows of tgt, float64 [D].
        shift: number subtracted from all scores.
        dtype: type of the screened rows.
    """

    src_centre: NDArray[np.float64]
    tgt_centre: NDArray[np.float64]
    shift: float
    dtype: torch.dtype

    @classmethod
    def near(
        cls, src: NDArray[np.float32], tgt: NDArray[np.float32], k: int, dtype: torch.dtype
    ) -> Frame:
        """A frame for the k best rows of tgt of every row of src.

        Args:
            src: unit rows [N, D], some of src or all.
            tgt: unit rows [M, D], some of tgt or all.
            k: number of neighbours.
            dtype: type of the screened rows.
        """
        return cls(_centre(src), _centre(tgt), _usual_shift(src, tgt, k), dtype)

    def src(self, units: NDArray[np.float32]) -> ScreenedRows:
        """Unit rows of src, prepared for the product."""
        offset = _products(units, self.tgt_centre) - self.src_centre @ self.tgt_centre
        return screened_rows(units, self.src_centre, offset, self.dtype, first=True)

    def tgt(self, units: NDArray[np.float32]) -> ScreenedRows:
        """Unit rows of tgt, prepared for the product."""
        offset = _products(units, self.src_centre) - self.shift
        return screened_rows(units, self.tgt_centre, offset, self.dtype, first=False)

    def tgt_of_any_length(self, vectors: FloatArray) -> ScreenedRows:
        """Rows of tgt, prepared for the product without their unit rows, which cost more.

        Args:
            vectors: rows of any length, floats [N, D].

        Raises:
            DataError: a row is not finite, or all zeros.
        """
        units, error = near_unit_rows(vectors)
        return self.tgt(units).of_rows_within(error, float(np.linalg.norm(self.src_centre)))


def _usual_shift(src: NDArray[np.float32], tgt: NDArray[np.float32], k: int) -> float:
    """An estimate, from a sample, of a score below the k-th best of nearly all rows.

    It is subtracted from all results: results near zero are rounded least, and results above zero need
    no change to be compared as integers. It is at most 0.9 in size, so that results stay below 2.
    """
    some = src[:: -(-len(src) // _SAMPLE)]
    others = tgt[:: -(-len(tgt) // (16 * _SAMPLE))]
    kth = np.partition(some @ others.T, -min(k, len(others)), axis=1)[:, -min(k, len(others))]
    low, usual = np.quantile(kth, [0.02, 0.5])
    return float(np.clip(low - (usual - low), -0.9, 0.9))


def _centre(units: NDArray[np.float32]) -> NDArray[np.float64]:
    """The approximate mean of rows [N, D], float64 [D]."""
    mean: NDArray[np.float64] = torch.from_numpy(units).mean(dim=0).double().numpy()
    return mean


def _products(units: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products [N] of rows with one vector, in float64, without a wide copy of all rows."""
    parts = torch.from_numpy(units).split(_ROWS_AT_ONCE)
    wide = torch.from_numpy(vector)
    products: NDArray[np.float64] = torch.cat([part.double().mv(wide) for part in parts]).numpy()
    return products
