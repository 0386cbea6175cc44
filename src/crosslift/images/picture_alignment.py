"""Aligning one picture to another that is cut or scaled differently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LARGEST_STEP = 0.15  # of half a side, in one iteration
_DAMPING = 1e-3


def places(cells: int) -> Floats:
    """Positions of the middles of cells, float32 [C]; -1 to 1 is a side."""
    return ((np.arange(cells) + 0.5) * 2 / cells - 1).astype(np.float32)


def moved(pictures: Floats, frames: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Pictures cut out by other frames, with linear interpolation between cells.

    Args:
        pictures: float32 [B, K, C, C], K channels.
        frames: float32 [B, 2, 2]: down and across, scale s and shift t; the position x of a frame is
            s x + t of the picture, where each side is -1 to 1.

    Returns:
        float32 [B, K, C, C], outside the picture with its nearest cell; and whether each cell is
        inside the picture, bool [B, C, C].
    """
    cells = pictures.shape[-1]
    at = frames[:, :, :1] * places(cells) + frames[:, :, 1:]
    inside = np.abs(at) <= 1
    at = np.clip((at + 1) * (cells / 2) - 0.5, 0, cells - 1)
    shares = np.maximum(0, 1 - np.abs(at[..., None] - np.arange(cells, dtype=np.float32)))
    down, across = shares[:, 0], shares[:, 1]
    cut = down[:, None] @ pictures @ across[:, None].transpose(0, 1, 3, 2)
    return cut, inside[:, 0, :, None] & inside[:, 1, None, :]


def align(targets: Floats, pictures: Floats, frames: Floats, iterations: int) -> Floats:
    """The frames in which pictures are most like their targets: Gauss-Newton steps on scales and
    shifts (the inverse compositional algorithm; Baker and Matthews 2004, section 3.2).

    Args:
        targets, pictures: float32 [B, C, C], local contrasts.
        frames: to start with, float32 [B, 2, 2]; see `moved`.
        iterations: number of steps.

    Returns:
        float32 [B, 2, 2]
    """
    count, cells = targets.shape[:2]
    at = places(cells)
    down, across = np.gradient(targets, 2 / cells, axis=(1, 2))
    slopes = [down * at[:, None], down, across * at, across]
    change = np.stack(slopes, 1).reshape(count, 4, cells**2).astype(np.float32)
    target = targets.reshape(count, cells**2)
    damping = _DAMPING * np.square(change).sum((1, 2))[:, None, None] / 4 + 1e-6
    damping = damping * np.eye(4, dtype=np.float32)
    for _ in range(iterations):
        cut, inside = moved(pictures[:, None], frames)
        counted = inside.reshape(count, cells**2)
        part = change * counted[:, None]
        error = (cut.reshape(count, cells**2) - target) * counted
        step = np.linalg.solve(part @ part.transpose(0, 2, 1) + damping, part @ error[..., None])
        step = np.clip(step.reshape(count, 2, 2), -_LARGEST_STEP, _LARGEST_STEP)
        scales = frames[:, :, 0] / (1 + step[:, :, 0])
        frames = np.stack([scales, frames[:, :, 1] - scales * step[:, :, 1]], 2)
    return frames


def correlations(first: Floats, second: Floats) -> Floats:
    """Cosines of pairs of local contrasts [B, C, C], float32 [B]; 0 for flat ones."""
    products = np.einsum("bij,bij->b", first, second)
    squares = (np.einsum("bij,bij->b", each, each) for each in (first, second))
    lengths = np.sqrt(np.prod(list(squares), axis=0))
    return np.asarray(products / np.maximum(lengths, 1e-6), np.float32)
