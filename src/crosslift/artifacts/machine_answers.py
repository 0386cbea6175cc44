"""Remembers what torch and its libraries report about this machine, because loading them takes seconds.

An answer is kept in the user's cache until something that may decide it changes: the processor, the
versions of the libraries, and the variables that choose threads, kernels and devices. On a machine with
an accelerator, which may come and go, nothing is remembered.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.places import home
from crosslift.artifacts.processor import processor_facts
from crosslift.errors import ArtifactError

_LIBRARIES = ("torch", "accelerate", "numpy", "scipy", "threadpoolctl")
_PREFIXES = (
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "ATEN_"),
    *("ONEDNN_", "DNNL_", "CUDA_", "CUBLAS_", "NVIDIA_", "HIP_", "ROCR_", "TORCH_", "PYTORCH_"),
    *("ACCELERATE_", "LD_"),
)
_ACCELERATORS = ("nvidia[0-9]*", "kfd", "dxg", "accel*", "davinci*", "dri/renderD*")


def remembered(question: str, ask: Callable[[], Any]) -> Any:
    """An answer about this machine: the remembered one, else a new one.

    If torch is loaded already, the answer is always new.

    Args:
        question: name of the question.
        ask: function that returns the answer, JSON-like; it may load torch.
    """
    if "torch" in sys.modules or platform.system() != "Linux" or any(_accelerators()):
        return ask()
    place = home() / "machine" / f"{key_of({'question': question, **_deciding()})[:16]}.json"
    try:
        return json.loads(place.read_bytes())["answer"]
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or damaged
        answer = ask()
    _keep(place, {"question": question, "answer": answer})
    return answer


def _keep(place: Path, content: dict[str, Any]) -> None:
    try:
        with file_written_whole(place) as draft:
            draft.write_text(json.dumps(content), encoding="utf-8")
    except ArtifactError:  # a cache that cannot be written: the next command asks again
        return


def _accelerators() -> Iterator[Path]:
    for pattern in _ACCELERATORS:
        yield from Path("/dev").glob(pattern)


def _deciding() -> dict[str, Any]:
    """The facts that may decide an answer."""
    return {
        **processor_facts(),
        "system": platform.platform(),
        "python": sys.prefix,
        "processors": sorted(os.sched_getaffinity(0)),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "variables": {n: ascii(v) for n, v in os.environ.items() if n.startswith(_PREFIXES)},
    }


@functools.cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
