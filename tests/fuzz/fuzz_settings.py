"""How many inputs a fuzz target gets: few in the test run, many by `make fuzz`."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

_MANY = os.environ.get("CROSSLIFT_FUZZ_INPUTS")
_SECONDS = float(os.environ.get("CROSSLIFT_FUZZ_SECONDS", "inf"))
"""Each target ends after these, with the inputs that it had until then. Its layouts share them."""
LAYOUTS: dict[str, int] = {}
"""Target -> number of its layouts: the tests of one function."""
_COUNTS = os.environ.get("CROSSLIFT_FUZZ_COUNTS")
"""A file to which every target adds a line: its name, how many inputs it had, seconds."""
INPUTS = int(_MANY or "60")
"""For each target."""

_SETTINGS = settings(
    max_examples=INPUTS,
    derandomize=_MANY is None,  # a test run fails by what was changed, never by chance
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class _TimeIsUp(BaseException):
    """Hypothesis lets it through: it is no failure of the input."""


def FUZZ(test: Any) -> Callable[..., None]:  # noqa: N802 (a decorator that reads as a constant)
    """The decorator of every fuzz target; above `given`."""
    inner = test.hypothesis.inner_test
    began, seconds = 0.0, _SECONDS
    inputs = 0

    @functools.wraps(inner)
    def counted(*args: Any, **kwargs: Any) -> None:
        nonlocal inputs
        inputs += 1
        inner(*args, **kwargs)
        if time.monotonic() - began > seconds:
            raise _TimeIsUp  # at the end of an input: what it draws must not depend on the time

    test.hypothesis.inner_test = counted
    many = _SETTINGS(test)

    @functools.wraps(many)
    def bounded(*args: Any, **kwargs: Any) -> None:
        nonlocal began, seconds, inputs
        began, inputs = time.monotonic(), 0
        seconds = _SECONDS / LAYOUTS.get(_current_test().partition("[")[0], 1)
        try:
            many(*args, **kwargs)
        except _TimeIsUp:
            pass
        finally:
            _note(inputs, time.monotonic() - began)

    return bounded


def _note(inputs: int, seconds: float) -> None:
    if _COUNTS:
        with Path(_COUNTS).open("a", encoding="utf-8") as counts:
            counts.write(f"{_current_test()}\t{inputs}\t{seconds:.0f}\n")


def _current_test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
