"""Checkpoints inside a training step: one safetensors file, replaced whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import ArtifactError
from crosslift.training.weights import Weights


@dataclass(slots=True)
class Progress:
    """How far a stage has come.

    Args:
        updates, examples, tokens: done.
        flops: floating-point operations done, estimated from the first update's count.
        flops_per_example: None until the first update has been counted.
        seconds: spent training, interruptions left out.
        curve: rows of update, metric, value.
    """

    updates: int = 0
    examples: int = 0
    tokens: int = 0
    flops: float = 0.0
    flops_per_example: float | None = None
    seconds: float = 0.0
    curve: list[tuple[int, str, float]] = field(default_factory=list)


def save_checkpoint(
    place: Path, weights: Weights, head: torch.nn.Module, progress: Progress
) -> None:
    """Writes everything that the rest of the stage depends on."""
    tensors = {f"weight:{name}": value for name, value in weights.named().items()}
    tensors |= {f"buffer:{name}": value for name, value in head.named_buffers()}
    tensors |= {f"optimizer:{name}": value for name, value in weights.optimizer_state().items()}
    contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
    with file_written_whole(place) as draft:
        save_file(contiguous, draft, {"progress": json.dumps(asdict(progress))})


def load_checkpoint(place: Path, weights: Weights, head: torch.nn.Module) -> Progress:
    """Restores a stage from its checkpoint; a stage without one starts at 0.

    Raises:
        ArtifactError: the file is corrupt.
    """
    if not place.is_file():
        return Progress()
    try:
        with safe_open(place, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            progress = Progress(**json.loads(file.metadata()["progress"]))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ArtifactError(
            f"the checkpoint {place} is corrupt: {error}",
            remedy=f"delete {place} and give the command again: this stage starts anew",
        ) from error
    weights.restore(_part(tensors, "weight:"), _part(tensors, "optimizer:"))
    buffers = _part(tensors, "buffer:")
    with torch.no_grad():
        for name, buffer in head.named_buffers():
            buffer.copy_(buffers[name])
    progress.curve = [(int(u), str(m), float(v)) for u, m, v in progress.curve]
    return progress


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
