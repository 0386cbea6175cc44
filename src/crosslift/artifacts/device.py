"""The device that computes, its threads, its BLAS, and the settings that change how it rounds."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslift.artifacts.machine_answers import remembered

if TYPE_CHECKING:
    import torch

_SETTINGS = (
    *("OMP_DYNAMIC", "OMP_SCHEDULE", "OMP_THREAD_LIMIT", "KMP_DETERMINISTIC_REDUCTION"),
    *("MKL_CBWR", "MKL_DYNAMIC", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE"),
    *("OPENBLAS_CORETYPE", "BLIS_ARCH_TYPE", "VECLIB_MAXIMUM_THREADS", "ATEN_CPU_CAPABILITY"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
    *("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
    *("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
)
"""Variables that choose kernels or rounding. The resulting numbers of threads are recorded."""


def device() -> torch.device:
    """The device that accelerate assigns (``ACCELERATE_USE_CPU=1`` forces the CPU)."""
    from accelerate import PartialState

    assigned: torch.device = PartialState().device
    return assigned


def has_accelerator() -> bool:
    """Whether the device is an accelerator. Loads torch unless the answer is remembered."""
    return bool(remembered("has an accelerator", lambda: device().type != "cpu"))


def multiplies_bfloat16() -> bool:
    """Whether the device multiplies bfloat16 natively. Loads torch unless the answer is remembered."""
    return bool(remembered("multiplies bfloat16", _multiplies_bfloat16))


def _multiplies_bfloat16() -> bool:
    import torch

    if device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(value is True for name, value in _capabilities().items() if "bf16" in name)


def _capabilities() -> dict[str, Any]:
    import torch

    read = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 and later
    return dict(read()) if read else {"avx512_bf16": torch.cpu._is_avx512_bf16_supported()}


def device_facts() -> dict[str, str]:
    """The current device, threads, BLAS and kernels. Loads torch and scipy."""
    import torch

    facts = {
        "device": device().type,
        "threads": str(torch.get_num_threads()),
        "kernels of torch": torch.backends.cpu.get_cpu_capability(),
        "bfloat16 products": "native" if multiplies_bfloat16() else "not native",
        "float32 products": torch.get_float32_matmul_precision(),
        "BLAS of torch": _blas_of_torch(),
        "BLAS of numpy and scipy": _blas_of_numpy(),
        "settings of threads and kernels": _settings() or "none",
    }
    return facts | _accelerator()


def _blas_of_torch() -> str:
    """Torch carries its own BLAS, linked so that no other program sees it."""
    import torch

    return blas_in(torch.__config__.show(), torch.__config__.parallel_info())


def blas_in(built: str, parallel: str) -> str:
    """BLAS, oneDNN and MKL's threads, from torch's reports on its build and its threads."""
    name = re.search(r"BLAS_INFO=(\w+)", built)
    version = re.search(r"Math Kernel Library Version ([\d.]+)", built)
    onednn = re.search(r"MKL-DNN v([\d.]+)", built)
    threads = re.search(r"mkl_get_max_threads\(\) : (\d+)", parallel)
    library = name[1] if name else "unknown"
    parts = [f"{library} {version[1]}" if version else library]
    parts += [f"oneDNN {onednn[1]}"] if onednn else []
    parts += [f"{threads[1]} threads"] if threads else []
    return ", ".join(parts)


def _blas_of_numpy() -> str:
    """The BLAS that numpy and scipy have loaded: library, version, kernels, threads."""
    import numpy as np
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    loaded = [each for each in threadpool_info() if each["user_api"] == "blas"]
    libraries = {
        _library(each)
        for each in loaded
        if not _of_another_package(Path(each["filepath"]).resolve())
    }
    built: Any = np.show_config(mode="dicts")
    return "; ".join(sorted(libraries)) or str(built["Build Dependencies"]["blas"]["name"])


def _library(facts: dict[str, Any]) -> str:
    name, version = facts["internal_api"], facts["version"] or "of unknown version"
    kernels = facts.get("architecture")
    parts = [
        f"{name} {version}",
        *([kernels] if kernels else []),
        f"{facts['num_threads']} threads",
    ]
    return ", ".join(parts)


def _of_another_package(path: Path) -> bool:
    """Whether a package other than numpy and scipy ships the library for its own use (faiss does)."""
    import numpy as np

    packages = Path(np.__file__).resolve().parents[1]
    if not path.is_relative_to(packages):
        return False
    return path.relative_to(packages).parts[0].removesuffix(".libs") not in ("numpy", "scipy")


def _settings() -> str:
    return " ".join(f"{name}={os.environ[name]}" for name in _SETTINGS if name in os.environ)


def _accelerator() -> dict[str, str]:
    import torch

    if not torch.cuda.is_available():
        return {"accelerator": "none"}
    return {
        "accelerator": torch.cuda.get_device_name(),
        "compute capability": ".".join(map(str, torch.cuda.get_device_capability())),
        "CUDA": str(torch.version.cuda or torch.version.hip),
        "cuDNN": str(torch.backends.cudnn.version()),
    }
