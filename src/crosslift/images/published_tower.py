"""Image towers from transformers: ViT, DINOv2, DINOv3, ConvNeXt, ResNet, and the vision halves of
CLIP and SigLIP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor

from crosslift.errors import EncoderError
from crosslift.images.image_tower import ImageTower, pixels
from crosslift.images.preparation import Preparation, preparation_of
from crosslift.images.tower_files import tower_folder
from crosslift.images.tower_settings import TowerSettings
from crosslift.model_files.load_model import load_config, load_model
from crosslift.model_files.read_model import library_errors_explained

Kind = Literal["class-token", "grid", "clip", "siglip"]

_KINDS: dict[str, Kind] = {
    "vit": "class-token",
    "dinov2": "class-token",
    "dinov2_with_registers": "class-token",
    "dinov3_vit": "class-token",
    "dinov3_convnext": "class-token",
    "convnext": "grid",
    "convnextv2": "grid",
    "resnet": "grid",
    "clip": "clip",
    "clip_vision_model": "clip",
    "siglip": "siglip",
    "siglip_vision_model": "siglip",
}
_INTERPOLATE = ("vit", "clip", "clip_vision_model", "siglip", "siglip_vision_model")
_OF_ANY_SHAPE = ("siglip2", "siglip2_vision_model")
_HEADS_OF_PRETRAINING = ("pooler.", "vit.pooler.")


@dataclass(frozen=True, slots=True)
class _Shape:
    """The facts about a model that are known before its weights are loaded."""

    kind: Kind
    width: int
    prefix: int
    shared_width: int | None


class PublishedTower(ImageTower):
    """A vision model of transformers.

    Its pooled vector is the output that its kind was trained with: the class token after the last
    layer norm (ViT, DINO, CLIP), the attention pooling head (SigLIP), or the mean of the grid
    (ConvNeXt, ResNet). The states are those of the last layer; for CLIP, those before its last layer
    norm, which was trained on the class token alone.

    Args:
        settings: settings of the tower.
        preparation: preparation of its pictures.
        model: the model, or its vision half.
        projection: projection of CLIP to the space shared with its texts. None: no projection.
        shape: kind and widths.
    """

    def __init__(
        self,
        settings: TowerSettings,
        preparation: Preparation,
        model: Any,
        projection: torch.nn.Module | None,
        shape: _Shape,
    ) -> None:
        super().__init__()
        self.picture_size = preparation.size
        self.framing = preparation.framing
        self.background = preparation.background
        self.width, self.prefix = shape.width, shape.prefix
        self.pooled_width = shape.width
        if settings.projected and shape.shared_width is not None:
            self.pooled_width = shape.shared_width
        self.model: Any = model
        self.projection: torch.nn.Module | None = projection
        self._kind, self._normalise = shape.kind, Normaliser(preparation)
        self._options = _call_options(model.config, preparation.size)

    def as_input(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3], normalised: float32 [N, 3, S, S]."""
        return self._normalise(pictures, device)

    def states(self, pictures: Tensor) -> Tensor:
        """The states [N, P, W] of class token, registers and patches, or of the grid."""
        states: Tensor = self.model(pixel_values=pictures, **self._options).last_hidden_state
        return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states

    def pooled(self, states: Tensor) -> Tensor:
        """One vector per picture, [N, E], from its states [N, P, W]."""
        vectors = self._pool(states)
        if self.projection is not None:
            vectors = self.projection(vectors)
        return vectors

    def _pool(self, states: Tensor) -> Tensor:
        vectors: Tensor
        if self._kind == "clip":
            vectors = _inner(self.model).post_layernorm(states[:, 0])
        elif self._kind == "siglip":
            inner = _inner(self.model)
            vectors = inner.head(states) if hasattr(inner, "head") else states.mean(1)
        elif self._kind == "grid":
            vectors = states.mean(1)
            if hasattr(self.model, "layernorm"):
                vectors = self.model.layernorm(vectors)
        else:
            vectors = states[:, 0]
        return vectors


class Normaliser:
    """From pictures of bytes to the input of a model.

    Args:
        preparation: its mean and standard deviation of channels in [0, 1] are used.
    """

    def __init__(self, preparation: Preparation) -> None:
        self._factor = [1 / (255 * std) for std in preparation.std]
        self._offset = [-m / s for m, s in zip(preparation.mean, preparation.std, strict=True)]

    def __call__(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3] as float32 [N, 3, S, S]."""
        factor, offset = (
            torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)
            for values in (self._factor, self._offset)
        )
        return pixels(pictures, device).mul_(factor).add_(offset)


def open_published(settings: TowerSettings, seed: int) -> PublishedTower:
    """A tower from transformers, in evaluation mode.

    Raises:
        EncoderError: it cannot be found, is not of a known kind, or lacks weights.
    """
    folder = tower_folder(settings)
    config = load_config(folder)
    with library_errors_explained(folder):
        shape = _shape_of(config, settings, folder)
        preparation = preparation_of(folder).at(settings.picture_size)
        _check_size(_vision(config), preparation.size, folder)
        return _tower(settings, seed, config, shape, preparation, folder)


def _tower(
    settings: TowerSettings,
    seed: int,
    config: Any,
    shape: _Shape,
    preparation: Preparation,
    folder: Path,
) -> PublishedTower:
    if settings.weights == "random":
        whole = random_model(config, seed)
    else:
        whole = load_model(folder, transformers.AutoModel, not_needed=_HEADS_OF_PRETRAINING)
    model = getattr(whole, "vision_model", whole)
    if getattr(model, "pooler", None) is not None and shape.kind == "class-token":
        model.pooler = None
    projection = whole.visual_projection if settings.projected and shape.kind == "clip" else None
    return PublishedTower(settings, preparation, model, projection, shape).eval()


def random_model(config: Any, seed: int) -> Any:
    """A model of this configuration, with weights drawn from the seed."""
    return seeded(lambda: transformers.AutoModel.from_config(config), seed)


def seeded(make: Callable[[], Any], seed: int) -> Any:
    """The result of `make` with PyTorch's random generator at this seed; its state is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _shape_of(config: Any, settings: TowerSettings, folder: Path) -> _Shape:
    kind = _KINDS.get(config.model_type)
    if kind is None:
        raise _no_vision(config, folder)
    vision = _vision(config)
    shared = _shared_width(config, vision, kind)
    if settings.projected and shared is None:
        raise EncoderError(
            f"{folder} ({config.model_type}) has no space shared with texts",
            "projected: false, or a whole CLIP or SigLIP model",
        )
    width = vision.hidden_sizes[-1] if hasattr(vision, "hidden_sizes") else vision.hidden_size
    prefix = 1 if kind in ("class-token", "clip") else 0
    registers = int(getattr(vision, "num_register_tokens", 0)) if prefix else 0
    return _Shape(kind, int(width), prefix + registers, shared)


def _no_vision(config: Any, folder: Path) -> EncoderError:
    if config.model_type in _OF_ANY_SHAPE:
        return EncoderError(
            f"{folder} ({config.model_type}) takes pictures of any shape (NaFlex)",
            "a model of square pictures",
            "use a fixed-resolution checkpoint, such as google/siglip2-base-patch16-224",
        )
    has_vision = hasattr(config, "vision_config") or hasattr(config, "image_size")
    problem = "a vision model that is not supported" if has_vision else "no vision half"
    return EncoderError(
        f"{folder} is of the kind {config.model_type!r}: {problem}",
        f"one of {', '.join(sorted(_KINDS))}, or a timm model",
    )


def _vision(config: Any) -> Any:
    return getattr(config, "vision_config", None) or config


def _shared_width(config: Any, vision: Any, kind: Kind) -> int | None:
    if vision is config:  # a vision half alone
        return None
    if kind == "clip":
        return int(config.projection_dim)
    return int(vision.hidden_size)


def _call_options(config: Any, size: int) -> dict[str, bool]:
    trained = getattr(config, "image_size", size)
    if config.model_type in _INTERPOLATE and trained not in (size, [size, size], (size, size)):
        return {"interpolate_pos_encoding": True}
    return {}


def _check_size(vision: Any, size: int, folder: Path) -> None:
    patch = getattr(vision, "patch_size", 1)
    if isinstance(patch, int) and size % patch:
        raise EncoderError(
            f"pictures of {size} pixels for {folder}",
            f"a multiple of its patches' {patch} pixels",
            f"picture_size: {max(patch, size // patch * patch)}",
        )


def _inner(model: Any) -> Any:
    """The module with the vision half's layers; releases of transformers differ."""
    return getattr(model, "vision_model", model)
