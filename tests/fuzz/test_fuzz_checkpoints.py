"""Checkpoints: damaged ones, and hostile ones whose checksum is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from torch import Tensor

from crosslift.errors import ArtifactError
from crosslift.training.checkpoint import Progress, load_checkpoint, load_tensors

_TENSORS = {
    "weight:a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "optimizer:0.step": torch.tensor(3.0),
    "weight:b": torch.zeros(2, dtype=torch.bfloat16),
}
_PROGRESS = json.dumps(
    {"updates": 3, "curve": [[1, "nli", "accuracy", 0.5]], "taken": {"nli": 4}, "best": None}
)
_WHOLE = save(_TENSORS, {"progress": _PROGRESS})
_PIECES = (b"[" * 2000, b"9" * 5000, b"null", b'"', b"}", b"\\ud800", b"NaN", b'"F64"', b"-1")


class _Weights:
    """Takes what a checkpoint holds, whatever it is."""

    def restore(self, weights: Mapping[str, Tensor], optimizer: Mapping[str, Tensor]) -> None:
        for value in (*weights.values(), *optimizer.values()):
            value.sum()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "checkpoint.safetensors"


def write(place: Path, data: bytes, sum_of: bytes) -> None:
    place.write_bytes(data)
    noted = json.dumps([hashlib.sha256(sum_of).hexdigest()])
    place.with_name(f".{place.name}.sha256").write_text(noted)


@FUZZ
@given(data=damaged(_WHOLE, _PIECES))
def test_damage_is_found(place: Path, data: bytes) -> None:
    write(place, data, _WHOLE)
    if data == _WHOLE:
        assert load_tensors(place)[1] == {"progress": _PROGRESS}
    else:
        with pytest.raises(ArtifactError, match="is corrupt"):
            load_tensors(place)


@FUZZ
@given(data=damaged(_WHOLE, _PIECES))
def test_any_bytes_with_a_right_sum_are_progress_or_an_artifact_error(
    place: Path, data: bytes
) -> None:
    write(place, data, data)
    weights: Any = _Weights()
    with suppress(ArtifactError):
        assert isinstance(load_checkpoint(place, weights), Progress)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@FUZZ
@given(values=st.dictionaries(st.sampled_from(list(Progress.__slots__)) | st.text(), _VALUES))
def test_any_progress_is_progress_or_an_artifact_error(place: Path, values: Any) -> None:
    data = save(_TENSORS, {"progress": json.dumps(values)})
    write(place, data, data)
    weights: Any = _Weights()
    with suppress(ArtifactError):
        assert isinstance(load_checkpoint(place, weights), Progress)
