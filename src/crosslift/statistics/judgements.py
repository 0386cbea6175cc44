"""The rule that decides whether a difference is higher, lower, equivalent or inconclusive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosslift.metrics.table import described
from crosslift.results.verdict import EQUIVALENT, HIGHER, INCONCLUSIVE, LOWER, ONE_SEED, Outcome
from crosslift.statistics.corrections import holm, holm_steps
from crosslift.statistics.differences import Difference


def outcome_of(effect: float, is_shown: bool) -> Outcome:
    """The outcome of a difference that is shown: higher or lower."""
    if not is_shown:
        return INCONCLUSIVE
    return HIGHER if effect > 0 else LOWER


def by_interval(difference: Difference) -> Outcome:
    """The outcome from a difference's interval alone, without a correction."""
    return outcome_of(difference.effect, difference.excludes_zero)


def better_outcome(metric: str) -> Outcome:
    """The outcome that is an improvement in a metric."""
    return LOWER if described(metric).lower_is_better else HIGHER


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a difference within its family.

    Args:
        outcome: the outcome.
        p_corrected: p-value after Holm's correction; None for ``one seed``.
        p_equivalence: corrected p-value of the test that the difference is within its margin; None
            without a margin.
        alpha: the level of the family's smallest p-value: the family's level over its size; None for
            ``one seed``.
        step: the level that Holm's correction gives this difference: its interval at 1 - ``step``
            excludes 0 exactly if the outcome is higher or lower; None for ``one seed``.
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
    """Judges the differences of one family.

    A difference is higher or lower only if its corrected p is below ``1 - level`` and its interval
    excludes 0; the interval itself is not corrected. Otherwise it is equivalent if two one-sided tests
    show that it lies within its margin; their p-values are corrected over the differences of the family
    with a margin. Each of the two corrections has a separate level. In all other cases the comparison
    is inconclusive, which does not mean that there is no difference. One seed of a trained arm gives no
    verdict: its interval does not cover variation between seeds, and 27 to 73% of true zeros would be
    called higher or lower. The correction ignores such a difference.

    Args:
        differences: differences of one family.
        trained: for each, whether an arm is trained, so that seeds can differ.
        level: level of the intervals.
        margins: for each, the smallest effect of interest, above 0, or None; None: no margins.

    Returns:
        One judgement for each difference, in the same order.
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
    """The corrected p-value of each equivalence; None without a margin or without variance."""
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
