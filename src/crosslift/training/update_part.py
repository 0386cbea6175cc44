"""A part of an update."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpdatePart:
    """Records of one task, or of a guard, that go through the encoder together.

    Args:
        name: name of the task or guard.
        start: number of its records drawn before.
        count: number of records.
        weight: factor of their mean loss in the loss of the update.
    """

    name: str
    start: int
    count: int
    weight: float
