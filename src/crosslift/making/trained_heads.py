"""The heads of tasks after a training step."""

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
    """The weights of a task's head after a training step, by their names in the head.

    Args:
        step: the training step.
        store: store with the artifact of the step.
        task: name of the task.
        checkpoint: name of kept weights of the stage; None: the weights at its end.
    """
    from safetensors.torch import load_file

    weights = load_file(step.open(store) / weights_file("head", checkpoint))
    prefix = f"{task}/"
    return {n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)}
