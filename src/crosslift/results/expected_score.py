"""A score that a study states beforehand, beside what was measured: a record of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class ExpectedScore(ResultRecord):
    """What a study expects of an arm on a target, and what came out."""

    arm: str
    """Name of the arm."""
    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol."""
    metric: str
    """Name of the protocol's own metric."""
    score: float
    """The score that the study states, in percent, or in the unit of the metric."""
    within: float
    """A measured score at most this far from it is as expected, in the same unit."""
    source: str
    """Where the stated score is from, in words; may be empty."""
    measured: float | None
    """Mean over languages and seeds, of all queries, in the same unit; null: not measured."""
    as_expected: bool | None
    """Whether the two are that close; null: not measured."""
