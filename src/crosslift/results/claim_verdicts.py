"""What a run says of published claims: records of ``claims.json``."""

from __future__ import annotations

from typing import Literal

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import Outcome

CLAIMS_FILE = "claims.json"

ClaimOutcome = Literal[
    "supported", "contradicted", "equivalent to none", "inconclusive", "not tested here"
]


class ClaimTest(ResultRecord):
    """One comparison that bears on a claim."""

    says: str
    """What is compared, in words."""
    arm: str
    """The arm that is compared."""
    against: str
    """The arm it is compared with."""
    targets: dict[str, float]
    """Name of a target -> its weight in the effect."""
    predicts: Literal["higher", "lower", "none", "not higher"]
    """What the claim predicts; ``none`` and ``not higher``: within the smallest effect of interest."""
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
    """As that of a verdict."""
    seeds: int
    """Number of seeds."""
    not_learnt: tuple[str, ...] = ()
    """Arms of the two that did not learn their task."""


class ClaimVerdict(ResultRecord):
    """What one run says of one claim."""

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
    """What the claim is of."""
    note: str
    """What else a reader must know; may be empty."""
    study: str | None
    """The study that tests it; null: none of the runs does."""
    verdict: ClaimOutcome
    """``supported``: the tests came out as predicted; ``contradicted``: against it; ``equivalent to
    none``: the effect is smaller than the smallest of interest."""
    reason: str
    """Why, in a sentence."""
    tests: tuple[ClaimTest, ...] = ()
    """The comparisons that decide."""
    beside: tuple[ClaimTest, ...] = ()
    """Another reading of the claim; it has no part in the verdict."""
    difference: str = ""
    """How the scope of the study differs from that of the claim."""
    smallest_effect: float | None = None
    """The smallest effect of interest of the study, in the unit of ``effect``; null: none."""
