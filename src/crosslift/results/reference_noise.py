"""How much comparisons on a target scatter, as a run showed it."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import NoiseFacts


class ReferenceNoise(ResultRecord):
    """The noise of a typical comparison on a target."""

    target: str
    """Name of the target."""
    metric: str
    """Its metric."""
    noise: NoiseFacts
    """Of the comparison with a baseline whose interval has the median width."""
    texts: int | None
    """Number of distinct texts of the target; null: the run does not say."""
    source: str
    """The run and the comparison that it was taken from, in words."""


class PlannedPower(ResultRecord):
    """What a planned comparison on a target could show."""

    target: str
    """Name of the target."""
    metric: str
    """Its metric."""
    seeds: int
    """Seeds of the study."""
    comparisons: int
    """Comparisons that are corrected together: those with a baseline."""
    detectable: float | None
    """The smallest true effect that is found in 80% of such runs, with the level that Holm's correction
    leaves to the first of the family; null: the noise of this target is not known, or there is one
    seed, which gives no verdict."""
    reference: ReferenceNoise | None
    """The noise that is expected; null: it is not known."""
