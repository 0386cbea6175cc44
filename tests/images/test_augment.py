from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crosslift.errors import DataError
from crosslift.images.augment import augment

SIZE = 64


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ramps(count: int) -> Any:
    """Pictures whose red rises to the right and whose green rises downwards."""
    across, down = np.meshgrid(np.linspace(40, 200, SIZE), np.linspace(40, 200, SIZE))
    picture = np.stack([across, down, np.full_like(down, 100)], axis=2).astype(np.uint8)
    return np.repeat(picture[None], count, axis=0)


@pytest.mark.parametrize("kind", ["drawing", "photo"])
def test_same_generator_same_pictures(kind: Any) -> None:
    pictures = ramps(8)
    before = pictures.copy()
    first, again, other = (augment(pictures, generator(seed), kind) for seed in (1, 1, 2))
    assert first.shape == pictures.shape and first.dtype == np.uint8
    assert (first == again).all() and (first != other).any()
    assert (pictures == before).all()
    assert (first[0] != first[1]).any()  # each picture has its own change
    assert augment(pictures[:0], generator(), kind).shape == (0, SIZE, SIZE, 3)


def test_none_is_as_it_is() -> None:
    pictures = ramps(2)
    state = generator()
    assert augment(pictures, state, "none") is pictures
    assert state.random() == generator().random()


def test_drawings_are_shifted_and_dimmed() -> None:
    pictures = np.full((200, 50, 50, 3), 255, np.uint8)
    pictures[:, 25, 25] = 0
    changed = augment(pictures, generator())
    at = np.stack([np.argwhere(picture[:, :, 0] == 0)[0] for picture in changed]) - 25
    assert (np.abs(at) <= 4).all() and set(at[:, 0]) == set(range(-4, 5))
    white = changed[:, 0, 0, 0] / 255
    assert white.min() >= 0.79 and white.max() > 0.98 and white.std() > 0.03
    assert (augment(pictures, generator()) == augment(pictures, generator(), "drawing")).all()


def test_parts_of_photos_are_large_and_never_mirrored() -> None:
    changed = augment(ramps(300), generator(), "photo").astype(float)
    rises = changed[:, :, 1:] - changed[:, :, :-1]
    assert (rises[..., 0] >= -1).all()  # red still rises to the right
    assert (changed[:, 1:, :, 1] - changed[:, :-1, :, 1] >= -1).all()
    # Contrast and saturation scale red's range by at most 1.2^3; the part's width scales it too.
    widths = (changed[:, 32, -1, 0] - changed[:, 32, 0, 0]) / 160
    assert widths.min() > 0.6 * 0.8**3 and widths.max() < 1.2**3
    assert widths.std() > 0.1


def test_mirrored_photos_are_half_of_them() -> None:
    pictures = ramps(400)
    plain, mirrored = (augment(pictures, generator(), "photo", mirror=m) for m in (False, True))
    turned = mirrored[:, 32, 0, 0] > mirrored[:, 32, -1, 0]
    assert 150 < turned.sum() < 250
    assert (mirrored[turned] == plain[turned, :, ::-1]).all()
    assert (mirrored[~turned] == plain[~turned]).all()


def test_colours_of_photos_change_a_little() -> None:
    pictures = np.empty((400, 16, 16, 3), np.uint8)
    pictures[:] = (180, 120, 60)
    changed = augment(pictures, generator(), "photo")[:, 8, 8].astype(float)
    assert np.abs(changed.mean(0) - (180, 120, 60)).max() < 6
    assert (changed.std(0) > 5).all()
    spread = (changed[:, 0] - changed[:, 2]) / 120
    assert spread.min() > 0.8**3 - 0.02 and spread.max() < 1.2**3 + 0.02 and spread.std() > 0.1


def test_grey_photos_stay_grey() -> None:
    pictures = np.full((50, 16, 16, 3), 128, np.uint8)
    changed = augment(pictures, generator(), "photo").astype(int)
    assert np.ptp(changed, axis=3).max() <= 1
    assert changed.min() > 128 * 0.75 and changed.max() < 128 * 1.25


def test_unknown_kinds_raise() -> None:
    with pytest.raises(DataError, match="augmentation 'video'"):
        augment(ramps(1), generator(), "video")  # type: ignore[arg-type]
    for kind in ("drawing", "none"):
        with pytest.raises(DataError, match="mirror"):
            augment(ramps(1), generator(), kind, mirror=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["drawing", "photo", "none"])
@pytest.mark.parametrize("some", [slice(0, 2), slice(3, 4), slice(0, 0)])
def test_some_pictures_are_as_among_all(kind: Any, some: slice) -> None:
    """Several ranks share a batch: what is drawn for a picture does not depend on who needs it."""
    pictures = ramps(4)
    states = generator(), generator()
    every = augment(pictures, states[0], kind)
    wanted = augment(pictures, states[1], kind, some=some)
    assert np.array_equal(wanted, every[some])
    assert states[0].random() == states[1].random()
