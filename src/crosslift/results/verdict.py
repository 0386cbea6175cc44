"""The verdict on a comparison of two arms: a record of ``verdicts.json``."""

from __future__ import annotations

from typing import Literal

from crosslift.results.result_record import ResultRecord

VERDICTS_FILE = "verdicts.json"

Outcome = Literal["higher", "lower", "no difference shown", "one seed"]
HIGHER: Outcome = "higher"
LOWER: Outcome = "lower"
NO_DIFFERENCE: Outcome = "no difference shown"
ONE_SEED: Outcome = "one seed"
"""No verdict: a trained arm was run with one seed, so that the variation between seeds is not known."""
SHOWN = (HIGHER, LOWER)
"""The outcomes that show a difference."""

Family = Literal["declared", "vs-baseline", "controls"]


def opposite(outcome: Outcome) -> Outcome:
    """The outcome of a comparison whose arms change places."""
    return {HIGHER: LOWER, LOWER: HIGHER}.get(outcome, outcome)


class Verdict(ResultRecord):
    """The verdict on one comparison: the score of ``arm`` minus the score of ``against``.

    The effect and its interval are in [-1, 1]. Those of a metric such as ``median_rank`` are in its
    own unit.
    """

    arm: str
    """The arm that is compared."""
    against: str
    """The arm it is compared with."""
    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol of the scores."""
    metric: str
    """Metric of the scores."""
    subset: str
    """``all``, or ``clean``: without the items that overlap a training text."""
    question: str | None
    """The question of the study that the comparison answers; null: the study does not ask for it."""
    family: Family
    """Comparisons of one family are corrected together: ``declared`` (the study asks for them),
    ``vs-baseline`` (each arm against the baseline of its start) or ``controls`` (what only the
    attribution of effects needs)."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of the interval of the effect."""
    high: float
    """Upper end of the interval of the effect."""
    level: float
    """Level of the interval, such as 0.95."""
    p: float
    """Two-sided p-value."""
    p_corrected: float | None
    """The p-value after Holm's correction within the family; null: there is no verdict, and the
    comparison belongs to no family."""
    n_queries: int
    """Number of queries under one seed."""
    n_languages: int
    """Number of languages; each has the same weight."""
    seeds: int
    """Number of seeds of ``arm``."""
    verdict: Outcome
    """``higher`` or ``lower``: of the number, and a lower ``median_rank`` is better. ``no difference
    shown``; or ``one seed``, which is no verdict."""
    budget_equal: bool
    """Whether both arms spent the same updates, examples and tokens."""
    budget_note: str
    """How the budgets differ; empty where they do not."""
    sentence: str
    """The verdict in words, with the effect in percentage points."""

    def turned(self) -> Verdict:
        """The verdict on the same two arms in the other order; the sentence stays."""
        return self.model_copy(
            update={
                "arm": self.against,
                "against": self.arm,
                "effect": -self.effect,
                "low": -self.high,
                "high": -self.low,
                "verdict": opposite(self.verdict),
            }
        )
