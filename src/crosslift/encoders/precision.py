"""Which precision this machine computes in, and which device."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import PartialState

from crosslift.encoders.settings import Precision


def device() -> torch.device:
    """The device that accelerate assigns (``ACCELERATE_USE_CPU=1`` forces the CPU)."""
    chosen: torch.device = PartialState().device
    return chosen


def resolve_precision(asked: Precision) -> Precision:
    """``float32`` or ``bfloat16``: auto takes bfloat16 where the hardware multiplies it natively."""
    if asked != "auto":
        return asked
    return "bfloat16" if _multiplies_bfloat16() else "float32"


def dtype_of(precision: Precision) -> torch.dtype:
    """The torch dtype of a precision."""
    return torch.bfloat16 if resolve_precision(precision) == "bfloat16" else torch.float32


def _multiplies_bfloat16() -> bool:
    if device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(value is True for name, value in _capabilities().items() if "bf16" in name)


def _capabilities() -> dict[str, Any]:
    read = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 and later
    return dict(read()) if read else {"avx512_bf16": torch.cpu._is_avx512_bf16_supported()}
