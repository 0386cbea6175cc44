"""The processors and memory of this machine for workers."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def usable_processors() -> int:
    """Logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of memory that processes may use together: the machine's, or the container's limit."""
    memory = int(psutil.virtual_memory().total)
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(path.read_text()))
    return memory
