"""Measures what the machine can do at most: products of matrices, and copies of memory."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.measuring.floor import Speeds
from benchmarks.measuring.load import CoreTime, others_since
from crosslift.encoders.encoder_settings import Precision
from crosslift.encoders.precision import dtype_of

_SIDE = 2048
_FEWEST_TRIES = 5
_PAUSE = 0.05  # seconds between tries, so that some fall into a quiet moment
_COPY_BYTES = 2**28
_COPY_SECONDS = 1.0


def measure_speeds(best: Precision, seconds: float) -> Speeds:
    """The peaks of float32 and of the best precision, and the bandwidth.

    No other precision is measured: a processor without bfloat16 products would take minutes for one.

    Args:
        best: precision of this machine.
        seconds: to try the best precision; float32 beside it gets a third.
    """
    begin = CoreTime.now()
    peaks: dict[str, float] = {best: matrix_product_peak(best, seconds)}
    if best != "float32":
        peaks["float32"] = matrix_product_peak("float32", seconds / 3)
    bandwidth = memory_bandwidth()
    return Speeds(peaks, bandwidth, others_since(begin, elsewhere=0.0))


def matrix_product_peak(precision: Precision, seconds: float) -> float:
    """Floating-point operations a second of a 2048-cubed matrix product, the best of many tries.

    Args:
        precision: of both factors.
        seconds: to try; five tries are made in any case.
    """
    first, second = (torch.randn(_SIDE, _SIDE).to(dtype_of(precision)) for _ in range(2))
    return 2 * _SIDE**3 / _least_seconds(lambda: torch.mm(first, second), seconds)


def memory_bandwidth() -> float:
    """Bytes a second, read and written, of a copy that no cache holds, with all threads."""
    source = torch.ones(_COPY_BYTES, dtype=torch.uint8)
    target = torch.empty_like(source)
    return 2 * _COPY_BYTES / _least_seconds(lambda: target.copy_(source), _COPY_SECONDS)


def _least_seconds(work: Callable[[], object], limit: float) -> float:
    least, tries, began = float("inf"), 0, time.perf_counter()
    while tries < _FEWEST_TRIES or time.perf_counter() - began < limit:
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
        tries += 1
        time.sleep(_PAUSE)
    return least
