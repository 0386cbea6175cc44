"""How fast this machine multiplies matrices: measured once, and remembered."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.places import home
from crosslift.artifacts.processor import processor_facts
from crosslift.errors import CrossLiftError

_FILE = "matrix-speed.json"
_ROWS, _INNER, _COLUMNS = 1024, 384, 1536
"""Of the measured product: that of a small encoder's widest layer on some thousand tokens."""
_SECONDS = 0.5


def matrix_speed() -> float:
    """Operations a second in matrix products, in the precision that encoders take on this machine.

    Measured in half a second where no earlier process measured it with this processor and as many
    threads; remembered in the user's cache (see `crosslift.artifacts.places.home`).
    """
    path, key = home() / _FILE, _key()
    speeds = _remembered(path)
    if key not in speeds:
        speeds[key] = _measured()
        with contextlib.suppress(CrossLiftError):  # a cache that cannot be written: measured again
            _remember(path, speeds)
    return speeds[key]


def _remember(path: Path, speeds: dict[str, float]) -> None:
    with file_written_whole(path) as draft:
        draft.write_text(json.dumps(speeds, indent=1), encoding="utf-8")


def _key() -> str:
    facts = processor_facts()
    threads = os.environ.get("OMP_NUM_THREADS") or str(_processors())
    masked = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return "; ".join((facts["processor"], facts["instructions"], f"{threads} threads", masked))


def _processors() -> int:
    """Processors that this process may use; all of them where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _remembered(path: Path) -> dict[str, float]:
    """What earlier processes measured; nothing where the file is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(k): float(v) for k, v in content.items() if isinstance(v, (int, float)) and v > 0}


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
