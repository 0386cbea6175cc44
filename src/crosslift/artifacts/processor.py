"""The processor: its model, and the instructions that decide how it rounds."""

from __future__ import annotations

import platform
from pathlib import Path

UNKNOWN = "unknown"

_INSTRUCTIONS = {  # flag of /proc/cpuinfo -> name; x86-64 first, then arm64
    "fma": "FMA",
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 bfloat16",
    "avx512_fp16": "AVX-512 float16",
    "amx_tile": "AMX",
    "amx_bf16": "AMX bfloat16",
    "asimd": "Advanced SIMD",
    "asimdhp": "Advanced SIMD float16",
    "sve": "SVE",
    "sve2": "SVE2",
    "bf16": "bfloat16",
    "sme": "SME",
}
_ARM_MODEL = ("CPU implementer", "CPU variant", "CPU part", "CPU revision")


def processor_facts(cpuinfo: str | None = None) -> dict[str, str]:
    """The model of the processor and its vector instructions, as Linux reports them.

    Args:
        cpuinfo: text of ``/proc/cpuinfo``; None: the text of this machine.

    Returns:
        ``processor``: its model; ``instructions``: the instructions that change how sums and products
        are rounded, joined by commas, or ``unknown`` on a system without ``/proc/cpuinfo``.
    """
    text = _cpuinfo() if cpuinfo is None else cpuinfo
    lines = [line.partition(":") for line in text.splitlines()]
    values: dict[str, set[str]] = {}
    for name, _, value in lines:
        values.setdefault(name.strip(), set()).add(value.strip())
    return {"processor": _model(values), "instructions": _instructions(values)}


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _model(values: dict[str, set[str]]) -> str:
    model_names = values.get("model name")
    if model_names:
        return " and ".join(sorted(model_names))
    parts = [f"{name} {'/'.join(sorted(values[name]))}" for name in _ARM_MODEL if name in values]
    return ", ".join(parts) or platform.processor() or platform.machine() or UNKNOWN


def _instructions(values: dict[str, set[str]]) -> str:
    flags = [line.split() for name in ("flags", "Features") for line in values.get(name, ())]
    if not flags:
        return UNKNOWN
    everywhere = set(flags[0]).intersection(*flags)
    return ", ".join(name for flag, name in _INSTRUCTIONS.items() if flag in everywhere) or "none"
