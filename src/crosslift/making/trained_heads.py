"""The heads of tasks, as a training step has left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.artifacts.store import Store
from crosslift.making.weight_files import weights_file
from crosslift.steps.step import Step

if TYPE_CHECKING:
    from torch import Tensor


def load_head(
    step: Step, store: Store, task: str, checkpoint: str | None = None
) -> dict[str, Tensor]:
    """The weights of a task's head as a training step left it, by the head's own names.

    Args:
        step: the training step.
        store: of its artifact.
        task: name of the task.
        checkpoint: which kept weights of the stage; None: those that it ended with.
    """
    from safetensors.torch import load_file

    weights = load_file(step.open(store) / weights_file("head", checkpoint))
    prefix = f"{task}/"
    return {n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)}
