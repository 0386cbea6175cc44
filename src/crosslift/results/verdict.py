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
    """The outcome of the comparison with its arms exchanged."""
    return {HIGHER: LOWER, LOWER: HIGHER}.get(outcome, outcome)


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


class NoiseFacts(ResultRecord):
    """The variances behind an interval, in squared units of the effect."""

    seeds: int
    """Number of seeds."""
    seed_variance: float
    """Variance of the mean over seeds, estimated from the differences between seeds; 0 for one seed."""
    item_variance: float
    """Variance of the part of an item's outcome that all seeds share."""
    item_freedom: float
    """Degrees of freedom of ``item_variance``."""
    within: float
    """The part of one seed's variance that comes from the items."""


class Verdict(ResultRecord):
    """The verdict on one comparison: the score of ``arm`` minus the score of ``against``.

    The effect and its interval are in [-1, 1]; for a metric such as ``median_rank``, in the unit of the
    metric.
    """

    arm: str
    """The compared arm."""
    against: str
    """The arm that it is compared with."""
    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol of the scores."""
    metric: str
    """Metric of the scores."""
    subset: str
    """``all``, or ``clean``: without the items that overlap a training text."""
    question: str | None
    """The question of the study that the comparison answers; null: no question of the study."""
    family: Family
    """The correction covers the comparisons of one family together: ``declared`` (listed in the study),
    ``vs-baseline`` (each arm against the baseline of its start) or ``controls`` (needed only to
    attribute effects)."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of the interval of the effect."""
    high: float
    """Upper end of the interval of the effect."""
    level: float
    """Level of the interval, such as 0.95."""
    low_corrected: float | None = None
    """Lower end of the interval at the level that Holm's correction gives this comparison. The interval
    excludes 0 exactly if ``verdict`` is ``higher`` or ``lower``; null: no verdict."""
    high_corrected: float | None = None
    """Upper end of the same interval."""
    p: float
    """Two-sided p-value."""
    p_corrected: float | None
    """The p-value after Holm's correction within the family; null: no verdict and no family."""
    smallest_effect: float | None = None
    """The smallest effect of interest of the study, in the unit of ``effect``; null: the study has
    none."""
    p_equivalence: float | None = None
    """The p-value of two one-sided tests that the effect is smaller than `smallest_effect`, after
    Holm's correction within the family; null: no smallest effect, no verdict, or no variance."""
    detectable: float | None = None
    """For an inconclusive comparison: the smallest true effect that 80% of such runs would find, after
    the correction. Above 1 for scores in [0, 1]: no effect would be found. null: another verdict, or no
    variance."""
    noise: NoiseFacts | None = None
    """The variances behind the interval; null: no variance, or a release up to 0.1 wrote the run."""
    n_queries: int
    """Number of queries under one seed."""
    n_languages: int
    """Number of languages; each has the same weight."""
    seeds: int
    """Number of seeds of ``arm``."""
    verdict: Outcome
    """``higher`` or ``lower``: the number itself (a lower ``median_rank`` is better). ``equivalent``:
    the effect is within the smallest effect of interest. ``inconclusive``: the data show none of these.
    ``one seed``: no verdict."""
    budget_equal: bool
    """Whether both arms spent the same updates, examples and tokens."""
    budget_note: str
    """How the budgets differ; empty if they are equal."""
    sentence: str
    """The verdict in words, with the effect in percentage points."""

    @property
    def corrected(self) -> tuple[float, float] | None:
        """The corrected interval; None: no verdict, or a release up to 0.1 wrote the run."""
        if self.low_corrected is None or self.high_corrected is None:
            return None
        return self.low_corrected, self.high_corrected

    @property
    def nothing_changed(self) -> bool:
        """Whether both arms have the same outcome on every query, under every seed."""
        return self.effect == 0 and self.noise is None and self.p == 1

    def turned(self) -> Verdict:
        """The verdict on the same two arms in the other order; the sentence does not change."""
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
