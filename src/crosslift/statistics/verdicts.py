"""Verdicts on comparisons of arms, corrected, each with a sentence for quotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosslift.errors import DataError
from crosslift.metrics.table import described
from crosslift.results.verdict import (
    EQUIVALENT,
    INCONCLUSIVE,
    ONE_SEED,
    Family,
    NoiseFacts,
    Outcome,
    Verdict,
)
from crosslift.statistics.clauses import interval_clause, place, sample, seeds_clause
from crosslift.statistics.differences import Difference
from crosslift.statistics.judgements import Judgement, alpha_of, better_outcome, judge_family
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import POWER, detectable_effect
from crosslift.wording import p_value


@dataclass(frozen=True, slots=True)
class ComparedScores:
    """The two sides of a comparison.

    Args:
        arm: the compared arm.
        against: the arm that it is compared with.
        target: the target task.
        metric: such as ``top1_accuracy``.
        protocol: id of the protocol of the scores.
        subset: ``all``, or ``clean``: without items that overlap training texts.
        question: the study's question that this answers; None if the study has no such question.
        family: its family; the correction covers a family together.
        budget_equal: whether both arms had the same updates, examples and tokens.
        budget_note: how the budgets differ; empty if they are equal.
        trained: whether a seed changes the scores of either arm, in any phase.
        smallest_effect: smallest effect of interest, above 0, in units of the score; None: the study
            has none.
        remarks: notes for the reader at the end of the sentence, such as that an arm is not zero-shot.
    """

    arm: str
    against: str
    target: str
    metric: str
    protocol: str
    subset: str = "all"
    question: str | None = None
    family: Family = "declared"
    budget_equal: bool = True
    budget_note: str = ""
    trained: bool = True
    smallest_effect: float | None = None
    remarks: tuple[str, ...] = ()


def judge(
    compared: Sequence[tuple[ComparedScores, Difference]], level: float = 0.95
) -> list[Verdict]:
    """Judges comparisons, corrected within each family; see `judge_family`.

    Args:
        compared: each comparison with its measured difference.
        level: level of every interval.

    Returns:
        One verdict for each comparison, in the same order.

    Raises:
        DataError: a difference whose interval has another level.
    """
    families: dict[str, list[int]] = {}
    for number, (comparison, difference) in enumerate(compared):
        _check_level(comparison, difference, level)
        families.setdefault(comparison.family, []).append(number)
    verdicts: dict[int, Verdict] = {}
    for members in families.values():
        pairs = [compared[member] for member in members]
        judged = judge_family(
            [difference for _, difference in pairs],
            [comparison.trained for comparison, _ in pairs],
            level,
            [comparison.smallest_effect for comparison, _ in pairs],
        )
        for member, judgement in zip(members, judged, strict=True):
            verdicts[member] = _verdict(*compared[member], judgement, alpha_of(level))
    return [verdicts[number] for number in range(len(compared))]


def _check_level(comparison: ComparedScores, difference: Difference, level: float) -> None:
    if difference.level != level:
        raise DataError(
            f"{comparison.arm!r} against {comparison.against!r} on {comparison.target!r} has a "
            f"{difference.level} interval",
            f"{level}, the level that is judged by",
        )


def _verdict(
    comparison: ComparedScores, difference: Difference, judgement: Judgement, alpha: float
) -> Verdict:
    difference = _within_bounds(comparison, difference)
    detectable = _detectable(difference, judgement)
    low, high = _corrected_interval(comparison, difference, judgement)
    return Verdict(
        arm=comparison.arm,
        against=comparison.against,
        target=comparison.target,
        protocol=comparison.protocol,
        metric=comparison.metric,
        subset=comparison.subset,
        question=comparison.question,
        family=comparison.family,
        effect=difference.effect,
        low=difference.low,
        high=difference.high,
        level=difference.level,
        low_corrected=low,
        high_corrected=high,
        p=difference.p,
        p_corrected=judgement.p_corrected,
        smallest_effect=comparison.smallest_effect,
        p_equivalence=judgement.p_equivalence,
        detectable=detectable,
        noise=_noise_facts(difference.noise),
        n_queries=difference.queries,
        n_languages=difference.languages,
        seeds=difference.seeds,
        verdict=judgement.outcome,
        budget_equal=comparison.budget_equal,
        budget_note=comparison.budget_note,
        sentence=_sentence(comparison, difference, judgement, alpha, detectable),
    )


def _corrected_interval(
    comparison: ComparedScores, difference: Difference, judgement: Judgement
) -> tuple[float, float] | tuple[None, None]:
    """The interval at the level that the correction gives the difference; it agrees with the
    verdict."""
    if judgement.step is None:
        return None, None
    if judgement.step == alpha_of(difference.level):
        return difference.low, difference.high
    reach = difference.noise.half_width(1 - judgement.step)
    wide = replace(difference, low=difference.effect - reach, high=difference.effect + reach)
    bounded = _within_bounds(comparison, wide)
    return bounded.low, bounded.high


def _within_bounds(comparison: ComparedScores, difference: Difference) -> Difference:
    """The difference with an interval inside the possible values: scores in [0, 1] differ by at most 1.
    With few seeds, intervals can be wider."""
    if not _in_points(comparison.metric):
        return difference
    return replace(difference, low=max(difference.low, -1.0), high=min(difference.high, 1.0))


def _in_points(metric: str) -> bool:
    return described(metric).unit.of_differences == "points"


def _noise_facts(noise: Noise) -> NoiseFacts | None:
    if not noise.is_known:
        return None
    return NoiseFacts(**{name: getattr(noise, name) for name in NoiseFacts.model_fields})


def _detectable(difference: Difference, judgement: Judgement) -> float | None:
    """The smallest effect that an inconclusive comparison could have shown; None for other outcomes, or
    without variance."""
    if (
        judgement.outcome != INCONCLUSIVE
        or judgement.alpha is None
        or not difference.noise.is_known
    ):
        return None
    return detectable_effect(difference.noise, judgement.alpha)


def _sentence(
    comparison: ComparedScores,
    difference: Difference,
    judgement: Judgement,
    alpha: float,
    detectable: float | None,
) -> str:
    on = f"On {place(comparison.target, comparison.subset)}"
    evidence = _evidence(comparison, difference, judgement, alpha, detectable)
    return f"{on}, {_claim(comparison, difference.effect, judgement.outcome)} ({evidence})."


def _claim(comparison: ComparedScores, effect: float, outcome: Outcome) -> str:
    metric, arm, against = described(comparison.metric), comparison.arm, comparison.against
    gap = metric.signed_amount(effect)
    if outcome == EQUIVALENT and comparison.smallest_effect is not None:
        margin = metric.amount(comparison.smallest_effect)
        return f"`{arm}` and `{against}` are equivalent within {margin} in {metric.title}: {gap}"
    if outcome == INCONCLUSIVE:
        return f"no difference between `{arm}` and `{against}` in {metric.title} was shown: {gap}"
    if outcome == ONE_SEED:
        return f"for this seed alone, `{arm}` differs from `{against}` by {gap} in {metric.title}"
    gap = metric.amount(abs(effect))
    if metric.lower_is_better:
        meaning = "better" if outcome == better_outcome(comparison.metric) else "worse"
        return (
            f"the {metric.title} of `{arm}` was {gap} {outcome}, which is {meaning}, than that of "
            f"`{against}`"
        )
    return f"`{arm}` scored {gap} {outcome} than `{against}` in {metric.title}"


def _evidence(
    comparison: ComparedScores,
    difference: Difference,
    judgement: Judgement,
    alpha: float,
    detectable: float | None,
) -> str:
    """The evidence behind the sentence, separated by semicolons."""
    seeds = seeds_clause(difference.seeds, comparison.trained)
    parts = [
        f"protocol {comparison.protocol}",
        _intervals_clause(comparison, difference, judgement),
        f"{sample(difference)}, {seeds}",
    ]
    if judgement.p_corrected is not None:
        parts.append(f"Holm-corrected p {p_value(judgement.p_corrected, alpha)}")
    if judgement.outcome == EQUIVALENT and judgement.p_equivalence is not None:
        parts.append(f"corrected p of equivalence {p_value(judgement.p_equivalence, alpha)}")
    if difference.noise.unchanged is not None:
        parts.append("no answer changed: the interval is that of the rule of three")
    if detectable is not None:
        parts.append(_could_have_seen(comparison.metric, detectable))
    parts += [_budget_clause(comparison), *comparison.remarks]
    return "; ".join(parts)


def _could_have_seen(metric: str, detectable: float) -> str:
    if _in_points(metric) and detectable > 1:
        return f"no difference at all would have been found in {POWER:.0%} of such runs"
    seen = described(metric).amount(detectable)
    return f"a difference of {seen} would have been found in {POWER:.0%} of such runs"


def _intervals_clause(
    comparison: ComparedScores, difference: Difference, judgement: Judgement
) -> str:
    """The interval, and the corrected interval if the family has several comparisons."""
    metric = described(comparison.metric)
    words = interval_clause(difference, metric)
    low, high = _corrected_interval(comparison, difference, judgement)
    if low is None or high is None or (low, high) == (difference.low, difference.high):
        return words
    return f"{words}, corrected {metric.end(low)} to {metric.end(high)}"


def _budget_clause(comparison: ComparedScores) -> str:
    if comparison.budget_equal:
        return "equal budgets"
    return (
        f"budgets differ: {comparison.budget_note}" if comparison.budget_note else "budgets differ"
    )
