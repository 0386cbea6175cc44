"""Finding how one picture lies in another that is cut or scaled differently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LARGEST_STEP = 0.15  # of half a side, in one iteration
_DAMPING = 1e-3


def places(cells: int) -> Floats:
    """Where the middles of cells are: -1 to 1 is a side. Float32 [C]."""
    return ((np.arange(cells) + 0.5) * 2 / cells - 1).astype(np.float32)


def moved(pictures: Floats, frames: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Pictures as other frames cut them out, between cells linearly.

    Args:
        pictures: float32 [B, K, C, C], K channels.
        frames: float32 [B, 2, 2]: of down and across, scale s and shift t; the place x of a frame is
            s x + t of the picture, each side being -1 to 1.

    Returns:
        float32 [B, K, C, C], with the nearest cell outside the picture; and which cells are in it,
        bool [B, C, C].
    """
    cells = pictures.shape[-1]
    at = frames[:, :, :1] * places(cells) + frames[:, :, 1:]
    inside = np.abs(at) <= 1
    at = np.clip((at + 1) * (cells / 2) - 0.5, 0, cells - 1)
    shares = np.maximum(0, 1 - np.abs(at[..., None] - np.arange(cells, dtype=np.float32)))
    down, across = shares[:, 0], shares[:, 1]
    cut = down[:, None] @ pictures @ across[:, None].transpose(0, 1, 3, 2)
    return cut, inside[:, 0, :, None] & inside[:, 1, None, :]


def align(wanted: Floats, pictures: Floats, frames: Floats, iterations: int) -> Floats:
    """The frames in which pictures look most like wanted ones: Gauss-Newton steps on scales and
    shifts (the inverse compositional algorithm; Baker and Matthews 2004, section 3.2).

    Args:
        wanted, pictures: float32 [B, C, C], local contrasts.
        frames: where to start, float32 [B, 2, 2]; see `moved`.
        iterations: how many steps.

    Returns:
        float32 [B, 2, 2]
    """
    count, cells = wanted.shape[:2]
    at = places(cells)
    down, across = np.gradient(wanted, 2 / cells, axis=(1, 2))
    slopes = [down * at[:, None], down, across * at, across]
    change = np.stack(slopes, 1).reshape(count, 4, cells**2).astype(np.float32)
    target = wanted.reshape(count, cells**2)
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
    """Cosines of pairs of local contrasts [B, C, C], float32 [B]; 0 of flat ones."""
    products = np.einsum("bij,bij->b", first, second)
    squares = (np.einsum("bij,bij->b", each, each) for each in (first, second))
    lengths = np.sqrt(np.prod(list(squares), axis=0))
    return np.asarray(products / np.maximum(lengths, 1e-6), np.float32)
