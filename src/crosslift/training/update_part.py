"""A part of an update."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpdatePart:
    """Records of one task, or of a guard, that go through in one go.

    Args:
        name: name of the task or guard.
        start: records of it drawn before.
        count: records.
        weight: factor of their mean loss in the update's.
    """

    name: str
    start: int
    count: int
    weight: float
