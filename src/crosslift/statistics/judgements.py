"""Whether a difference is higher, lower or not shown: the one rule by which all are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.results.verdict import HIGHER, LOWER, NO_DIFFERENCE, ONE_SEED, Outcome
from crosslift.statistics.corrections import holm
from crosslift.statistics.differences import Difference


def outcome_of(effect: float, is_shown: bool) -> Outcome:
    """Which way a difference goes, if it is shown."""
    if not is_shown:
        return NO_DIFFERENCE
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
    """

    outcome: Outcome
    p_corrected: float | None


def judge_family(
    differences: Sequence[Difference], trained: Sequence[bool], level: float = 0.95
) -> list[Judgement]:
    """Judge differences that are corrected together.

    A difference is higher or lower only if its corrected p is below ``1 - level`` and its interval
    excludes 0; the interval itself is not corrected. Otherwise no difference is shown, which does not
    say that there is none. One seed of a trained arm gives no verdict: its interval lacks what seeds
    vary by, and 27 to 73% of true zeros would be found higher or lower. Such a difference takes no
    part in the correction of the others.

    Args:
        differences: of one family.
        trained: of each, whether an arm is trained, so that seeds could vary.
        level: of the intervals.

    Returns:
        One judgement per difference, in the order given.
    """
    alone = [each and d.seeds == 1 for d, each in zip(differences, trained, strict=True)]
    tested = [d.p for d, one in zip(differences, alone, strict=True) if not one]
    corrected = iter(holm(tested).tolist())
    alpha = alpha_of(level)
    return [
        Judgement(ONE_SEED, None) if one else _judged(difference, next(corrected), alpha)
        for difference, one in zip(differences, alone, strict=True)
    ]


def _judged(difference: Difference, p_corrected: float, alpha: float) -> Judgement:
    is_shown = p_corrected < alpha and difference.excludes_zero
    return Judgement(outcome_of(difference.effect, is_shown), p_corrected)


def alpha_of(level: float) -> float:
    """The corrected p-value below which a difference is shown, for intervals of a level."""
    return round(1 - level, 9)
