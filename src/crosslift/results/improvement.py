"""The output of ``crosslift improve``: how training changed an encoder, and whether it was exported."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosslift.results.comparison import ComparedTarget
from crosslift.results.result_record import ResultRecord

IMPROVEMENT_FILE = "improvement.json"


class TriedRate(ResultRecord):
    """One try of one seed."""

    seed: int
    """The seed."""
    learning_rate: float
    """The tried learning rate."""
    score: float
    """Its score on the data for choosing rates, which no target reports."""
    chosen: bool
    """Whether the seed chose it."""


class Improvement(ResultRecord):
    """An encoder trained on your data, compared with the untouched encoder."""

    model: str
    """Name of the encoder."""
    arm: str
    """The arm of the run that is compared and exported."""
    run: str
    """Folder of the run, with its report."""
    tries: Annotated[tuple[TriedRate, ...], Field(min_length=1)]
    """Every try: each seed tries the same rates."""
    seed: int
    """The exported seed: the best one on the data for choosing rates."""
    held_out: ComparedTarget
    """The untouched and the trained encoder on the held-out part of your data."""
    guards: tuple[ComparedTarget, ...]
    """The untouched and the trained encoder on the other targets."""
    allowed_loss: float
    """Allowed loss of a guard, in points."""
    losses: tuple[str, ...]
    """Why the encoder was not exported, in words; empty: it was exported."""
    exported: str | None
    """Folder of the exported encoder; null: it was not exported."""
