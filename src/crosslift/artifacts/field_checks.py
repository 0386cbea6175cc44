"""Checks of fields that settings of several rooms share. No torch here."""

from __future__ import annotations

from typing import Any

from pydantic import AfterValidator


def _each_once(values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    for place, value in enumerate(values or ()):
        if value in (values or ())[:place]:
            entry = value if isinstance(value, (str, int, float)) else f"entry {place + 1}"
            raise ValueError(f"each entry once; {entry!r} appears twice")
    return values


EachOnce = AfterValidator(_each_once)
"""Of a tuple (or None): no entry twice, so that nothing counts as two."""
