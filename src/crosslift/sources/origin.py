"""The origin of data: the facts that a task and a target on the same data share."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """Where data come from.

    Args:
        licence: licence of the data.
        citation: citation of their source.
    """

    licence: str
    citation: str
