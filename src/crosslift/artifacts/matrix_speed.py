"""The speed at which this machine multiplies matrices, measured once and remembered."""

from __future__ import annotations

import functools
import time

from crosslift.artifacts.machine_answers import remembered

_ROWS, _INNER, _COLUMNS = 1024, 384, 1536
"""Sizes of the measured product: a small encoder's widest layer on some thousand tokens."""
_SECONDS = 0.5


@functools.cache
def matrix_speed() -> float:
    """Operations per second in matrix products, in the precision that encoders use on this machine.

    The measurement takes half a second; see `machine_answers.remembered` for how long it is kept.
    """
    return float(remembered("operations a second in matrix products", _measured))


def _measured() -> float:
    """The fastest of the products of half a second."""
    import torch  # takes seconds, and only where nothing is remembered

    from crosslift.artifacts.device import device, multiplies_bfloat16

    dtype = torch.bfloat16 if multiplies_bfloat16() else torch.float32
    left = torch.ones(_ROWS, _INNER, dtype=dtype, device=device())
    right = torch.ones(_INNER, _COLUMNS, dtype=dtype, device=device())
    best, end = float("inf"), time.monotonic() + _SECONDS
    with torch.inference_mode():
        while time.monotonic() < end:
            began = time.perf_counter()
            float((left @ right)[0, 0])  # reading a number waits for a device
            best = min(best, time.perf_counter() - began)
    return 2 * _ROWS * _INNER * _COLUMNS / best
