"""Screening: which pairs may belong to the answer, from a cheap matrix product and a proven bound.

A score is the cosine s = x.y of two unit rows. With any two centres m and n,

    s = (x - m).(y - n) + (x.n - m.n) + m.y = x'.y' + a + b,

so rounding x' and y' to bfloat16 costs a part of what rounding x and y would where vectors crowd
around one direction, as those of text encoders do. a and b travel in the same product, each as two
extra columns (a bfloat16 number and what it leaves). With X, Y the rounded rows, the product's
result v differs from s - shift by at most

    |x' - X| |Y| + |x'| |y' - Y|            rounding of the rows (Cauchy-Schwarz)
    + |a - (a1 + a2)| + |b - (b1 + b2)|     what the two columns leave
    + K 2^-23 (|X| |Y| + |a| + |b|)         K products summed in float32, in any order
    + 2^-22                                 the exact score is itself rounded to float32

and is then rounded to bfloat16. Rounding never changes an order, so a pair with s >= floor has a
screened result >= (floor - shift - bound), rounded down. That is all the search relies on. The bound
is computed from the rows at hand (`ScreenedRows.slack`), not assumed.

Screened results are compared as integers: the bits of a float, with those of negative numbers turned
over, are in the order of the floats, and integers are compared several times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

UNIT = NDArray[np.float32]

EXTRA_COLUMNS = 4
COLUMNS_MULTIPLE = 8
"""Widths of the product: matrix units are slow on odd ones."""
SUM_ERROR = 2.0**-23
"""Relative error of one addition in float32, doubled for units that do not round to nearest."""
SCORE_ERROR = 2.0**-22
"""Of an exact score in float32, which is below 2 in size, with room."""


class Keys(NamedTuple):
    """The integers that stand for screened results.

    Args:
        floats: type of the screened results.
        integers: type of as many bits.
        sign: places that a number is shifted to leave its sign alone.
        turn: the bits of a negative number that are turned over.
        lowest: below every result; ``highest`` is above every result. The difference of any two
            keys fits the type, as results are below 2 in size.
        result_error: relative error of the rounding of a result to ``floats``, whichever way it rounds.
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
"""A sum in float32 is the result itself there: its error is part of the slack."""


@dataclass(frozen=True, slots=True)
class ScreenedRows:
    """Rows of one side, ready for the product.

    Args:
        rows: bfloat16 or float32 [N, K], rounded centred rows and the extra columns.
        rounding: float64 [N], |x' - X|.
        rounded_length: float64 [N], |X|.
        length: float64 [N], |x'|.
        offset: float64 [N], |a| or |b|.
        offset_left: float64 [N], what the two columns leave of it.
    """

    rows: Tensor
    rounding: NDArray[np.float64]
    rounded_length: NDArray[np.float64]
    length: NDArray[np.float64]
    offset: NDArray[np.float64]
    offset_left: NDArray[np.float64]

    def slack(self, other: ScreenedRows) -> NDArray[np.float64]:
        """The bound of every row here against any row of the other side: float64 [N]."""
        rows = self.rounding * other.rounded_length.max() + self.length * other.rounding.max()
        left = self.offset_left + other.offset_left.max()
        size = self.rounded_length * other.rounded_length.max() + self.offset + other.offset.max()
        bound: NDArray[np.float64] = rows + left + self.rows.shape[1] * SUM_ERROR * size
        return bound + SCORE_ERROR


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
        centre: what is subtracted from every row, float64 [D].
        offset: a or b of every row, float64 [N].
        dtype: bfloat16 or float32.
        first: whether the side is x (its offset stands in the first two extra columns, ones in the
            others) or y (the other way round).
    """
    count, width = units.shape
    padded = -(-(width + EXTRA_COLUMNS) // COLUMNS_MULTIPLE) * COLUMNS_MULTIPLE
    rows = torch.zeros(count, padded, dtype=dtype)
    measured = np.empty((3, count))
    middle = torch.from_numpy(centre)
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        wide = torch.from_numpy(units[part]).double() - middle
        rows[part, :width] = wide.to(dtype)
        rounded = rows[part, :width].double()
        for target, vectors in zip(measured, (wide - rounded, rounded, wide), strict=True):
            target[part] = vectors.norm(dim=1).numpy()
    high = torch.from_numpy(offset).to(dtype)
    low = (torch.from_numpy(offset) - high.double()).to(dtype)
    own, ones = (width, width + 2) if first else (width + 2, width)
    rows[:, own], rows[:, own + 1] = high, low
    rows[:, ones : ones + 2] = 1
    left = np.abs(offset - (high.double() + low.double()).numpy())
    rounding, rounded_length, length = measured
    return ScreenedRows(rows, rounding, rounded_length, length, np.abs(offset), left)


_ROWS_AT_ONCE = 1024


def keys_in_place(results: Tensor, keys: Keys, room: Tensor) -> Tensor:
    """Turns screened results into integers in the same order, in their own memory.

    Args:
        results: [B, C] of ``keys.floats``; overwritten.
        keys: of that type.
        room: [B, C] of ``keys.integers``; overwritten.

    Returns:
        [B, C] of ``keys.integers``, the memory of ``results``.
    """
    bits = results.view(keys.integers)
    torch.bitwise_right_shift(bits, keys.sign, out=room)
    room.bitwise_and_(keys.turn)
    return bits.bitwise_xor_(room)


def floor_keys(values: NDArray[np.float64], keys: Keys) -> Tensor:
    """The keys of values rounded down; below the keys of all results at or above the values.

    Minus zero stands just below zero, so a floor of zero takes it in.

    Args:
        values: float64, any shape; minus infinity gives ``lowest``.
        keys: of the screened results.
    """
    wide = torch.from_numpy(np.clip(values, -2.0, 2.0))
    near = wide.to(keys.floats)
    found = keys_in_place(near.clone(), keys, torch.empty_like(near, dtype=keys.integers))
    found = torch.where(near.double() > wide, found - 1, found)
    found = torch.where(found == 0, -1, found)
    lowest = torch.from_numpy(values <= -2.0)
    return torch.where(lowest, keys.lowest, found).clamp(keys.lowest, keys.highest)


def results_of_keys(found: Tensor, keys: Keys) -> NDArray[np.float64]:
    """The screened results that keys stand for."""
    bits = found.clone()
    turned = (bits >> keys.sign) & keys.turn
    results: NDArray[np.float64] = (bits ^ turned).view(keys.floats).double().numpy()
    return results
