"""Checkpoints inside a training step: one safetensors file with its checksum, replaced whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import ArtifactError, CrossLiftError
from crosslift.training.weights import Weights
from crosslift.wording import plural


@dataclass(slots=True)
class Progress:
    """The progress of a stage.

    Args:
        updates, examples, tokens: numbers done so far; the tokens of a batch count once, however often
            robust training passes over it.
        flops: floating-point operations done, estimated from each task's first part.
        flops_per_example: task -> operations of an example, for tasks with a counted part.
        cost: task -> counted operations of an update, relative to an update without robust training.
        seconds: time spent on training, without interruptions.
        taken: task -> number of records drawn.
        dev_evaluations: number of dev evaluations so far.
        best: the best dev score so far, by which the stage chooses; None: no dev score yet.
        best_update: update of the best dev score.
        without_gain: number of dev evaluations since then.
        curve: rows of update, task, metric, value.
        devices: number of devices that trained the stage; several numbers if it was resumed on another
            number.
    """

    updates: int = 0
    examples: int = 0
    tokens: int = 0
    flops: float = 0.0
    flops_per_example: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    taken: dict[str, int] = field(default_factory=dict)
    dev_evaluations: int = 0
    best: float | None = None
    best_update: int = 0
    without_gain: int = 0
    curve: list[tuple[int, str, str, float]] = field(default_factory=list)
    devices: list[int] = field(default_factory=lambda: [1])

    def train_on(self, devices: int) -> str | None:
        """Notes the number of devices that train the stage from here on. Returns a remark if another
        number began it."""
        if self.updates == 0:
            self.devices = [devices]
        if self.devices[-1] == devices:
            return None
        before = self.devices[-1]
        self.devices.append(devices)
        return (
            f"resumed on {plural(devices, 'device')}, begun on {before}: the same examples, but sums "
            "round otherwise, and dropout differs"
        )


def save_checkpoint(place: Path, weights: Weights, progress: Progress) -> None:
    """Writes everything on which the rest of the stage depends."""
    tensors = {f"weight:{name}": value for name, value in weights.named().items()}
    tensors |= {f"optimizer:{name}": value for name, value in weights.optimizer_state().items()}
    save_tensors(place, tensors, {"progress": json.dumps(asdict(progress))})


def load_checkpoint(place: Path, weights: Weights) -> Progress:
    """Restores a stage from its checkpoint; a stage without one starts at 0.

    Raises:
        ArtifactError: the file is corrupt.
    """
    if not place.is_file():
        return Progress()
    tensors, facts = load_tensors(place)
    progress = _progress_of(place, facts)
    weights.restore(_part(tensors, "weight:"), _part(tensors, "optimizer:"))
    return progress


def _progress_of(place: Path, facts: Mapping[str, str]) -> Progress:
    try:
        noted = parse_json(facts.get("progress", ""), "its progress")
        return TypeAdapter(Progress).validate_python(noted)
    except (ValidationError, CrossLiftError) as error:
        raise _corrupt(place, error) from error


def save_tensors(
    place: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str] | None = None
) -> None:
    """Writes tensors and facts as one safetensors file with its checksum, whole or not at all."""
    contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
    with file_written_with_sum(place) as draft:
        save_file(contiguous, draft, dict(facts or {}))


def load_tensors(place: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and facts of a file that `save_tensors` wrote.

    Raises:
        ArtifactError: the file is missing, or has other content than was written.
    """
    check_sum(place, "the checkpoint", _remedy(place))
    try:
        with safe_open(place, "pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _corrupt(place, error) from error


def _corrupt(place: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"the checkpoint {place} is corrupt: {error}", remedy=_remedy(place))


def _remedy(place: Path) -> str:
    return f"delete the folder {place.parent} and give the command again: this stage starts anew"


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
