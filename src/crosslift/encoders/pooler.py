"""The pooler of BERT and similar models: transformers loads it, but no vector of CrossLift depends on
it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from crosslift.encoders.adapter_folder import is_adapter_folder
from crosslift.encoders.description import describe
from crosslift.encoders.encoder_folder import base_of
from crosslift.model_files.find_model import WEIGHTS
from crosslift.model_files.read_model import library_errors_explained

_PREFIX = "pooler."


def pooler_tensors(model: Any, folder: Path) -> dict[str, Tensor]:
    """The weights of a model's pooler, for a copy of the model that others load.

    Training does not change them. If the model's files have none, the weights are the identity with
    biases of 0. Without them, transformers would draw random weights.

    Args:
        model: as `crosslift.encoders.transformer.load_transformer` loads it, without its pooler.
        folder: folder of the encoder.

    Returns:
        Name -> weight, by the model's own names; empty for a model without a pooler.

    Raises:
        EncoderError: the files of the folder cannot be read.
    """
    if not hasattr(model, "pooler"):
        return {}
    with torch.device("meta"):
        whole = type(model)(model.config).state_dict()
    missing = {n: v.shape for n, v in whole.items() if n.startswith(_PREFIX)}
    published = _published(folder, type(model).base_model_prefix)
    return {
        name: published[name] if name in published else _passes_on(shape)
        for name, shape in missing.items()
    }


def _passes_on(shape: torch.Size) -> Tensor:
    return torch.eye(*shape) if len(shape) == 2 else torch.zeros(shape)


def _published(folder: Path, prefix: str) -> dict[str, Tensor]:
    """Name -> weight of the pooler in the files of the folder, which may prefix all names."""
    place = describe(folder, pooled_here=False).input
    place = base_of(place) if is_adapter_folder(place) else place
    tensors: dict[str, Tensor] = {}
    with library_errors_explained(place):
        for path in sorted(place.glob(WEIGHTS)):
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118
                    own = name.removeprefix(f"{prefix}.")
                    if own.startswith(_PREFIX):
                        tensors[own] = file.get_tensor(name)
    return tensors
