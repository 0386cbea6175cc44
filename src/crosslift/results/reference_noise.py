"""The noise of comparisons on a target, estimated from a run."""

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
    """The noise of the comparison with a baseline whose interval has the median width."""
    texts: int | None
    """Number of distinct texts of the target; null: the run does not record it."""
    source: str
    """The run and the comparison that the noise comes from, in words."""


class PlannedPower(ResultRecord):
    """The smallest effect that a planned comparison on a target could show."""

    target: str
    """Name of the target."""
    metric: str
    """Its metric."""
    seeds: int
    """Seeds of the study."""
    comparisons: int
    """Number of comparisons with a baseline, which the correction covers together."""
    detectable: float | None
    """The smallest true effect that 80% of such runs would find, at the level that Holm's correction
    gives the first comparison of the family; null: the noise of this target is unknown, or the study
    has one seed, which gives no verdict."""
    reference: ReferenceNoise | None
    """The expected noise; null: unknown."""
