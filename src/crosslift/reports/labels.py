"""The places of names beside marks and lines, so that none overlaps another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Box = tuple[float, float, float, float]
_OFFSETS = ((8, 10), (8, -10), (-8, 10), (-8, -10), (8, 22), (8, -22), (-8, 22), (-8, -22))
_FAR_OFFSETS = tuple(
    (right * reach, up * reach)
    for reach in (9, 16, 24, 34, 46)
    for right, up in ((1, 0.9), (1, -0.9), (-1, 0.9), (-1, -0.9), (1, 0), (-1, 0))
)
_LETTER_WIDTH = 0.6


def placed_labels(
    axes: Any, spots: Sequence[tuple[float, float, str]], size: float, far: bool = False
) -> list[tuple[float, float, str, str]]:
    """A free place for each name around its mark; a name without one appears only in the legend.

    Args:
        axes: the axes, their limits set.
        spots: (x, y, name) in data units.
        size: font size in pixels.
        far: also try places farther from the mark, for names with a line to their mark.

    Returns:
        (x, y, "left" or "right", name) in pixels of the figure.
    """
    frame = axes.get_window_extent()
    marks = [axes.transData.transform((x, y)) for x, y, _ in spots]
    occupied: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    placed = []
    for (x, y), (_, _, name) in zip(marks, spots, strict=True):
        width = len(name) * size * _LETTER_WIDTH
        for right, up in _FAR_OFFSETS if far else _OFFSETS:
            box = _box(x + right, y + up, width if right > 0 else -width, size)
            if _inside(box, frame) and not any(_meet(box, other) for other in occupied):
                occupied.append(box)
                placed.append((x + right, y + up, "left" if right > 0 else "right", name))
                break
    return placed


def name_ends(axes: Any, ends: Sequence[tuple[float, float, str]]) -> None:
    """Write a name right of the end of each line, without overlap, and make room for it.

    Args:
        axes: with the lines drawn.
        ends: (x, y, name) in data units; none: the axes do not change.
    """
    if not ends:
        return
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    axes.set_xlim(left, right + (right - left) * 0.16)
    axes.set_ylim(low, high)
    ordered = sorted(ends, key=lambda end: end[1])
    heights = spread([y - low for _, y, _ in ordered], (high - low) / 15, high - low)
    for (x, _, name), height in zip(ordered, heights, strict=True):
        axes.text(x + (right - left) * 0.025, low + height, name, va="center", size=10.5)


def spread(targets: Sequence[float], gap: float, most: float) -> list[float]:
    """Places as near to the targets as possible, in their order, at least ``gap`` apart.

    Args:
        targets: rising.
        gap: least distance of two neighbours.
        most: the highest place plus half a gap; the lowest is half a gap above 0.

    Returns:
        As many places; if they do not fit, they extend below 0.
    """
    places: list[float] = []
    for value in targets:
        lowest = places[-1] + gap if places else gap / 2
        places.append(max(value, lowest))
    highest = most - gap / 2
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], highest)
        highest = places[index] - gap
    return places


def _box(x: float, y: float, width: float, size: float) -> Box:
    return min(x, x + width), y - size / 2, max(x, x + width), y + size / 2


def _inside(box: Box, frame: Any) -> bool:
    return bool(
        box[0] >= frame.x0 and box[2] <= frame.x1 and box[1] >= frame.y0 and box[3] <= frame.y1
    )


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
