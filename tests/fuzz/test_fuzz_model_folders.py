"""Model folders with one damaged file: they load, or an EncoderError says what is wrong."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from tiny_encoder import load_tiny
from tiny_folders import KINDS, make_two_towers

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import fingerprint, layers_of, own_prompts, width_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import EncoderError
from crosslift.images.towers import TowerSettings, open_text_tower, open_tower

_FOLDERS = ("labse", "t5", "gemma", "static", "adapter", "layer norm", "old layout")
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 10**6, 10**12, 10**30, 0.5, 1e308),
    *("", "a", "\0", "../..", "9" * 5000, [], [[]], [None], {}, {"a": {}}, {"": 1}),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("folders")
    made = {kind: KINDS[kind](place / kind / "model") for kind in _FOLDERS}
    return made | {"two towers": make_two_towers(place / "clip" / "model")}


def _damaged_bytes(content: bytes, draw: Any) -> bytes:
    """Some bytes changed, cut off, or repeated."""
    at = draw(st.integers(0, max(0, len(content) - 1)))
    how = draw(st.sampled_from(("change", "cut", "repeat", "header")))
    if how == "cut":
        return content[:at]
    if how == "repeat":
        return content[:at] + content[: draw(st.integers(0, 400))] + content[at:]
    changed = bytearray(content)
    reach = len(content) if how == "change" else min(len(content), 64)
    for _ in range(draw(st.integers(1, 4))):
        if reach:
            changed[draw(st.integers(0, reach - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


def _damaged_json(content: bytes, draw: Any) -> bytes:
    """One value somewhere replaced, or one key left out."""
    whole = json.loads(content)
    place, depth = whole, draw(st.integers(0, 4))
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return content
        key = draw(st.sampled_from(keys[:200]))
        inside = place[key]
        if depth and isinstance(inside, dict | list) and inside:
            place, depth = inside, depth - 1
            continue
        if draw(st.booleans()):
            place[key] = draw(st.sampled_from(_VALUES))
        else:
            del place[key]
        return json.dumps(whole).encode()


def _use(folder: Path) -> None:
    settings = EncoderSettings(name=str(folder))
    for reader in (fingerprint, own_prompts, layers_of, width_of):
        with suppress(EncoderError):
            reader(settings)
    with suppress(EncoderError):
        open_text_tower(str(folder)).vectors(["a cat", ""])
    with suppress(EncoderError):
        open_tower(TowerSettings(str(folder), projected=True), 0, torch.device("cpu"))
    with suppress(EncoderError):
        encode(load_tiny(folder), ["a cat", "", "x" * 300])


@FUZZ
@given(st.data())
def test_a_damaged_folder_loads_or_is_an_encoder_error(
    folders: dict[str, Path], data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(sorted(folders)))
    files = sorted(p.relative_to(folders[kind]) for p in folders[kind].rglob("*") if p.is_file())
    file = data.draw(st.sampled_from(files))
    content = (folders[kind] / file).read_bytes()
    by_value = file.suffix == ".json" and data.draw(st.booleans())
    damaged = (_damaged_json if by_value else _damaged_bytes)(content, data.draw)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        shutil.copytree(folders[kind], folder)
        (folder / file).write_bytes(damaged)
        _use(folder)
