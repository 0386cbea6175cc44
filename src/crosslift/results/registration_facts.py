"""Whether a study was registered before its run: a record of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class RegistrationFacts(ResultRecord):
    """The registration of a study, compared with its run."""

    lock: str
    """Name of the lock's file."""
    hash: str
    """Hash of the lock's content."""
    registered: str
    """Time of registration by the clock of that machine, in UTC (ISO 8601)."""
    version: str
    """Version of CrossLift that registered it."""
    differences: tuple[str, ...]
    """How the run differs from the registered study, in words; empty: it does not differ."""
    first_score: str | None
    """Time at which the run computed its first scores, in UTC (ISO 8601); null: it computed none."""
