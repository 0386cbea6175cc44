"""Saves the changes that training made to an encoder, and applies them to the original encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import ArtifactError

_ROW_IDS = "token_table.ids"
_ROWS = "token_table.rows"


def save_change(masters: dict[str, Tensor], encoder: Encoder, path: Path) -> None:
    """Writes the trained parameters (float32, by the model's own names) and the trained token rows.

    Args:
        masters: name -> float32 value of each trained parameter except the token table.
        encoder: the rows of its token table that are in use are written if they were trained.
        path: path of a new safetensors file.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in masters.items()}
    if encoder.table.ids is not None and encoder.table.weight.requires_grad:
        tensors[_ROW_IDS] = encoder.table.ids.cpu()
        tensors[_ROWS] = encoder.table.weight.detach().cpu().contiguous()
    save_file(tensors, path)


def apply_changes(
    encoder: Encoder, paths: Sequence[Path], further: Sequence[Path] = (), share: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Applies saved changes to the encoder, first to last.

    Args:
        encoder: the encoder as loaded.
        paths: files written by `save_change`.
        further: files of later changes.
        share: part of the further changes that is applied, in [0, 1]: each weight and each token row
            is interpolated linearly from its value after `paths`, in float32.

    Returns:
        Ids int64 [R] and former values [R, D] of the token rows that were overwritten.

    Raises:
        ArtifactError: a change belongs to another model.
    """
    start = _State.of(encoder, paths)
    end = _State.of(encoder, [*paths, *further])
    parameters = dict(encoder.model.named_parameters())
    table = encoder.table.whole
    with torch.no_grad():
        for name, value in end.parameters.items():
            before = start.parameters[name] if name in start.parameters else parameters[name]
            parameters[name].copy_(_between(before, value, share))
        former = table[end.ids].clone()
        rows = former.clone()
        rows[torch.searchsorted(end.ids, start.ids)] = start.rows
        table[end.ids] = _between(rows, end.rows, share)
    return end.ids, former


def _between(start: Tensor, end: Tensor, share: float) -> Tensor:
    if share == 1:
        return end
    return torch.lerp(start.detach().float().to(end.device), end, share)


@dataclass(frozen=True, slots=True)
class _State:
    """The result of several changes: parameters by name, and token rows [R, D] with rising ids [R]."""

    parameters: dict[str, Tensor]
    ids: Tensor
    rows: Tensor

    @classmethod
    def of(cls, encoder: Encoder, paths: Sequence[Path]) -> _State:
        parameters: dict[str, Tensor] = {}
        table = encoder.table.whole
        ids = [torch.empty(0, dtype=torch.int64, device=table.device)]
        rows = [table.new_empty(0, table.shape[1])]
        for path in paths:
            tensors = load_file(path, device=str(encoder.device))
            if _ROWS in tensors:
                ids.append(tensors.pop(_ROW_IDS))
                rows.append(tensors.pop(_ROWS))
            _check_fit(encoder, tensors, path)
            parameters |= tensors
        distinct, place = torch.unique(torch.cat(ids), return_inverse=True)
        last = torch.zeros(len(distinct), dtype=torch.int64, device=table.device)
        for number, at in enumerate(place.split([len(part) for part in ids])):
            first = sum(len(part) for part in ids[:number])
            last[at] = torch.arange(first, first + len(at), device=table.device)
        return cls(parameters, distinct, torch.cat(rows)[last])


def _check_fit(encoder: Encoder, tensors: dict[str, Tensor], path: Path) -> None:
    shapes = {name: tuple(p.shape) for name, p in encoder.model.named_parameters()}
    for name, value in tensors.items():
        if shapes.get(name) != tuple(value.shape):
            shape = tuple(value.shape)
            raise ArtifactError(f"{path} changes {name} {shape}, which the model does not have")
