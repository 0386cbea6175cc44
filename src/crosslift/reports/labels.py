"""Where the names beside the marks of a scatter plot go, so that none lies on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Box = tuple[float, float, float, float]
_OFFSETS = ((8, 10), (8, -10), (-8, 10), (-8, -10), (8, 22), (8, -22), (-8, 22), (-8, -22))
_LETTER_WIDTH = 0.6


def placed_labels(
    axes: Any, spots: Sequence[tuple[float, float, str]], size: float
) -> list[tuple[float, float, str, str]]:
    """A free place for each name, tried round its mark; a name without one is left to the legend.

    Args:
        axes: the axes, their limits set.
        spots: (x, y, name) in data units.
        size: font size in pixels.

    Returns:
        (x, y, "left" or "right", name) in pixels of the figure.
    """
    frame = axes.get_window_extent()
    marks = [axes.transData.transform((x, y)) for x, y, _ in spots]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    placed = []
    for (x, y), (_, _, name) in zip(marks, spots, strict=True):
        width = len(name) * size * _LETTER_WIDTH
        for right, up in _OFFSETS:
            box = _box(x + right, y + up, width if right > 0 else -width, size)
            if _inside(box, frame) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                placed.append((x + right, y + up, "left" if right > 0 else "right", name))
                break
    return placed


def _box(x: float, y: float, width: float, size: float) -> Box:
    return min(x, x + width), y - size / 2, max(x, x + width), y + size / 2


def _inside(box: Box, frame: Any) -> bool:
    return bool(
        box[0] >= frame.x0 and box[2] <= frame.x1 and box[1] >= frame.y0 and box[3] <= frame.y1
    )


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
