"""Where the time goes: kinds of operations and their shares, by torch's profiler."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.measuring.rows import Shares

OTHER, PYTHON, IDLE = "other operations", "Python", "cores idle"
KINDS: dict[str, tuple[str, ...]] = {
    "optimizer": ("Optimizer.", "_fused_adam", "_foreach_", "linalg_vector_norm"),
    "attention": ("attention", "Attention"),
    "layer norm and activation": ("layer_norm", "gelu", "tanh", "dropout"),
    "gather and scatter of token rows": ("index", "embedding", "gather", "scatter"),
    "matrix products": ("linear", "addmm", "aten::mm", "bmm", "matmul", "mkldnn"),
    "copies and casts": ("copy", "aten::cat", "clone", "contiguous", "zero_", "fill_"),
}
"""Kind -> parts of the names of its operations. The first that fits the outermost operation counts."""


def profiled_shares(work: Callable[[], object]) -> Shares:
    """The shares of kinds of operations in the time of some work.

    The profiler watches the thread that calls; what it costs is in the shares of short operations and
    of Python. Python is the time outside of all operations.

    Returns:
        Kind -> share; they sum to 1. Beside them `IDLE`: the share of the time of all threads' cores
        in which this process did not compute.
    """
    with _quiet_profiler(), profile(activities=[ProfilerActivity.CPU]) as watched:
        began, computed = time.perf_counter(), time.process_time()
        work()
        wall, computed = time.perf_counter() - began, time.process_time() - computed
    seconds = seconds_by_kind(watched.events())
    shares = {kind: seconds[kind] / wall for kind in (*KINDS, OTHER)}
    shares[PYTHON] = max(0.0, 1 - sum(shares.values()))
    return shares | {IDLE: max(0.0, 1 - computed / (wall * torch.get_num_threads()))}


@contextmanager
def _quiet_profiler() -> Iterator[None]:
    """Drops what the profiler's C++ code prints on the standard error."""
    sys.stderr.flush()
    before = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def seconds_by_kind(events: Iterable[Any]) -> Counter[str]:
    """Seconds of each kind, from the events of torch's profiler."""
    seconds: Counter[str] = Counter()
    for event in events:
        if event.cpu_parent is None:
            _add_times(event, None, seconds)
    return seconds


def _add_times(event: Any, outer: str | None, seconds: Counter[str]) -> None:
    """Adds the time of an event and of those in it; they belong to the outermost kind that fits."""
    kind = outer or kind_of(event.name)
    if kind is not None:
        seconds[kind] += event.self_cpu_time_total / 1e6
    elif event.name.startswith("aten::"):
        seconds[OTHER] += event.self_cpu_time_total / 1e6
    for inner in event.cpu_children:
        _add_times(inner, kind, seconds)


def kind_of(name: str) -> str | None:
    """The kind of an operation; None if none fits."""
    if name.startswith("autograd::"):  # only what it runs counts
        return None
    fitting = (kind for kind, parts in KINDS.items() if any(part in name for part in parts))
    return next(fitting, None)
