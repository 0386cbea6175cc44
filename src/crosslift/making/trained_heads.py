"""The heads of tasks, as a training step has left them."""

from __future__ import annotations

from safetensors.torch import load_file
from torch import Tensor

from crosslift.artifacts.store import Store
from crosslift.steps.step import Step


def load_head(step: Step, store: Store, task: str) -> dict[str, Tensor]:
    """The weights of a task's head as a training step left it, by the head's own names."""
    weights = load_file(step.open(store) / "head.safetensors")
    prefix = f"{task}/"
    return {n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)}
