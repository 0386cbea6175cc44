"""Screening: the pairs that may belong to the result, from a cheap matrix product and a proven bound.

A score is the cosine s = x.y of two unit rows. With any two centres m and n,

    s = (x - m).(y - n) + (x.n - m.n) + m.y = x'.y' + a + b,

so the error of rounding x' and y' to bfloat16 is smaller than the error of rounding x and y if all
vectors are near one direction, as the vectors of text encoders are. a and b are in the same product,
each as two extra columns (a bfloat16 number and the rounded remainder). With X, Y the rounded rows, the
product's result v differs from s - shift by at most

    |x' - X| |Y| + |x'| |y' - Y|            rounding of the rows (Cauchy-Schwarz)
    + |a - (a1 + a2)| + |b - (b1 + b2)|     remainders of the two columns
    + K 2^-23 (|X| |Y| + |a| + |b|)         K products summed in float32, in any order
    + 2^-22                                 the exact score is itself rounded to float32

and is then rounded to bfloat16. Rounding never reverses an order, so a pair with s >= floor has a
screened result >= (floor - shift - bound), rounded down. The search relies on nothing else. The bound
is computed from the actual rows (`ScreenedRows.slack`), not assumed.

Screened results are compared as integers: the bits of a float, inverted for negative numbers, are in
the order of the floats, and integers are compared several times faster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.retrieval.similarity import FloatArray, unit_rows

UNIT = NDArray[np.float32]

EXTRA_COLUMNS = 4
COLUMNS_MULTIPLE = 8
"""The width of the product is a multiple of this number: matrix units are slow on other widths."""
SUM_ERROR = 2.0**-23
"""Relative error of one addition in float32, doubled for units that do not round to nearest."""
SCORE_ERROR = 2.0**-22
"""Error of an exact score in float32, which is below 2 in size, rounded up generously."""


class Keys(NamedTuple):
    """The integers that represent screened results.

    Args:
        floats: type of the screened results.
        integers: type with the same number of bits.
        sign: number of bits to shift right so that only the sign remains.
        turn: bits of a negative number that are inverted.
        lowest: integer below every result, as results are above -1.95; ``highest`` is above every
            result.
        result_error: relative error of the rounding of a result to ``floats``, in either direction.
    """

    floats: torch.dtype
    integers: torch.dtype
    sign: int
    turn: int
    lowest: int
    highest: int
    result_error: float


KEYS = {
    torch.bfloat16: Keys(torch.bfloat16, torch.int16, 15, 2**15 - 1, -(2**14), 2**14, 1.01 * 2**-8),
    torch.float32: Keys(torch.float32, torch.int32, 31, 2**31 - 1, -(2**30), 2**30, 0.0),
}
"""In float32, the sum itself is the result: its error is part of the slack."""


@dataclass(frozen=True, slots=True)
class ScreenedRows:
    """Rows of one side, prepared for the product.

    Args:
        rows: rounded centred rows and the extra columns, bfloat16 or float32 [N, K].
        rounding: upper bound of |x' - X|, float64 [N].
        rounded_length: upper bound of |X|, float64 [N].
        length: upper bound of |x'|, float64 [N].
        offset: |a| or |b|, float64 [N].
        offset_error: remainder of the offset after the two columns, float64 [N].
    """

    rows: Tensor
    rounding: NDArray[np.float64]
    rounded_length: NDArray[np.float64]
    length: NDArray[np.float64]
    offset: NDArray[np.float64]
    offset_error: NDArray[np.float64]

    def slack(self, other: ScreenedRows) -> NDArray[np.float64]:
        """The bound of every row of this side with any row of the other side, float64 [N]."""
        rows = self.rounding * other.rounded_length.max() + self.length * other.rounding.max()
        offsets = self.offset_error + other.offset_error.max()
        size = self.rounded_length * other.rounded_length.max() + self.offset + other.offset.max()
        bound: NDArray[np.float64] = rows + offsets + self.rows.shape[1] * SUM_ERROR * size
        return bound + SCORE_ERROR

    def of_rows_within(self, error: float, centre: float) -> ScreenedRows:
        """The prepared rows with bounds for other rows, each at most this far from the rounded row.

        Args:
            error: largest distance between a row and the rounded row.
            centre: length of the other side's centre, which the offsets were computed with.
        """
        return replace(
            self,
            rounding=self.rounding + error,
            length=self.length + error,
            offset_error=self.offset_error + error * centre,
        )


def near_unit_rows(vectors: FloatArray) -> tuple[UNIT, float]:
    """The rows of a matrix, scaled to about length one in float32.

    Args:
        vectors: floats [N, D].

    Returns:
        float32 [N, D], and the largest distance of a row from the row of `unit_rows`.

    Raises:
        DataError: a row is not finite, or all zeros.
    """
    rows = torch.from_numpy(np.ascontiguousarray(vectors)).float()
    lengths = torch.linalg.vector_norm(rows, dim=1)
    if not bool(((lengths > _SHORTEST) & (lengths < _LONGEST)).all()):
        return unit_rows(vectors), 0.0
    # The error of a sum of squares in float32, in any order, and of five roundings.
    return (rows / lengths[:, None]).numpy(), (vectors.shape[1] + 8) * SUM_ERROR


def screened_rows(
    units: UNIT,
    centre: NDArray[np.float64],
    offset: NDArray[np.float64],
    dtype: torch.dtype,
    *,
    first: bool,
) -> ScreenedRows:
    """Rounds one side for the product.

    Args:
        units: unit rows, float32 [N, D].
        centre: vector subtracted from every row, float64 [D].
        offset: a or b of every row, float64 [N].
        dtype: bfloat16 or float32.
        first: whether the side is x (its offset is in the first two extra columns, the others are 1);
            else it is y (its offset is in the last two).
    """
    count, width = units.shape
    padded = -(-(width + EXTRA_COLUMNS) // COLUMNS_MULTIPLE) * COLUMNS_MULTIPLE
    rows = torch.zeros(count, padded, dtype=dtype)
    measured = np.empty((2, count))
    middle = torch.from_numpy(centre).float()
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        centred = torch.from_numpy(units[part]) - middle
        rows[part, :width] = centred.to(dtype)
        rounded = rows[part, :width].float()
        for target, vectors in zip(measured, (centred - rounded, rounded), strict=True):
            target[part] = torch.linalg.vector_norm(vectors, dim=1).numpy()
    # The error of sums of squares in float32, in any order; squares below its range are lost.
    rounding, rounded_length = measured * (1 + width * SUM_ERROR) + _LOST_SQUARES
    # The error of the centre and of its subtraction in float32; a number less its rounding is exact.
    rounding += SUM_ERROR * rounded_length + np.linalg.norm(centre - middle.double().numpy())
    rounding *= 1 + SUM_ERROR
    length = rounded_length + rounding
    high = torch.from_numpy(offset).to(dtype)
    low = (torch.from_numpy(offset) - high.double()).to(dtype)
    offset_column, ones_column = (width, width + 2) if first else (width + 2, width)
    rows[:, offset_column], rows[:, offset_column + 1] = high, low
    rows[:, ones_column : ones_column + 2] = 1
    offset_error = np.abs(offset - (high.double() + low.double()).numpy())
    return ScreenedRows(rows, rounding, rounded_length, length, np.abs(offset), offset_error)


_ROWS_AT_ONCE = 256
"""Number of rows whose numbers stay in the processor's cache."""
_SHORTEST, _LONGEST = 1e-12, 1e15
"""Rows between these lengths lose no square that matters, and none is too large, in float32."""
_LOST_SQUARES = 1e-15
"""Largest length of a row of 10 million numbers with squares too small for float32."""


def keys_in_place(results: Tensor, keys: Keys, buffer: Tensor) -> Tensor:
    """Converts screened results to integers in the same order, in place.

    Args:
        results: screened results, [B, C] of ``keys.floats``; overwritten.
        keys: type of the keys.
        buffer: memory, [B, C] of ``keys.integers``; overwritten.

    Returns:
        [B, C] of ``keys.integers``, the memory of ``results``.
    """
    bits = results.view(keys.integers)
    torch.bitwise_right_shift(bits, keys.sign, out=buffer)
    buffer.bitwise_and_(keys.turn)
    return bits.bitwise_xor_(buffer)


def floor_keys(values: NDArray[np.float64], keys: Keys) -> Tensor:
    """The keys of values rounded down: no higher than the keys of all results at or above the values.

    The key of minus zero is just below the key of zero, so a floor of zero includes it.

    Args:
        values: float64, any shape; the key of minus infinity is ``lowest``.
        keys: type of the keys of screened results.
    """
    wide = torch.from_numpy(np.clip(values, -2.0, 2.0))
    near = wide.to(keys.floats)
    integers = keys_in_place(near.clone(), keys, torch.empty_like(near, dtype=keys.integers))
    integers = torch.where(near.double() > wide, integers - 1, integers)
    integers = torch.where(integers == 0, -1, integers)
    lowest = torch.from_numpy(values <= -2.0)
    return torch.where(lowest, keys.lowest, integers).clamp(keys.lowest, keys.highest)


def results_of_keys(integers: Tensor, keys: Keys) -> NDArray[np.float64]:
    """The screened results of keys."""
    bits = integers.clone()
    inverted = (bits >> keys.sign) & keys.turn
    results: NDArray[np.float64] = (bits ^ inverted).view(keys.floats).double().numpy()
    return results
