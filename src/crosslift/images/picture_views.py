"""Small views of pictures: without their borders, averaged over cells, and as local contrast."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

Floats = NDArray[np.float32]

WHOLE: Floats = np.array([0, 1, 0, 1], np.float32)
"""The box of a whole picture."""

_LUMA_AND_CHROMA = np.array(  # of ITU-R BT.601, from red, green and blue
    [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], np.float32
)
_FLAT = 24  # levels between the lightest and the darkest pixel of a line of a border
_DEEPEST = 0.3  # of a picture's side
_LEAST_CONTRAST = 4.0  # levels; less is the noise of compression
_AT_ONCE = 256


def check_pictures(pictures: NDArray[np.uint8]) -> None:
    """Checks the type and the shape of pictures.

    Raises:
        DataError: not uint8 [N, S, S, 3] with S at least 32.
    """
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] != 3:
        raise DataError(f"pictures {pictures.dtype} {list(pictures.shape)}", "uint8 [N, S, S, 3]")
    if pictures.shape[1] != pictures.shape[2] or pictures.shape[1] < 32:
        sides = "{1} x {2}".format(*pictures.shape)
        raise DataError(f"pictures of {sides} pixels", "squares of 32 pixels or more")


def boxes_in_borders(pictures: NDArray[np.uint8]) -> Floats:
    """The boxes inside the borders of pictures.

    A border consists of lines of one colour along a side of the picture, and of the line in which
    border and content mix. At most 0.3 of the picture is cut from each side.

    Args:
        pictures: uint8 [N, S, S, 3].

    Returns:
        float32 [N, 4]: top, bottom, left and right; 0 to 1 is a side. The whole picture if it has no
        border.
    """
    side = pictures.shape[1]
    boxes = np.tile(WHOLE, (len(pictures), 1))
    for first in range(0, len(pictures), _AT_ONCE):
        some = pictures[first : first + _AT_ONCE]
        part = boxes[first : first + _AT_ONCE]
        for axis, turned in ((0, some), (2, some.transpose(0, 2, 1, 3))):
            part[:, axis] = _border(turned) / side
            part[:, axis + 1] = 1 - _border(turned[:, ::-1]) / side
    return boxes


def _border(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Number of lines at the top of pictures that are of one colour, plus one if any are; int64 [N]."""
    deepest = int(_DEEPEST * pictures.shape[1])
    depth = np.zeros(len(pictures), np.int64)
    rows = np.flatnonzero(_one_colour(pictures[:, :1, ::8]))  # few photographs pass
    for line in range(deepest):
        if not len(rows):
            break
        rows = rows[_one_colour(pictures[rows, : line + 1])]
        depth[rows] = line + 2
    return np.minimum(depth, deepest)


def _one_colour(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether pixels [N, H, W, 3] are of nearly one colour, bool [N]."""
    count, high, wide, _ = pixels.shape
    by_pixel = np.ascontiguousarray(pixels.transpose(1, 2, 3, 0)).reshape(high * wide, 3, count)
    even: NDArray[np.bool_] = (by_pixel.max(0) - by_pixel.min(0) <= _FLAT).all(0)
    return even


def cells_of(
    pictures: NDArray[np.uint8], boxes: Floats, cells: int, *, channels: int = 1
) -> Floats:
    """Parts of pictures averaged over a grid of cells.

    Args:
        pictures: uint8 [N, S, S, 3].
        boxes: float32 [N, 4], the part of each that the grid covers: top, bottom, left and right.
        cells: C, cells across and down.
        channels: 1: the grey level alone; 3: with the two differences of colour.

    Returns:
        float32 [N, channels, C, C] in levels of 0 to 255.
    """
    side = pictures.shape[1]
    means = np.empty((len(pictures), channels, cells, cells), np.float32)
    for first in range(0, len(pictures), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        some = boxes[part]
        if (some == some[0]).all():
            some = some[:1]
        down = _shares(some[:, :2] * side, cells, side)
        across = _shares(some[:, 2:] * side, cells, side).transpose(0, 2, 1)
        mixes = across[:, :, None, None] * _LUMA_AND_CHROMA[:channels].T[:, :, None]
        mixes = mixes.reshape(len(some), side * 3, channels * cells)
        levels = pictures[part].reshape(-1, side, side * 3).astype(np.float32)
        averaged = down @ (levels @ (mixes[0] if len(some) == 1 else mixes))
        means[part] = averaged.reshape(-1, cells, channels, cells).transpose(0, 2, 1, 3)
    return means


def _shares(edges: Floats, cells: int, side: int) -> Floats:
    """The weight of each pixel of a side in the mean of each cell between edges, [B, C, S]."""
    width = (edges[:, 1:] - edges[:, :1]) / cells
    starts = (edges[:, :1] + width * np.arange(cells, dtype=np.float32))[:, :, None]
    pixels = np.arange(side, dtype=np.float32)
    width = width[:, :, None]
    inside = np.minimum(starts + width, pixels + 1) - np.maximum(starts, pixels)
    return np.asarray(np.clip(inside, 0, 1) / width, np.float32)


def local_contrast(levels: Floats, width: float) -> Floats:
    """Grey levels minus the mean around them, over the standard deviation around them.

    Flat parts become 0, and neither brightness nor contrast of a part of the picture counts
    (Jarrett et al. 2009, "What is the best multi-stage architecture for object recognition?",
    section 2.1, local contrast normalisation).

    Args:
        levels: float32 [N, C, C].
        width: standard deviation, in cells, of the Gaussian that weighs the neighbouring cells.

    Returns:
        float32 [N, C, C]
    """
    blur = _blur(levels.shape[-1], width)
    without_mean = levels - blur @ (levels @ blur.T)
    deviation = np.sqrt(blur @ (np.square(without_mean) @ blur.T))
    return np.asarray(without_mean / (deviation + _LEAST_CONTRAST), np.float32)


@cache
def _blur(cells: int, width: float) -> Floats:
    """A Gaussian blur along one side as a matrix [C, C]; edges are mirrored."""
    at = np.arange(cells)
    weights = np.zeros((cells, cells))
    for source in (at, -1 - at, 2 * cells - 1 - at):
        weights += np.exp(-np.square(at[:, None] - source[None]) / (2 * width**2))
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
