"""Whether a difference is higher, lower, equivalent or inconclusive: the one rule for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosslift.metrics.table import described
from crosslift.results.verdict import EQUIVALENT, HIGHER, INCONCLUSIVE, LOWER, ONE_SEED, Outcome
from crosslift.statistics.corrections import holm, holm_steps
from crosslift.statistics.differences import Difference


def outcome_of(effect: float, is_shown: bool) -> Outcome:
    """Which way a difference goes, if it is shown."""
    if not is_shown:
        return INCONCLUSIVE
    return HIGHER if effect > 0 else LOWER


def by_interval(difference: Difference) -> Outcome:
    """The outcome that a difference's interval alone gives, without any correction."""
    return outcome_of(difference.effect, difference.excludes_zero)


def better_outcome(metric: str) -> Outcome:
    """The outcome that is for the better in a metric; its opposite is for the worse."""
    return LOWER if described(metric).lower_is_better else HIGHER


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a difference is taken for, among those that are corrected together.

    Args:
        outcome: the verdict.
        p_corrected: after Holm's correction; None of ``one seed``.
        p_equivalence: the same of the test that the difference is within its margin; None without one.
        alpha: what the correction leaves to the family's first: its size divides the level; None of
            ``one seed``.
        step: the level at which Holm's correction read this difference: its interval at 1 - ``step``
            excludes 0 exactly where the outcome is higher or lower; None of ``one seed``.
    """

    outcome: Outcome
    p_corrected: float | None
    p_equivalence: float | None = None
    alpha: float | None = None
    step: float | None = None


def judge_family(
    differences: Sequence[Difference],
    trained: Sequence[bool],
    level: float = 0.95,
    margins: Sequence[float | None] | None = None,
) -> list[Judgement]:
    """Judge differences that are corrected together.

    A difference is higher or lower only if its corrected p is below ``1 - level`` and its interval
    excludes 0; the interval itself is not corrected. Else it is equivalent if two one-sided tests show
    that it lies within its margin, with a p corrected among those of the family that have a margin.
    Each of the two corrections keeps its own level. Otherwise the comparison is inconclusive, which
    does not say that there is no difference. One seed of a trained arm gives no verdict: its interval
    lacks what seeds vary by, and 27 to 73% of true zeros would be found higher or lower. Such a
    difference takes no part in the correction of the others.

    Args:
        differences: of one family.
        trained: of each, whether an arm is trained, so that seeds could vary.
        level: of the intervals.
        margins: of each, the smallest effect of interest, above 0, or None; None: no margins.

    Returns:
        One judgement per difference, in the order given.
    """
    if margins is None:
        margins = [None] * len(differences)
    alpha = alpha_of(level)
    judged = [not (each and d.seeds == 1) for d, each in zip(differences, trained, strict=True)]
    tested = [d for d, one in zip(differences, judged, strict=True) if one]
    margins_of_tested = [m for m, one in zip(margins, judged, strict=True) if one]
    raw = [d.p for d in tested]
    corrected = holm(raw).tolist()
    within = _corrected_equivalence(tested, margins_of_tested)
    steps = holm_steps(raw, alpha)
    judgements = iter(
        replace(_judged(difference, p, p_within, alpha), alpha=alpha / len(tested), step=step)
        for difference, p, p_within, step in zip(tested, corrected, within, steps, strict=True)
    )
    return [next(judgements) if one else Judgement(ONE_SEED, None) for one in judged]


def _corrected_equivalence(
    differences: Sequence[Difference], margins: Sequence[float | None]
) -> list[float | None]:
    """The corrected p of each equivalence; None without a margin, or where nothing scattered."""
    raw = [
        difference.noise.p_equivalence(difference.effect, margin)
        for difference, margin in zip(differences, margins, strict=True)
        if margin is not None and difference.noise.is_known
    ]
    corrected = iter(holm(raw).tolist())
    return [
        next(corrected) if margin is not None and difference.noise.is_known else None
        for difference, margin in zip(differences, margins, strict=True)
    ]


def _judged(
    difference: Difference, p: float, p_equivalence: float | None, alpha: float
) -> Judgement:
    outcome = outcome_of(difference.effect, p < alpha and difference.excludes_zero)
    if outcome == INCONCLUSIVE and p_equivalence is not None and p_equivalence < alpha:
        outcome = EQUIVALENT
    return Judgement(outcome, p, p_equivalence)


def alpha_of(level: float) -> float:
    """The corrected p-value below which a difference is shown, for intervals of a level."""
    return round(1 - level, 9)
