"""Whether a run was registered: what its lock says, beside the times of its steps."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.results.registration_facts import RegistrationFacts
from crosslift.steps.run import StepRecord
from crosslift.steps.step import SCORED
from crosslift.studies.registration import Registered

_SCORING = (*SCORED, "answer")


def registration_facts(
    registered: Registered | None, records: Sequence[StepRecord]
) -> RegistrationFacts | None:
    """The facts of a run's registration; None if the study has no lock."""
    if registered is None:
        return None
    times = [each.manifest.started for each in records if each.step.kind in _SCORING]
    return RegistrationFacts(
        lock=registered.place.name,
        hash=registered.lock.hash,
        registered=registered.lock.registered,
        version=registered.lock.version,
        differences=registered.differences,
        first_score=min(times, default=None),
    )
