"""Whether a study was registered before its run: a record of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class RegistrationFacts(ResultRecord):
    """What the lock of a study says, beside its run."""

    lock: str
    """Name of the lock's file."""
    hash: str
    """Hash of the lock's content."""
    registered: str
    """When the study was registered, in UTC, as of ISO 8601, by the clock of that machine."""
    version: str
    """Version of CrossLift that registered it."""
    differences: tuple[str, ...]
    """What the run does otherwise than registered, in words; empty: as registered."""
    first_score: str | None
    """When the first scores of the run were computed, in UTC, as of ISO 8601; null: none were."""
