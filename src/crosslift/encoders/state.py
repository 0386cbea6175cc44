"""What training changed in an encoder: saved alone, laid over the encoder it started from."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from crosslift.encoders.load import Encoder
from crosslift.errors import ArtifactError

_ROW_IDS = "token_table.ids"
_ROWS = "token_table.rows"


def save_change(masters: dict[str, Tensor], encoder: Encoder, path: Path) -> None:
    """Writes the trained parameters (float32, by the model's own names) and the trained token rows.

    Args:
        masters: name -> float32 value of each trained parameter, the token table left out.
        encoder: whose kept token rows are written if they were trained.
        path: of a new safetensors file.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in masters.items()}
    if encoder.table.ids is not None and encoder.table.weight.requires_grad:
        tensors[_ROW_IDS] = encoder.table.ids.cpu()
        tensors[_ROWS] = encoder.table.weight.detach().cpu().contiguous()
    save_file(tensors, path)


def apply_change(encoder: Encoder, path: Path) -> tuple[Tensor, Tensor] | None:
    """Lays a saved change over the encoder.

    Returns:
        Ids and former values of the token rows that were overwritten; None where none were.

    Raises:
        ArtifactError: the change is of another model.
    """
    tensors = load_file(path)
    ids, rows = tensors.pop(_ROW_IDS, None), tensors.pop(_ROWS, None)
    parameters = dict(encoder.model.named_parameters())
    with torch.no_grad():
        for name, value in tensors.items():
            if name not in parameters or parameters[name].shape != value.shape:
                shape = tuple(value.shape)
                raise ArtifactError(f"{path} changes {name} {shape}, which the model does not have")
            parameters[name].copy_(value)
        if ids is None or rows is None:
            return None
        places = ids.to(encoder.device)
        former = encoder.table.whole[places].clone()
        encoder.table.whole[places] = rows.to(encoder.device)
    return places, former
