"""Marks a piece of a text, to locate it in the translation.

Chen, Jiang, Ritter and Xu 2023, "Frustratingly easy label projection for cross-lingual transfer"
(arXiv 2211.15613): the piece is put between marks, and the text is translated with them.
"""

from __future__ import annotations

from typing import NamedTuple


class Marks(NamedTuple):
    """Characters before and after a piece."""

    opening: str
    closing: str


class Piece(NamedTuple):
    """A text and a piece of it.

    Args:
        text: the text.
        start, end: the piece, in characters; never empty, no space at its ends.
    """

    text: str
    start: int
    end: int


def put_marks(text: str, start: int, end: int, marks: Marks) -> str | None:
    """The text with marks around a piece; None if it already has such a character.

    Example::

        "in Oslo.", 3, 7, "[" and "]"  ->  "in [Oslo]."
    """
    if marks.opening in text or marks.closing in text:
        return None
    piece = marks.opening + text[start:end] + marks.closing
    return text[:start] + piece + text[end:]


def take_marks(text: str, marks: Marks) -> Piece | None:
    """The text without its marks, and the piece between them.

    Example::

        "en [ Oslo ].", "[" and "]"  ->  "en Oslo.", 3, 7

    Returns:
        None unless each mark occurs once, in order, around more than space and punctuation.
    """
    if text.count(marks.opening) != 1 or text.count(marks.closing) != 1:
        return None
    before, _, rest = text.partition(marks.opening)
    inside, closed, after = rest.partition(marks.closing)
    piece = inside.strip()
    if not closed or not any(character.isalnum() for character in piece):
        return None
    head = _joined(before, inside[: len(inside) - len(inside.lstrip())])
    tail = _joined(inside[len(inside.rstrip()) :], after)
    if tail[:1] == " " and tail[1:2] and tail[1] in ".,;:!?)]":
        tail = tail[1:]
    start = len(head)
    return Piece(head + piece + tail, start, start + len(piece))


def _joined(first: str, second: str) -> str:
    """Two texts one after the other, with only one space if both have one."""
    if first.endswith(" ") and second.startswith(" "):
        return first + second.lstrip(" ")
    return first + second
