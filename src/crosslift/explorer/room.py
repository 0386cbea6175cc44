"""The room that a page has for optional content."""

from __future__ import annotations

from collections.abc import Mapping

from crosslift.explorer.columns import Block, Column, size_in_page

LIMIT = 25_000_000
"""Bytes of a page."""
_MARGIN = 0.97
"""Sizes are known to within a few percent before a block is compressed as a whole."""


class Room:
    """Bytes that are left for a page.

    Args:
        limit: bytes of the whole page.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.left = int(limit * _MARGIN)

    def spend(self, size: int) -> None:
        """Counts content that the page must have."""
        self.left -= size

    def add(self, block: Block, columns: Mapping[str, Column]) -> bool:
        """Adds columns to a block if they fit; returns whether they do."""
        size = size_in_page(*columns.values())
        if size > self.left:
            return False
        self.left -= size
        for name, column in columns.items():
            block.add(name, column)
        return True
