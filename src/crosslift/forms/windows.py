"""Cuts texts that are too long for an encoder: passages into overlapping windows, sentences between two
words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """A run of items.

    Args:
        first: index of the first item.
        after: index after the last item.
    """

    first: int
    after: int


def overlapping_windows(count: int, room: int, stride: int) -> list[Window]:
    """Windows over the tokens of a passage, so that each token is in at least one.

    Example::

        10 tokens, room 6, stride 3  ->  0-6, 3-9, 6-10
        5 tokens, room 6, stride 3   ->  0-5

    Args:
        count: tokens of the passage; an empty passage has one empty window.
        room: most tokens of a window.
        stride: tokens from the beginning of one window to the beginning of the next. It is limited to
            half the room, so that an answer of up to that length is completely in some window.
    """
    step = max(1, min(stride, room // 2))
    windows = [Window(0, min(room, count))]
    while windows[-1].after < count:
        first = windows[-1].first + step
        windows.append(Window(first, min(first + room, count)))
    return windows


def word_windows(lengths: Sequence[int], room: int) -> list[Window]:
    """Windows over the words of a sentence that do not overlap, each as long as possible.

    Example::

        words of 2, 3, 1 and 9 tokens, room 5  ->  words 0-2, 2-3, 3-4

    Args:
        lengths: tokens of each word; a word longer than the room has a separate window.
        room: most tokens of a window.
    """
    windows: list[Window] = []
    first = filled = 0
    for number, length in enumerate(lengths):
        if number > first and filled + length > room:
            windows.append(Window(first, number))
            first, filled = number, 0
        filled += length
    windows.append(Window(first, len(lengths)))
    return windows
