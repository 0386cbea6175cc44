"""Image towers from timm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.errors import EncoderError
from crosslift.images.image_tower import ImageTower
from crosslift.images.preparation import preparation_of
from crosslift.images.published_tower import Normaliser, seeded
from crosslift.images.tower_files import is_timm, tower_folder
from crosslift.images.tower_settings import TowerSettings
from crosslift.model_files.read_model import library_errors_explained, read_json_object


class TimmTower(ImageTower):
    """A model of timm without its classifier.

    Its pooled vector is the input of the classifier in training (timm's ``forward_head`` with
    ``pre_logits``); its states are those of ``forward_features``.

    Args:
        model: created with no classes.
        folder: folder with its config.json.
        picture_size: side of its pictures in pixels. None: that of its config.json.

    Raises:
        EncoderError: the model returns neither a sequence nor a grid of states.
    """

    def __init__(self, model: Any, folder: Path, picture_size: int | None) -> None:
        super().__init__()
        preparation = preparation_of(folder).at(picture_size)
        self.picture_size = preparation.size
        self.framing = preparation.framing
        self.background = preparation.background
        self.width = int(model.num_features)
        self.pooled_width = int(getattr(model, "head_hidden_size", None) or self.width)
        self.prefix = int(getattr(model, "num_prefix_tokens", 0))
        self.model = model
        self._normalise = Normaliser(preparation)
        self._channels_last = getattr(model, "output_fmt", "NCHW") == "NHWC"
        self._grid = self._is_grid(folder)

    def _is_grid(self, folder: Path) -> bool:
        with torch.inference_mode():
            blank = torch.zeros(1, 3, self.picture_size, self.picture_size)
            training = self.model.training
            shape = self.model.eval().forward_features(blank).shape
            self.model.train(training)
        last = shape[-1] if len(shape) == 3 or self._channels_last else shape[1]
        if len(shape) not in (3, 4) or last != self.width:
            raise EncoderError(
                f"{folder} gives states of shape {list(shape)}",
                f"a sequence or a square grid of states {self.width} wide",
            )
        return len(shape) == 4

    def as_input(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3], normalised: float32 [N, 3, S, S]."""
        return self._normalise(pictures, device)

    def states(self, pictures: Tensor) -> Tensor:
        """The states [N, P, W] of prefix tokens and patches, or of the grid."""
        states: Tensor = self.model.forward_features(pictures)
        if not self._grid:
            return states
        return states.flatten(1, 2) if self._channels_last else states.flatten(2).transpose(1, 2)

    def pooled(self, states: Tensor) -> Tensor:
        """One vector per picture, [N, E], from its states [N, P, W]."""
        if self._grid:
            side = round(states.shape[1] ** 0.5)
            states = states.unflatten(1, (side, side))
            states = states if self._channels_last else states.permute(0, 3, 1, 2)
        vectors: Tensor = self.model.forward_head(states, pre_logits=True)
        return vectors


def open_timm(settings: TowerSettings, seed: int) -> TimmTower:
    """A tower from timm, in evaluation mode.

    Raises:
        EncoderError: timm is not installed, or the model cannot be found or loaded.
    """
    folder = tower_folder(settings)
    if not is_timm(folder):
        raise EncoderError(
            f"{folder} is not a timm model: its config.json has no architecture",
            "a folder as `timm.models.save_for_hf` makes it",
        )
    if settings.projected:
        raise EncoderError(f"{folder} (timm) has no space shared with texts", "projected: false")
    model = seeded(lambda: _create(settings, folder), seed)
    return TimmTower(model, folder, settings.picture_size).eval()


def _create(settings: TowerSettings, folder: Path) -> Any:
    timm = _import_timm()
    options: dict[str, Any] = {"num_classes": 0, "pretrained": settings.weights == "published"}
    config = read_json_object(folder / "config.json").get("pretrained_cfg", {})
    if settings.picture_size is not None and config.get("fixed_input_size", False):
        options["img_size"] = settings.picture_size
    with library_errors_explained(folder, "cannot be loaded by timm"):
        return timm.create_model(f"local-dir:{folder}", **options)


def _import_timm() -> Any:
    try:
        import timm
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision of another build
        raise EncoderError(
            f"timm cannot be imported: {error}",
            "timm, and a torchvision built for the installed PyTorch",
            "pip install timm, and torchvision from where PyTorch came from; or use the same model's "
            "folder of transformers",
        ) from error
    return timm
