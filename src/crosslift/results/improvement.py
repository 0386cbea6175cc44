"""What ``crosslift improve`` writes: what training did to an encoder, and whether it was exported."""

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
    """The learning rate that was tried."""
    score: float
    """Its score on the data that rates are chosen on; no target reports them."""
    chosen: bool
    """Whether the seed chose it."""


class Improvement(ResultRecord):
    """An encoder that was trained on your data, beside the untouched one."""

    model: str
    """Name of the encoder."""
    arm: str
    """Arm of the run that is compared and exported."""
    run: str
    """Folder of the run, with its report."""
    tries: Annotated[tuple[TriedRate, ...], Field(min_length=1)]
    """Every try: each seed tries the same rates."""
    seed: int
    """The seed whose weights are exported: the best on the data that rates are chosen on."""
    held_out: ComparedTarget
    """Your data that no arm trains on: untouched and trained encoder."""
    guards: tuple[ComparedTarget, ...]
    """The other targets: untouched and trained encoder."""
    allowed_loss: float
    """Points that a guard may lose."""
    losses: tuple[str, ...]
    """Why the encoder is not exported, in words; empty: it is exported."""
    exported: str | None
    """Folder of the exported encoder; null: it was not exported."""
