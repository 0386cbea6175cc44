"""Augmentation of pictures in training: of drawings, and of photographs."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crosslift.errors import DataError

Augmentation = Literal["drawing", "photo", "none"]

_FARTHEST_SHIFT = 0.08
_BRIGHTNESS = 0.2

_LEAST_AREA = 0.5
_LONGEST_ASPECT = 4 / 3
_JITTER = 0.2
_GREY = np.array([0.299, 0.587, 0.114])  # luminance of ITU-R BT.601
_MIDDLE = 127.5


def augment(
    pictures: NDArray[np.uint8],
    generator: np.random.Generator,
    kind: Augmentation = "drawing",
    *,
    mirror: bool = False,
    some: slice = slice(None),
) -> NDArray[np.uint8]:
    """Random changes of pictures for a training step.

    ``drawing``: shifted by up to 8 % of the side (white comes in) and dimmed by up to 20 %.
    ``photo``: a random part of 50 to 100 % of the area, the ratio of its sides changed by up to a
    third, scaled back to the square; then brightness, contrast and saturation each changed by up to
    20 %. ``none``: unchanged.

    No picture is mirrored unless ``mirror`` is set: captions and names say "left" and "right" ("left
    arrow", "a man on the left"), and mirroring would make them wrong.

    Args:
        pictures: uint8 [N, S, S, 3].
        generator: random generator; the same state gives the same pictures.
        kind: kind of the pictures.
        mirror: mirror half of the photographs, chosen at random.
        some: the requested pictures; the random values of each do not depend on the choice.

    Returns:
        uint8 [N, S, S, 3], or of the wanted pictures; with ``none`` unchanged.

    Raises:
        DataError: an unknown kind, or mirrored drawings.

    Source: random resized crops: Szegedy et al. 2015 (arXiv 1409.4842), section 6, there 8 to 100 % of
    the area. A caption describes the whole picture, so the part is at least half of it here. Training
    on pairs of image and text needs large parts (OpenCLIP: 90 to 100 %; Cherti et al. 2023, arXiv
    2212.07143).
    """
    if not len(pictures):
        return pictures
    if kind == "photo":
        return _photos(pictures, generator, mirror, some)
    if mirror:
        raise DataError(f"mirrored pictures of the kind {kind!r}", "mirror with photo alone")
    if kind == "drawing":
        return _drawings(pictures, generator, some)
    if kind != "none":
        raise DataError(f"augmentation {kind!r}", "drawing, photo or none")
    return pictures if some == slice(None) else pictures[some]


def _drawings(
    pictures: NDArray[np.uint8], generator: np.random.Generator, some: slice
) -> NDArray[np.uint8]:
    count, size = pictures.shape[:2]
    reach = max(1, round(size * _FARTHEST_SHIFT))
    shifts = generator.integers(0, 2 * reach + 1, (count, 2))[some]
    dimming = 1 - _BRIGHTNESS * generator.random((count, 1, 1, 1), dtype=np.float32)[some]
    margins = ((0, 0), (reach, reach), (reach, reach), (0, 0))
    wide = np.pad(pictures[some], margins, constant_values=255)
    cut = np.empty((len(wide), size, size, 3), np.uint8)
    for place, (down, right) in enumerate(shifts):
        cut[place] = wide[place, down : down + size, right : right + size]
    dimmed: NDArray[np.uint8] = (cut * dimming).astype(np.uint8)
    return dimmed


def _photos(
    pictures: NDArray[np.uint8], generator: np.random.Generator, mirror: bool, some: slice
) -> NDArray[np.uint8]:
    count, size = pictures.shape[:2]
    boxes = _boxes(count, size, generator)[some]
    colours = _colours(count, generator)[some]
    flips = (generator.integers(0, 2, count).astype(bool) & mirror)[some]
    shown = pictures[some]
    changed = np.empty_like(shown)
    for i, (picture, flip) in enumerate(zip(shown, flips, strict=True)):
        # Pillow works on whole rows of bytes, several times as fast as a grid of floats.
        part = Image.fromarray(np.ascontiguousarray(picture)).resize(
            (size, size), Image.Resampling.BILINEAR, box=tuple(boxes[i])
        )
        coloured = np.asarray(part.convert("RGB", tuple(colours[i])))
        changed[i] = coloured[:, ::-1] if flip else coloured
    return changed


def _boxes(count: int, size: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Left, top, right and bottom of the part of each picture that is used, [N, 4]."""
    area = generator.uniform(_LEAST_AREA, 1, count)
    ratio = np.exp(generator.uniform(-1, 1, count) * np.log(_LONGEST_ASPECT))
    ratio = np.clip(ratio, area, 1 / area)  # so that neither side is longer than the picture's
    sides = size * np.stack([np.sqrt(area * ratio), np.sqrt(area / ratio)], axis=1)
    sides = np.minimum(sides, size)
    corner = generator.random((count, 2)) * (size - sides)
    return np.concatenate([corner, np.minimum(corner + sides, size)], axis=1)


def _colours(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """For each picture the rows of a map from colours to colours, and the offsets, [N, 12]."""
    brightness, contrast, saturation = 1 + _JITTER * generator.uniform(-1, 1, (3, count, 1, 1))
    saturate = saturation * np.eye(3) + (1 - saturation) * _GREY
    turn = brightness * contrast * saturate
    add = np.broadcast_to((1 - contrast) * _MIDDLE, (count, 3, 1))
    return np.concatenate([turn, add], axis=2).reshape(count, 12)
