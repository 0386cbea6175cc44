"""The verdict on a comparison of two arms: a record of ``verdicts.json``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from crosslift.results.result_record import ResultRecord

VERDICTS_FILE = "verdicts.json"


def _current_name(outcome: object) -> object:
    return INCONCLUSIVE if outcome == "no difference shown" else outcome


Outcome = Annotated[
    Literal["higher", "lower", "equivalent", "inconclusive", "one seed"],
    BeforeValidator(_current_name),  # in runs of releases up to 0.1
]
HIGHER: Outcome = "higher"
LOWER: Outcome = "lower"
EQUIVALENT: Outcome = "equivalent"
"""Two one-sided tests show that the arms differ by less than the smallest effect of interest."""
INCONCLUSIVE: Outcome = "inconclusive"
"""Neither a difference nor equivalence is shown."""
ONE_SEED: Outcome = "one seed"
"""No verdict: a trained arm was run with one seed, so that the variation between seeds is not known."""
SHOWN = (HIGHER, LOWER)
"""The outcomes that show a difference."""

Family = Literal["declared", "vs-baseline", "controls"]


def opposite(outcome: Outcome) -> Outcome:
    """The outcome of a comparison whose arms change places."""
    return {HIGHER: LOWER, LOWER: HIGHER}.get(outcome, outcome)


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


class NoiseFacts(ResultRecord):
    """The variances that an interval follows from, in squared units of the effect."""

    seeds: int
    """Number of seeds."""
    seed_variance: float
    """Of the mean over seeds, as the scatter of the seeds shows it; 0 for one seed."""
    item_variance: float
    """Of what all seeds have in common on an item."""
    item_freedom: float
    """Degrees of freedom of ``item_variance``."""
    within: float
    """Of one seed, the part of its variance that the items bring."""


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
    low_corrected: float | None = None
    """Lower end of the interval at the level at which Holm's correction read this comparison. It
    excludes 0 exactly where ``verdict`` is ``higher`` or ``lower``; null: there is no verdict."""
    high_corrected: float | None = None
    """Upper end of the same."""
    p: float
    """Two-sided p-value."""
    p_corrected: float | None
    """The p-value after Holm's correction within the family; null: there is no verdict, and the
    comparison belongs to no family."""
    smallest_effect: float | None = None
    """The smallest effect of interest that the study states, in the unit of ``effect``; null: none."""
    p_equivalence: float | None = None
    """The p-value of the two one-sided tests that the effect is smaller, after Holm's correction among
    those of the family; null: the study states no smallest effect, there is no verdict, or nothing
    scattered."""
    detectable: float | None = None
    """Of an inconclusive comparison, the smallest true effect that 80% of such runs would have found,
    after the correction; above 1, of scores in [0, 1]: none would have been found. null: another
    verdict, or nothing scattered."""
    noise: NoiseFacts | None = None
    """What the interval follows from; null: nothing scattered, or the run is of a release up to 0.1."""
    n_queries: int
    """Number of queries under one seed."""
    n_languages: int
    """Number of languages; each has the same weight."""
    seeds: int
    """Number of seeds of ``arm``."""
    verdict: Outcome
    """``higher`` or ``lower``: of the number, and a lower ``median_rank`` is better. ``equivalent``:
    within the smallest effect of interest. ``inconclusive``: none of these is shown. ``one seed`` is
    no verdict."""
    budget_equal: bool
    """Whether both arms spent the same updates, examples and tokens."""
    budget_note: str
    """How the budgets differ; empty where they do not."""
    sentence: str
    """The verdict in words, with the effect in percentage points."""

    @property
    def corrected(self) -> tuple[float, float] | None:
        """The corrected interval; None: there is no verdict, or the run is of a release up to 0.1."""
        if self.low_corrected is None or self.high_corrected is None:
            return None
        return self.low_corrected, self.high_corrected

    @property
    def nothing_changed(self) -> bool:
        """Whether both arms answer every query alike, under every seed."""
        return self.effect == 0 and self.noise is None and self.p == 1

    def turned(self) -> Verdict:
        """The verdict on the same two arms in the other order; the sentence stays."""
        return self.model_copy(
            update={
                "arm": self.against,
                "against": self.arm,
                "effect": -self.effect,
                "low": -self.high,
                "high": -self.low,
                "low_corrected": _negative(self.high_corrected),
                "high_corrected": _negative(self.low_corrected),
                "verdict": opposite(self.verdict),
            }
        )
