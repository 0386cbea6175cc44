"""The arm, seed and target of an entry in a run's file."""

from __future__ import annotations

from typing import Self

from crosslift.results.result_record import ResultRecord


class OfArm(ResultRecord):
    """An entry of one arm and seed."""

    arm: str
    """Name of the arm."""
    seed: int
    """Seed of its training; 0 for an arm without training."""

    @classmethod
    def of(cls, entry: ResultRecord, **origin: str | int) -> Self:
        """An entry that a step made, with its arm, seed and target."""
        return cls.model_validate({**dict(entry), **origin})


class OfArmOnTarget(OfArm):
    """An entry of one arm and seed on one target."""

    target: str
    """Name of the target."""
