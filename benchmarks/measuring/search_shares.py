"""Where the time of an exact search goes, by the profiler of Python."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measuring.rows import Shares

PARTS = ("products", "exact scoring", "merging")
_FUNCTIONS = {
    "products": ("<built-in method torch.mm>",),
    "exact scoring": ("exact_scores",),
    "merging": ("merge",),
}
_WHOLE_PASS = "run"


def search_shares(work: Callable[[], object]) -> Shares:
    """The shares of an exact search; they sum to 1.

    Products are those of the screening. Exact scoring and merging hold all that they call; screening is
    the rest of the pass over the scores: keys, hits, floors. Other is what comes before and after.
    """
    profiler = cProfile.Profile()
    began = time.perf_counter()
    profiler.runcall(work)
    wall = time.perf_counter() - began
    stats: dict[tuple[str, int, str], Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    return shares_of_calls({key: value[3] for key, value in stats.items()}, wall)


def shares_of_calls(seconds: dict[tuple[str, int, str], float], wall: float) -> Shares:
    """The shares, from the seconds in each function and all that it calls.

    Args:
        seconds: by file, line and name.
        wall: seconds of the whole search.
    """
    parts = {part: _seconds(seconds, _FUNCTIONS[part]) for part in PARTS}
    whole = _seconds(seconds, (_WHOLE_PASS,))
    parts["screening"] = whole - sum(parts.values())
    parts["other"] = wall - whole
    return {part: max(0.0, value / wall) for part, value in parts.items()}


def _seconds(seconds: dict[tuple[str, int, str], float], names: tuple[str, ...]) -> float:
    return sum(
        value
        for (file, _, name), value in seconds.items()
        if name in names and (file == "~" or "retrieval" in file)
    )
