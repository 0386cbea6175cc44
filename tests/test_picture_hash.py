from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crosslift.errors import DataError
from crosslift.images import hashes
from crosslift.images.decode import load_picture
from crosslift.images.hashes import NEAR_BITS, near_pictures, perceptual_hashes
from crosslift.sources.pictograms import load_concepts

SIZE = 64


def scenes(count: int, seed: int = 0) -> list[Image.Image]:
    """Smooth random pictures of many colours, as photographs are."""
    rough = np.random.default_rng(seed).integers(0, 256, (count, 7, 9, 3), dtype=np.uint8)
    return [Image.fromarray(r).resize((288, 224), Image.Resampling.BICUBIC) for r in rough]


def square(picture: Image.Image, size: int = SIZE) -> Any:
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def again(picture: Image.Image, scale: float, quality: int) -> Image.Image:
    """Scaled and compressed once more."""
    buffer = io.BytesIO()
    sides = (round(picture.width * scale), round(picture.height * scale))
    picture.resize(sides, Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def hashed(pictures: list[Image.Image], size: int = SIZE) -> Any:
    return perceptual_hashes(np.stack([square(picture, size) for picture in pictures]))


def differing(first: Any, second: Any) -> Any:
    """By brute force, bit by bit."""
    bits = [np.unpackbits(h.view(np.uint8), axis=1) for h in (first, second)]
    return (bits[0][:, None] != bits[1][None]).sum(2)


@pytest.mark.parametrize(("scale", "quality"), [(1, 75), (1, 30), (0.5, 75), (1.7, 90)])
def test_copies_are_near_and_others_are_not(scale: float, quality: int) -> None:
    pictures = scenes(60)
    train = hashed(pictures)
    copies = hashed([again(picture, scale, quality) for picture in pictures])
    nearest, bits = near_pictures(train, copies)
    assert (nearest == np.arange(60)).all() and bits.max() <= NEAR_BITS
    nearest, bits = near_pictures(train, hashed(scenes(60, seed=1)))
    assert (nearest == -1).all() and bits.min() > NEAR_BITS


def test_the_size_hardly_matters() -> None:
    pictures = scenes(20)
    assert np.diag(differing(hashed(pictures, 32), hashed(pictures, 150))).max() <= NEAR_BITS


def test_flat_pictures_differ_by_colour() -> None:
    colours = ["white", "black", "red", "lime", "blue", "yellow", "purple"]
    found = hashed([Image.new("RGB", (SIZE, SIZE), colour) for colour in colours])
    assert (found[0] == 0).all() and (found[1] == 0).all()  # neither has a shape or a tint
    between = differing(found[2:], found[2:])
    assert (between[~np.eye(5, dtype=bool)] > NEAR_BITS).all()


def test_layouts_differ() -> None:
    left = np.full((1, SIZE, SIZE, 3), 255, np.uint8)
    left[:, 8:40, 8:30] = 0
    right, below = left[:, :, ::-1], left.transpose(0, 2, 1, 3)
    for other in (right, below):
        found = perceptual_hashes(np.concatenate([left, other]))
        assert differing(found[:1], found[1:]).item() > NEAR_BITS


def test_every_fortieth_pictogram_is_near_itself_alone() -> None:
    pictures = [load_picture(c.picture, SIZE) for c in load_concepts()[::40]]
    found = perceptual_hashes(np.stack(pictures))
    copies = [again(Image.fromarray(picture), 1, 50) for picture in pictures]
    nearest, bits = near_pictures(found, hashed(copies))
    same = nearest == np.arange(len(pictures))
    assert bits.max() <= NEAR_BITS and same.mean() > 0.95


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_chunks_and_brute_force_agree(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_AT_ONCE", rows * 5)
    monkeypatch.setattr(hashes, "_TRAIN_AT_ONCE", rows)
    words = np.random.default_rng(0).integers(0, 2**63, (50, 4)).astype(np.uint64)
    train, test = words[:30], words[20:].copy()
    test[0, 2] ^= np.uint64(0b1011)
    wanted = differing(test, train)
    nearest, bits = near_pictures(train, test, 106)
    assert (bits == wanted.min(1)).all()
    near = wanted.min(1) <= 106
    assert (nearest == np.where(near, wanted.argmin(1), -1)).all()
    assert 0 < near.sum() < 30 and bits[0] == 3


def test_ties_go_to_the_first_and_none_is_told() -> None:
    one = np.zeros((1, 4), np.uint64)
    many = np.concatenate([one + np.uint64(1), one, one])
    assert near_pictures(many, one, 0)[0].tolist() == [1]
    nearest, bits = near_pictures(many[:1], one, 0)
    assert nearest.tolist() == [-1] and bits.tolist() == [4]
    nearest, bits = near_pictures(one[:0], one)
    assert nearest.tolist() == [-1] and bits.tolist() == [257]
    assert near_pictures(one, one[:0])[0].shape == (0,)


def test_inputs_at_fault_raise() -> None:
    assert perceptual_hashes(np.empty((0, 64, 64, 3), np.uint8)).shape == (0, 4)
    with pytest.raises(DataError, match="pictures float64"):
        perceptual_hashes(np.zeros((1, 64, 64, 3)))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="pictures of 8 pixels"):
        perceptual_hashes(np.zeros((1, 8, 8, 3), np.uint8))
    good = np.zeros((1, 4), np.uint64)
    with pytest.raises(DataError, match="hashes int64"):
        near_pictures(good.astype(np.int64), good)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="most_bits 300"):
        near_pictures(good, good, 300)
