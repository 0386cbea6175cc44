"""The verdicts of a run on published claims: records of ``claims.json``."""

from __future__ import annotations

from typing import Literal

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import Outcome

CLAIMS_FILE = "claims.json"

ClaimOutcome = Literal[
    "supported", "contradicted", "equivalent to none", "inconclusive", "not tested here"
]


class ClaimTest(ResultRecord):
    """One comparison that tests a claim."""

    says: str
    """The comparison, in words."""
    arm: str
    """The compared arm."""
    against: str
    """The arm that it is compared with."""
    targets: dict[str, float]
    """Name of a target -> its weight in the effect."""
    predicts: Literal["higher", "lower", "none", "not higher"]
    """The prediction of the claim; ``none`` and ``not higher`` refer to the smallest effect of
    interest."""
    effect: float
    """The weighted sum of the differences of the targets, in [-1, 1]."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    level: float
    """Level of the interval."""
    p_corrected: float | None
    """p-value after Holm's correction over all tests of the ledger in this run."""
    verdict: Outcome
    """As in a verdict."""
    seeds: int
    """Number of seeds."""
    not_learnt: tuple[str, ...] = ()
    """Which of the two arms did not learn their task."""


class ClaimVerdict(ResultRecord):
    """The verdict of one run on one claim."""

    ledger: str
    """Name of the ledger."""
    claim: str
    """Id of the claim."""
    text: str
    """The claim, in words."""
    source: str
    """Its source, and the place in it."""
    published: str
    """The published figure."""
    scope: str
    """The models, data and languages that the claim covers."""
    note: str
    """A note for the reader; may be empty."""
    study: str | None
    """The study that tests it; null: no run tests it."""
    verdict: ClaimOutcome
    """``supported``: the tests agree with the claim; ``contradicted``: they show the opposite;
    ``equivalent to none``: the effect is smaller than the smallest effect of interest."""
    reason: str
    """The reason, in a sentence."""
    tests: tuple[ClaimTest, ...] = ()
    """The comparisons that decide the verdict."""
    beside: tuple[ClaimTest, ...] = ()
    """Comparisons for another reading of the claim; they do not affect the verdict."""
    difference: str = ""
    """How the scope of the study differs from the scope of the claim."""
    smallest_effect: float | None = None
    """The smallest effect of interest of the study, in the unit of ``effect``; null: the study has
    none."""
