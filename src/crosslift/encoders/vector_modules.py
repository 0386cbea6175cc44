"""Steps of some encoders after the pooling: linear layers, layer norms, cutting to the first numbers.

LaBSE and distiluse have one linear layer, EmbeddingGemma two. Training does not change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from crosslift.encoders.description import Description, ModuleFiles, ModuleKind
from crosslift.errors import EncoderError
from crosslift.model_files.load_model import load_tensors
from crosslift.model_files.read_model import library_errors_explained


class VectorModule(Protocol):
    """A step from vectors [N, D] to vectors [N, E]."""

    kind: ModuleKind
    width: int
    """Length E of its vectors."""

    def __call__(self, vectors: Tensor) -> Tensor:
        """From float32 [N, D] to float32 [N, E]."""

    def config(self) -> dict[str, Any]:
        """Its config.json."""

    def tensors(self) -> dict[str, Tensor]:
        """Its weights by name; empty where it has none."""

    def to(self, device: torch.device) -> None:
        """Moves its weights."""


class _Weights:
    """The configuration and the weights of a module with weights."""

    def __init__(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        self._config, self._tensors = dict(config), dict(tensors)

    def config(self) -> dict[str, Any]:
        """Its config.json."""
        return self._config

    def tensors(self) -> dict[str, Tensor]:
        """Its weights by name."""
        return self._tensors

    def to(self, device: torch.device) -> None:
        """Moves its weights."""
        self._tensors = {name: value.to(device) for name, value in self._tensors.items()}


class Dense(_Weights):
    """A linear layer, an activation, and a residual connection if `use_residual` is set.

    Args:
        config: content of config.json (see `crosslift.encoders.description`).
        tensors: float32: linear.weight [E, D], linear.bias [E], residual.weight [E, D].
        place: its folder, for messages.
    """

    kind: ModuleKind = "Dense"

    def __init__(
        self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], place: Path
    ) -> None:
        super().__init__(config, tensors)
        self.width, width = _sizes(config, place)
        residual = config.get("use_residual", False)
        expected: dict[str, tuple[int, ...]] = {"linear.weight": (self.width, width)}
        if config.get("bias", True):
            expected["linear.bias"] = (self.width,)
        if residual and self.width != width:
            expected["residual.weight"] = (self.width, width)
        _check_shapes(tensors, expected, place)
        self._residual = residual
        self._activation = _activation(config, place)

    def __call__(self, vectors: Tensor) -> Tensor:
        """From float32 [N, D] to float32 [N, E]."""
        linear, tensors = torch.nn.functional.linear, self._tensors
        result: Tensor = self._activation(
            linear(vectors, tensors["linear.weight"], tensors.get("linear.bias"))
        )
        if not self._residual:
            return result
        weight = tensors.get("residual.weight")
        added: Tensor = result + (vectors if weight is None else linear(vectors, weight))
        return added


class LayerNorm(_Weights):
    """A layer norm.

    Args:
        config: content of config.json.
        tensors: float32 [D]: norm.weight, norm.bias.
        place: its folder, for messages.
    """

    kind: ModuleKind = "LayerNorm"

    def __init__(
        self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], place: Path
    ) -> None:
        super().__init__(config, tensors)
        self.width = _required(config, "dimension", place)
        _check_shapes(tensors, dict.fromkeys(("norm.weight", "norm.bias"), (self.width,)), place)

    def __call__(self, vectors: Tensor) -> Tensor:
        """From float32 [N, D] to float32 [N, D]."""
        weight, bias = self._tensors["norm.weight"], self._tensors["norm.bias"]
        return torch.nn.functional.layer_norm(vectors, (self.width,), weight, bias)


class Normalize:
    """Scales each vector to length 1.

    Args:
        width: D.
    """

    kind: ModuleKind = "Normalize"

    def __init__(self, width: int) -> None:
        self.width = width

    def __call__(self, vectors: Tensor) -> Tensor:
        """From float32 [N, D] to float32 [N, D]."""
        return torch.nn.functional.normalize(vectors, dim=1)

    def config(self) -> dict[str, Any]:
        """Its config.json: empty."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def to(self, device: torch.device) -> None:
        """Moves nothing."""


def read_modules(description: Description, width: int) -> list[VectorModule]:
    """The modules after the pooling, ready for vectors [N, width].

    A scaling to length 1 at the end is left out: it changes no cosine, and the vectors of an encoder
    are those before it.

    Args:
        description: description of the folder.
        width: length of the pooled vectors.

    Raises:
        EncoderError: weights are missing, or the sizes of two modules do not fit.
    """
    modules_to_read = [files for files in description.modules if files.kind != "Dropout"]
    while modules_to_read and modules_to_read[-1].kind == "Normalize":
        modules_to_read.pop()
    modules: list[VectorModule] = []
    for files in modules_to_read:
        modules.append(_read_module(files, width))
        width = modules[-1].width
    return modules


def _read_module(files: ModuleFiles, width: int) -> VectorModule:
    if files.kind == "Normalize":
        return Normalize(width)
    expected_width = _required(
        files.config, "in_features" if files.kind == "Dense" else "dimension", files.folder
    )
    if expected_width != width:
        raise EncoderError(
            f"{files.folder} takes vectors of {expected_width}", f"vectors of {width}"
        )
    tensors = load_tensors(files.folder)
    single = {name: value.to(torch.float32) for name, value in tensors.items()}
    kind = Dense if files.kind == "Dense" else LayerNorm
    return kind(files.config, single, files.folder)


def apply_modules(modules: Sequence[VectorModule], vectors: Tensor) -> Tensor:
    """Vectors after the modules, first to last: from float32 [N, D] to float32 [N, E]."""
    for module in modules:
        vectors = module(vectors)
    return vectors


def _sizes(config: Mapping[str, Any], place: Path) -> tuple[int, int]:
    return _required(config, "out_features", place), _required(config, "in_features", place)


def _required(config: Mapping[str, Any], key: str, place: Path) -> int:
    value = config.get(key)
    if value is None or value < 1:
        raise EncoderError(f"{place}/config.json: {key} is {value}", "a positive number")
    return int(value)


def _check_shapes(
    tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], place: Path
) -> None:
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    if shapes != dict(expected):
        raise EncoderError(f"{place}: weights {shapes}", f"{dict(expected)}")


def _activation(config: Mapping[str, Any], place: Path) -> torch.nn.Module:
    """The activation that the file names by its class in torch.nn; Tanh if it names none."""
    name = config.get("activation_function", "torch.nn.modules.activation.Tanh")
    short = name.rpartition(".")[2]
    kind = getattr(torch.nn, short, None)
    if (
        not isinstance(kind, type)
        or not issubclass(kind, torch.nn.Module)
        or name not in (f"{kind.__module__}.{short}", f"torch.nn.{short}")
    ):
        raise EncoderError(
            f"{place}/config.json: activation_function {name!r}",
            "an activation of torch.nn, such as torch.nn.modules.activation.Tanh",
        )
    with library_errors_explained(place):
        return kind().eval()
