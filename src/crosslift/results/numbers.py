"""The kinds of numbers that records hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

_ROUNDING = 1e-9


def _check_share(value: float) -> float:
    """Sums of outcomes may leave [0, 1] by rounding errors, which are allowed."""
    if not -_ROUNDING <= value <= 1 + _ROUNDING:
        raise ValueError("a score in [0, 1]")
    return value


UnitScore = Annotated[float, AfterValidator(_check_share)]
"""A score in [0, 1]."""

Count = Annotated[int, Field(ge=0)]
"""A number of things."""
