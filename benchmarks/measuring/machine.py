"""The machine and the software that a run is measured on."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from crosslift.artifacts.processor import processor_facts
from crosslift.artifacts.versions import project_facts

_PACKAGES = ("torch", "numpy", "faiss-cpu", "sentence-transformers", "transformers", "mteb")
_INSTRUCTIONS = {
    "avx2": ("avx2",),
    "avx512": ("avx512_f", "avx512f"),
    "bf16": ("avx512_bf16", "arm_bf16"),
    "amx": ("amx_bf16", "amx_tile"),
}
"""Instruction set -> its names in torch."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run is measured on.

    Args:
        processor: name of its model.
        instructions: sets of instructions that matter for speed.
        cores: of the machine.
        threads: of torch.
        versions: package -> version.
        commit: of the source; with ``changed since`` where files differ from it.
    """

    processor: str
    instructions: tuple[str, ...]
    cores: int
    threads: int
    versions: Mapping[str, str]
    commit: str

    @classmethod
    def this(cls) -> Machine:
        """This machine."""
        facts = project_facts()
        return cls(
            processor=processor_facts()["processor"],
            instructions=instruction_sets(_capabilities()),
            cores=os.cpu_count() or 1,
            threads=torch.get_num_threads(),
            versions={name: _version(name) for name in _PACKAGES}
            | {"crosslift": facts["crosslift"]},
            commit=facts["commit"],
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Machine:
        """The machine that a run recorded."""
        return cls(**{**values, "instructions": tuple(values["instructions"])})

    @property
    def title(self) -> str:
        """Its processor, in words."""
        sets = ", ".join(self.instructions) or "no known instruction sets"
        return f"{self.processor} ({sets}), {self.cores} cores, {self.threads} threads"

    def computes_like(self, other: Machine) -> bool:
        """Whether times on both can be compared: processor, instructions, cores and threads."""
        return self.title == other.title


def instruction_sets(capabilities: Mapping[str, Any]) -> tuple[str, ...]:
    """The sets that matter, from torch's report on the processor."""
    return tuple(
        name
        for name, flags in _INSTRUCTIONS.items()
        if any(capabilities.get(flag) is True for flag in flags)
    )


def _capabilities() -> Mapping[str, Any]:
    read = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 and later
    if read is not None:
        return dict(read())
    names = processor_facts()["instructions"].split(", ")
    return {
        "avx2": "AVX2" in names,
        "avx512_f": "AVX-512" in names,
        "avx512_bf16": "AVX-512 bfloat16" in names,
        "arm_bf16": "bfloat16" in names,
        "amx_tile": "AMX" in names,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
