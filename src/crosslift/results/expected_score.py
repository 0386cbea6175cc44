"""A score that a study predicts, and the measured one: a record of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class ExpectedScore(ResultRecord):
    """The score that a study predicts for an arm on a target, and the measured score."""

    arm: str
    """Name of the arm."""
    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol."""
    metric: str
    """Name of the protocol's own metric."""
    score: float
    """The predicted score, in percent or in the unit of the metric."""
    within: float
    """Tolerance around the predicted score, in the same unit."""
    source: str
    """Source of the predicted score, in words; may be empty."""
    measured: float | None
    """Mean over languages and seeds, of all queries, in the same unit; null: not measured."""
    as_expected: bool | None
    """Whether the measured score is within the tolerance; null: not measured."""
