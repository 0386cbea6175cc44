from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from crosslift.artifacts.array_file import array_file
from crosslift.errors import DataError
from crosslift.images import features
from crosslift.images.decode import load_picture
from crosslift.images.features import decode_all, decode_into, extract_features
from crosslift.images.framing import Framing
from crosslift.images.image_tower import ImageTower, pixels
from crosslift.images.towers import TowerSettings, open_tower

CPU = torch.device("cpu")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Forty pictures of one colour each, of different shapes."""
    paths = [tmp_path / f"{i}.png" for i in range(40)]
    for i, path in enumerate(paths):
        Image.new("RGB", (20 + i, 50 - i), (i, 2 * i, 255 - i)).save(path)
    return paths


class BreakableTower(ImageTower):
    """Two states per picture: its mean colour, and that times a weight; a weight that lower precision
    cannot hold spoils what it gives."""

    def __init__(self, weight: float, size: int = 8) -> None:
        super().__init__()
        self.width = self.pooled_width = 3
        self.picture_size, self.framing, self.background, self.prefix = size, Framing(), 255, 0
        self.weight = torch.nn.Parameter(torch.tensor(weight))
        self.dropout = torch.nn.Dropout(0.5)
        self.seen: list[torch.dtype] = []

    def as_input(self, pictures: Any, device: torch.device) -> Tensor:
        return pixels(pictures, device)

    def states(self, pictures: Tensor) -> Tensor:
        self.seen.append(pictures.dtype)
        means = pictures.mean((2, 3))
        offset = torch.tensor([1.0, 0.0, 0.0]) * (self.weight - 1) * 1e6
        return self.dropout(torch.stack([means, means * self.weight + offset], dim=1))

    def pooled(self, states: Tensor) -> Tensor:
        return states.mean(1)


def random_pictures(count: int, size: int = 8) -> Any:
    return np.random.default_rng(0).integers(1, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("workers", [1, 4, None])
def test_pictures_are_decoded_in_their_order(files: list[Path], workers: int | None) -> None:
    counts: list[int] = []
    squares, skipped = decode_all(files, 16, workers=workers, report=counts.append)
    expected = [load_picture(path, 16) for path in files]
    assert skipped == {} and squares.dtype == np.uint8
    assert (squares == np.stack(expected)).all()
    assert sum(counts) == 40 and len(counts) > 1


def test_fit_and_background_reach_every_picture(files: list[Path]) -> None:
    framing = Framing("stretch", None, "bilinear")
    for options in ({"fit": "crop"}, {"background": 9}, {"fit": framing}):
        squares, _ = decode_all(files, 16, **options)  # type: ignore[arg-type]
        assert (squares == np.stack([load_picture(path, 16, **options) for path in files])).all()  # type: ignore[arg-type]


def test_decoding_into_a_file(files: list[Path], tmp_path: Path) -> None:
    place = tmp_path / "squares.npy"
    with array_file(place, (40, 16, 16, 3), np.uint8) as squares:
        assert decode_into(squares, files, 16) == {}
        with pytest.raises(DataError, match=r"uint8 \[40, 16, 16, 3\] for 40 pictures"):
            decode_into(squares, files, 8)
    assert (np.load(place) == decode_all(files, 16)[0]).all()


def test_the_first_broken_picture_raises(files: list[Path]) -> None:
    for i in (39, 21, 20):
        files[i].write_bytes(b"no picture")
    for workers in (1, 4):
        with pytest.raises(DataError, match=r"20\.png is of no known type"):
            decode_all(files, 16, workers=workers)
    assert threading.active_count() < 10


def test_broken_pictures_are_left_out_with_their_reasons(files: list[Path]) -> None:
    files[20].write_bytes(b"no picture")
    files[39].unlink()
    counts: list[int] = []
    squares, skipped = decode_all(
        files, 16, skip_broken=True, background=7, workers=3, report=counts.append
    )
    assert sorted(skipped) == [20, 39] and sum(counts) == 40
    assert "20.png is of no known type" in skipped[20]
    assert "39.png cannot be read" in skipped[39]
    assert (squares[[20, 39]] == 7).all()
    assert (squares[38] == load_picture(files[38], 16, background=7)).all()


def test_no_pictures_are_none() -> None:
    squares, skipped = decode_all([], 16)
    assert squares.shape == (0, 16, 16, 3) and skipped == {}
    with pytest.raises(DataError, match="size 0"):
        decode_all([], 0)


def test_features_are_those_of_the_tower_at_rest() -> None:
    tower = open_tower(TowerSettings("convolutional"), 0, CPU).train()
    pictures = random_pictures(10, 64)
    counts: list[int] = []
    actual = extract_features(tower, pictures, batch=4, report=counts.append)
    assert tower.training and counts == [4, 4, 2]
    tower.eval()
    with torch.inference_mode():
        expected = tower(tower.as_input(pictures, CPU)).numpy()
    assert actual.dtype == np.float32 and actual.shape == (10, 256)
    cosines = (
        (actual * expected).sum(1)
        / np.linalg.norm(actual, axis=1)
        / np.linalg.norm(expected, axis=1)
    )
    assert cosines.min() >= 0.9999
    assert (extract_features(tower, pictures, batch=4) == actual).all()
    states = extract_features(tower, pictures, states=True)
    assert states.dtype == np.float16 and states.shape == (10, 16, 256)
    assert np.allclose(states.astype(np.float32).mean(1), expected, atol=0.02, rtol=0.05)


@pytest.mark.parametrize(("weight", "low"), [(1.0, True), (1.001, False)])
def test_lower_precision_only_where_it_is_close(
    weight: float, low: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "resolve_precision", lambda precision: "bfloat16")
    made: list[torch.dtype] = []
    monkeypatch.setattr(BreakableTower, "states", _recording(BreakableTower.states, made))
    tower = BreakableTower(weight)
    pictures = random_pictures(40)
    actual = extract_features(tower, pictures)
    assert (made[-1] == torch.bfloat16) == low
    exact = pictures.mean((1, 2)) * (1 + np.float32(weight)) / 2
    exact[:, 0] += (np.float32(weight) - 1) * 5e5
    cosines = (
        (actual * exact).sum(1) / np.linalg.norm(actual, axis=1) / np.linalg.norm(exact, axis=1)
    )
    assert cosines.min() >= 0.9999
    assert tower.weight.dtype == torch.float32 and tower.weight.item() == np.float32(weight)


def _recording(states: Any, made: list[torch.dtype]) -> Any:
    def record(self: BreakableTower, pictures: Tensor) -> Tensor:
        made.append(pictures.dtype)
        output: Tensor = states(self, pictures)
        return output

    return record


def test_float32_where_the_processor_has_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "resolve_precision", lambda precision: "float32")
    made: list[torch.dtype] = []
    monkeypatch.setattr(BreakableTower, "states", _recording(BreakableTower.states, made))
    extract_features(BreakableTower(1.0), random_pictures(3))
    assert set(made) == {torch.float32}


def test_features_of_a_memory_map_and_of_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", random_pictures(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    tower = BreakableTower(1.0)
    assert (extract_features(tower, mapped) == extract_features(tower, random_pictures(5))).all()
    assert extract_features(tower, mapped[:0]).shape == (0, 3)
    nothing = extract_features(tower, mapped[:0], states=True)
    assert nothing.shape == (0, 2, 3) and nothing.dtype == np.float16


def test_features_at_fault_raise() -> None:
    tower = BreakableTower(1.0)
    with pytest.raises(DataError, match=r"uint8 \[N, 8, 8, 3\]"):
        extract_features(tower, random_pictures(2, 16))
    with pytest.raises(DataError, match="float64"):
        extract_features(tower, random_pictures(2).astype(np.float64))
    with pytest.raises(DataError, match="batch 0"):
        extract_features(tower, random_pictures(2), batch=0)
    with pytest.raises(DataError, match="picture 0 are not finite in float16"):
        extract_features(BreakableTower(2.0), random_pictures(2), states=True)
    with pytest.raises(DataError, match="not finite in float32"):
        extract_features(BreakableTower(float("nan")), random_pictures(2))
