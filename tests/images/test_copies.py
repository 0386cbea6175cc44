"""Copies of pictures: every kind of change is found, and pictures that only look alike are not."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from random_scenes import COUNT, scenes

from crosslift.errors import DataError
from crosslift.images import copies, sketches
from crosslift.images.copies import find_copies
from crosslift.images.decode import load_picture
from crosslift.images.framing import Framing, on_square
from crosslift.images.picture_views import WHOLE, boxes_in_borders, cells_of, local_contrast
from crosslift.images.sketches import candidates, views_of
from crosslift.sources.pictograms import load_concepts

SIZE = 64
Change = Callable[[Image.Image], Image.Image]


def squares(pictures: list[Image.Image], size: int = SIZE) -> Any:
    framing = Framing("stretch")
    return np.stack([np.asarray(on_square(p, size, framing, 255)) for p in pictures])


def saved(picture: Image.Image, quality: int = 85) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def scaled(picture: Image.Image, scale: float) -> Image.Image:
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))


def cut(left: float, top: float, right: float, bottom: float) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
        return picture.crop(tuple(round(edge) for edge in box))

    return change


def bordered(colour: str, share: float = 0.04) -> Change:
    return lambda picture: ImageOps.expand(picture, round(share * picture.height), fill=colour)


CHANGES: dict[str, Change] = {
    "quality 30": lambda p: saved(p, 30),
    "larger": lambda p: saved(scaled(p, 1.7), 90),
    "smaller": lambda p: saved(scaled(p, 0.5), 75),
    "a third": lambda p: saved(scaled(p, 1 / 3), 50),
    "squeezed": lambda p: p.resize((224, 224)),
    "cut from all sides": cut(0.05, 0.05, 0.05, 0.05),
    "cut left": cut(0.1, 0, 0, 0),
    "cut below": cut(0, 0, 0, 0.1),
    "grey": lambda p: p.convert("L").convert("RGB"),
    "white border": bordered("white"),
    "black border": bordered("black", 0.08),
    "mirrored": ImageOps.mirror,
    "all at once": lambda p: bordered("gray")(
        cut(0.05, 0.05, 0, 0)(ImageOps.mirror(p).convert("L").convert("RGB"))
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_copies_are_found_on_either_side(name: str) -> None:
    pictures = scenes()
    plain = squares(pictures)
    changed = squares([saved(CHANGES[name](picture)) for picture in pictures])
    for train, test in ((changed, plain), (plain, changed)):
        copies = find_copies(train, test)
        right = copies.train == np.arange(COUNT)
        assert right.mean() >= 0.95
        assert (copies.train[~right] == -1).all()
        assert (copies.mirrored[right] == (name in ("mirrored", "all at once"))).all()
        assert (copies.agreement[right] >= 0.75).all() and (copies.agreement[~right] == 0).all()


def test_other_pictures_are_no_copies() -> None:
    copies = find_copies(squares(scenes(400)), squares(scenes(200, seed=1)))
    assert (
        (copies.train == -1).all() and (copies.agreement == 0).all() and not copies.mirrored.any()
    )


def test_gradients_are_not_copies_of_each_other() -> None:
    """Skies: smooth from one colour to another, which any two such pictures nearly are."""
    ramp = np.linspace(0, 1, SIZE)[:, None, None]
    colours = np.random.default_rng(0).integers(0, 256, (40, 2, 3))
    skies = [first + ramp * (second - first) for first, second in colours]
    pictures = np.stack([np.tile(sky, (1, SIZE, 1)) for sky in skies]).astype(np.uint8)
    assert (find_copies(pictures[:20], pictures[20:]).train == -1).all()


def test_a_small_part_that_differs_makes_another_drawing() -> None:
    """Two clocks: the same face and one hand, in another place."""
    face = Image.new("RGB", (SIZE, SIZE), "white")
    pixels = np.asarray(face).copy()
    at = np.hypot(*(np.mgrid[:SIZE, :SIZE] - SIZE / 2))
    pixels[(at > 24) & (at < 27)] = 0
    early, late = pixels.copy(), pixels.copy()
    early[12:32, 30:33] = 0
    late[30:33, 36:56] = 0
    pair = np.stack([early, late])
    assert find_copies(pair[:1], pair[1:]).train.tolist() == [-1]
    copy = np.asarray(saved(Image.fromarray(early), 50))[None]
    assert find_copies(pair, copy).train.tolist() == [0]


def test_colour_counts_unless_a_picture_is_grey() -> None:
    (scene,) = scenes(1)
    other = squares([Image.merge("RGB", scene.split()[::-1])])  # red and blue change places
    plain, grey = squares([scene]), squares([scene.convert("L").convert("RGB")])
    same_grey = np.repeat(np.asarray(other) @ np.array([0.299, 0.587, 0.114]), 3)
    assert find_copies(plain, grey).train.tolist() == [0]
    assert find_copies(plain, other).train.tolist() == [-1]
    recoloured = same_grey.reshape(other.shape).astype(np.uint8)
    assert find_copies(other, recoloured).train.tolist() == [0]


def test_copied_pictograms_are_found_and_few_others_mistaken() -> None:
    drawn = [load_picture(c.picture, SIZE, fit=Framing("stretch")) for c in load_concepts()[::15]]
    train = np.stack(drawn)
    again = np.stack([np.asarray(saved(Image.fromarray(p), 50)) for p in drawn])
    assert (find_copies(train, again).train == np.arange(len(train))).mean() > 0.95
    others = find_copies(train[1::2], train[::2])
    assert (others.train >= 0).mean() < 0.05


def test_an_equal_picture_comes_first_and_of_several_the_first() -> None:
    plain = squares(scenes(3))
    near = np.asarray(saved(Image.fromarray(plain[1]), 95))[None]
    flat = np.full((1, SIZE, SIZE, 3), 255, np.uint8)
    train = np.concatenate([near, plain, plain, flat])
    copies = find_copies(train, np.concatenate([plain[1:2], flat, flat - 1]))
    assert copies.train.tolist() == [2, 7, -1]
    assert copies.agreement.tolist() == [1, 1, 0]


def test_a_copy_that_differs_in_few_pixels_is_not_equal() -> None:
    plain = squares(scenes(2))
    changed = plain[1:].copy()
    changed[0, 30, 30] ^= 1
    copies = find_copies(plain, changed)
    assert copies.train.tolist() == [1] and 0.99 < copies.agreement[0] < 1


def test_borders_by_hand() -> None:
    (scene,) = squares(scenes(1))
    framed = scene.copy()
    framed[:3], framed[:, -5:] = 255, 255
    flat = np.full_like(scene, 9)
    boxes = boxes_in_borders(np.stack([scene, framed, flat])) * SIZE
    assert boxes[0].tolist() == (WHOLE * SIZE).tolist()
    assert boxes[1].tolist() == [4, SIZE, 0, SIZE - 6]  # and the line that may be mixed
    assert boxes[2].tolist() == [19, SIZE - 19, 19, SIZE - 19]  # 0.3 of the side, rounded down


def test_cells_by_hand() -> None:
    picture = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    picture[0, :, : SIZE // 2] = 100
    picture[0, :, SIZE // 2 :] = (200, 0, 0)
    whole = cells_of(picture, WHOLE[None], 2, channels=3)
    assert whole[0, 0] == pytest.approx(np.array([[100, 59.8]] * 2), abs=1e-3)
    assert whole[0, 2] == pytest.approx(np.array([[0, 100]] * 2), abs=1e-2)
    right = cells_of(picture, np.array([[0, 1, 0.25, 0.75]], np.float32), 4)
    assert right[0, 0, 0] == pytest.approx([100, 100, 59.8, 59.8], abs=1e-3)
    several = cells_of(np.repeat(picture, 2, 0), np.array([[0, 1, 0, 1], [0, 1, 0.5, 1]]), 2)
    assert several[:, 0, 0] == pytest.approx(np.array([[100, 59.8], [59.8, 59.8]]), abs=1e-3)


def test_brightness_and_contrast_do_not_count_locally() -> None:
    levels = np.random.default_rng(0).normal(0, 1, (1, 16, 16)).astype(np.float32) * 60
    plain, changed = local_contrast(levels, 2), local_contrast(40 + 0.7 * levels, 2)
    assert np.abs(plain - changed).max() < 0.2 < np.abs(plain).max()
    assert local_contrast(np.full((1, 16, 16), 77, np.float32), 2) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_chunks_change_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = scenes(30)
    train = squares([*pictures[10:], *scenes(20, seed=2)])
    test = squares([saved(CHANGES["all at once"](p)) for p in pictures])
    expected = find_copies(train, test)
    monkeypatch.setattr(copies, "_TRAIN_AT_ONCE", rows)
    monkeypatch.setattr(copies, "_CHECKED_AT_ONCE", rows)
    monkeypatch.setattr(sketches, "_PAIRS_AT_ONCE", rows * 5)
    monkeypatch.setattr(sketches, "_SCORED_AT_ONCE", rows)
    chunked = find_copies(train, test)
    assert (chunked.train == expected.train).all() and (chunked.mirrored == expected.mirrored).all()
    assert chunked.agreement == pytest.approx(expected.agreement, abs=1e-4)
    assert expected.train[10:].tolist() == list(range(20)) and (expected.train[:10] == -1).all()


def test_candidates_lose_no_copy_that_comparing_all_pairs_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = scenes(12)
    train = squares(pictures)
    test = squares([saved(cut(0.06, 0, 0.06, 0)(p)) for p in pictures])
    fast = find_copies(train, test)
    for name in ("_ALIKE", "_ALIKE_CUT", "_ALIKE_ALIGNED"):
        monkeypatch.setattr(sketches, name, -2.0)
    monkeypatch.setattr(sketches, "_MOST_CUT", len(train))
    pairs = candidates(views_of(train), views_of(test))
    assert len(pairs.test) == 2 * len(test) * len(train)  # as it is and mirrored
    slow = find_copies(train, test)
    assert (fast.train == slow.train).all() and (fast.train == np.arange(12)).all()


def test_the_best_of_each_group() -> None:
    groups = np.array([0, 0, 0, 1, 2, 2])
    scores = np.array([1, 3, 3, 0, 2, 5], np.float32)
    assert sketches._best_of_each(groups, scores, 1).tolist() == [1, 3, 5]
    assert sketches._best_of_each(groups, scores, 2).tolist() == [1, 2, 3, 4, 5]


def test_no_pictures_on_a_side() -> None:
    some, none = squares(scenes(2)), np.empty((0, SIZE, SIZE, 3), np.uint8)
    assert find_copies(none, some).train.tolist() == [-1, -1]
    assert find_copies(some, none).train.shape == (0,)


def test_inputs_at_fault_raise() -> None:
    good = squares(scenes(1))
    with pytest.raises(DataError, match="pictures float64"):
        find_copies(np.zeros((1, 64, 64, 3)), good)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="pictures of 64 x 31 pixels"):
        find_copies(good, np.zeros((1, 64, 31, 3), np.uint8))
