"""The precision and the device of this machine's arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.artifacts.device import device, multiplies_bfloat16
from crosslift.encoders.encoder_settings import Precision
from crosslift.encoders.kinds import WeightPrecision

if TYPE_CHECKING:
    import torch

__all__ = ["device", "dtype_of", "resolve_precision"]


def resolve_precision(precision: Precision) -> Precision:
    """The precision; auto chooses bfloat16 if the hardware multiplies it natively, else float32."""
    if precision != "auto":
        return precision
    return "bfloat16" if multiplies_bfloat16() else "float32"


def dtype_of(precision: Precision | WeightPrecision) -> torch.dtype:
    """The torch dtype of a precision: float32 for int8, in which products alone are computed."""
    import torch

    resolved = resolve_precision(precision) if precision == "auto" else precision
    return torch.bfloat16 if resolved == "bfloat16" else torch.float32
