"""The options of a form that a study may change, and their legal values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a form.

    Args:
        kind: type of the option's values; a float may be written as a whole number.
        expected: the legal values, for errors.
        within: whether a value of that type is legal; None: all are.
        none: whether the value may be none.
        several: whether its value is a list of one or more such values.
    """

    kind: type[bool] | type[int] | type[float] | type[str]
    expected: str
    within: Callable[[Any], bool] | None = None
    none: bool = False
    several: bool = False

    def accepts(self, value: object) -> bool:
        """Whether a value from YAML is legal. True is no number, and 1 is not True."""
        if value is None:
            return self.none
        if not self.several:
            return self._accepts_one(value)
        return (
            isinstance(value, (list, tuple)) and bool(value) and all(map(self._accepts_one, value))
        )

    def _accepts_one(self, value: object) -> bool:
        kinds = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, kinds) or isinstance(value, bool) != (self.kind is bool):
            return False
        if isinstance(value, float) and not isfinite(value):
            return False
        return self.within is None or self.within(value)

    def value(self, value: Any) -> Any:
        """A legal value, converted to the type of the option; a list becomes a tuple."""
        if self.several and value is not None:
            return tuple(map(self._one, value))
        return self._one(value)

    def _one(self, value: Any) -> Any:
        return float(value) if self.kind is float and value is not None else value


def one_of(*names: str, none: bool = False) -> Option:
    """An option whose value is one of some names or, if legal, none."""
    legal = " or ".join([*names, *(["null"] if none else [])])
    return Option(str, legal, lambda value: value in names, none=none)


SHARE = Option(float, "a number above 0 and at most 1", lambda value: 0 < value <= 1)
ABOVE_0 = Option(float, "a number above 0", lambda value: value > 0)
ABOVE_0_OR_NONE = Option(float, "a number above 0, or null", lambda value: value > 0, none=True)
NOT_NEGATIVE = Option(float, "a number of 0 or more", lambda value: value >= 0)
NUMBER = Option(float, "a number")
NOT_NEGATIVE_OR_NONE = Option(
    float, "a number of 0 or more, or null", lambda value: value >= 0, none=True
)
COUNT = Option(int, "a whole number of 1 or more", lambda value: value >= 1)
FLAG = Option(bool, "true or false")
MATRYOSHKA = {
    "matryoshka": Option(
        int,
        "a list of dimensions, such as [384, 128, 64], or null",
        lambda value: value >= 1,
        none=True,
        several=True,
    ),
    "matryoshka_weights": Option(
        float,
        "a list of numbers above 0, one for each dimension, or null",
        lambda value: value > 0,
        none=True,
        several=True,
    ),
}
"""Options of the forms that can train vectors at several dimensions."""
ENCODER = Option(str, "`embedded`, a folder, a hub name, or null", bool, none=True)
