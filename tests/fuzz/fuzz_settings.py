"""How many inputs a fuzz target gets: few in the test run, many by `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_MANY = os.environ.get("CROSSLIFT_FUZZ_INPUTS")
INPUTS = int(_MANY or "60")
"""For each reader."""

FUZZ = settings(
    max_examples=INPUTS,
    derandomize=_MANY is None,  # a test run fails by what was changed, never by chance
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""The decorator of every fuzz target."""
