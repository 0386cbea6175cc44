"""The names of poolings and precisions. Nothing is imported here: the command line starts fast."""

from __future__ import annotations

from typing import Literal

Pooling = Literal[
    "mean",
    "mean_without_specials",
    "mean_sqrt_length",
    "position_weighted",
    "max",
    "first_token",
    "last_token",
]
"""From the states of a text's tokens to one vector (see `crosslift.encoders.pooling`)."""
Poolings = str
"""One pooling, or several whose vectors are concatenated: ``first_token+mean``, as in some folders."""
Precision = Literal["auto", "float32", "bfloat16", "int8"]
"""Precision of the arithmetic; ``auto``: bfloat16 if the processor has it, else float32. ``int8``:
products of encoding in int8, everything else, training included, in float32."""
WeightPrecision = Literal["float32", "bfloat16", "float16", "int8"]
"""Precision of written weights."""
GraphBackend = Literal["onnx", "openvino"]
"""A library that runs an exported graph."""
Backend = Literal["torch", "onnx", "openvino"]
"""What an export is for: torch (safetensors), or one of `GraphBackend`."""
