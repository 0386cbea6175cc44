"""Verdicts on comparisons of arms: corrected, in a sentence that can be quoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from crosslift.errors import DataError
from crosslift.statistics.bootstrap import Difference
from crosslift.statistics.corrections import holm
from crosslift.statistics.wording import (
    LOWER_IS_BETTER,
    amount,
    interval,
    metric_words,
    p_clause,
    place,
    sample,
    seeds_clause,
    signed_amount,
)

HIGHER, LOWER, NO_DIFFERENCE = "higher", "lower", "no difference shown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared with what.

    Args:
        arm: the arm that is asked about.
        against: the arm it is compared with.
        target: the target task.
        metric: such as ``top1_accuracy``.
        protocol: id of the protocol of the scores.
        subset: ``all``, or ``clean``: without items that overlap training texts.
        question: the study's question that this answers; None where nobody asked it.
        family: comparisons of one family are corrected together.
        budget_equal: whether both arms had the same updates, examples and tokens.
        budget_note: how the budgets differ; empty where they do not.
        trained: whether either arm is trained; untrained arms have no seeds to vary.
        remarks: what else a reader must know, such as that an arm is not zero-shot; they end the
            sentence.
    """

    arm: str
    against: str
    target: str
    metric: str
    protocol: str
    subset: str = "all"
    question: str | None = None
    family: str = "declared"
    budget_equal: bool = True
    budget_note: str = ""
    trained: bool = True
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A comparison with its outcome, as it stands in ``verdicts.json``.

    Args:
        effect: score of ``arm`` minus score of ``against``, as a share of 1; of a metric such as
            ``median_rank``, in its own unit.
        low: lower end of the interval of ``effect``.
        high: upper end.
        level: of the interval.
        p: two-sided.
        p_corrected: after Holm's correction within ``family``.
        n_queries: queries under one seed.
        n_languages: languages, equally weighted.
        seeds: seeds of ``arm``.
        verdict: ``higher``, ``lower`` or ``no difference shown``: of the number, which for
            ``median_rank`` is the better the lower it is.
        sentence: the verdict in words, effects in percentage points.

    The other fields are those of `Comparison`.
    """

    arm: str
    against: str
    target: str
    protocol: str
    metric: str
    subset: str
    question: str | None
    family: str
    effect: float
    low: float
    high: float
    level: float
    p: float
    p_corrected: float
    n_queries: int
    n_languages: int
    seeds: int
    verdict: str
    budget_equal: bool
    budget_note: str
    sentence: str

    def to_json(self) -> dict[str, str | float | int | bool | None]:
        """The fields as a JSON object."""
        return asdict(self)


def judge(compared: Sequence[tuple[Comparison, Difference]], level: float = 0.95) -> list[Verdict]:
    """Judge comparisons, corrected within each family.

    An arm is called higher or lower only if its corrected p is below ``1 - level`` and its
    interval excludes 0; the interval itself is not corrected. Otherwise no difference is shown,
    which does not say that there is none.

    Args:
        compared: each comparison with its measured difference.
        level: the level of every interval.

    Returns:
        One verdict per comparison, in the order given.

    Raises:
        DataError: a difference whose interval has another level.
    """
    alpha = round(1 - level, 9)
    families: dict[str, list[int]] = {}
    for number, (comparison, difference) in enumerate(compared):
        _check_level(comparison, difference, level)
        families.setdefault(comparison.family, []).append(number)
    verdicts: dict[int, Verdict] = {}
    for members in families.values():
        corrected = holm([compared[member][1].p for member in members])
        for member, p in zip(members, corrected.tolist(), strict=True):
            verdicts[member] = _verdict(*compared[member], p, alpha)
    return [verdicts[number] for number in range(len(compared))]


def _check_level(comparison: Comparison, difference: Difference, level: float) -> None:
    if difference.level != level:
        raise DataError(
            f"{comparison.arm!r} against {comparison.against!r} on {comparison.target!r} has a "
            f"{difference.level} interval",
            f"{level}, the level that is judged by",
        )


def _verdict(
    comparison: Comparison, difference: Difference, p_corrected: float, alpha: float
) -> Verdict:
    outcome = NO_DIFFERENCE
    if p_corrected < alpha and difference.excludes_zero:
        outcome = HIGHER if difference.effect > 0 else LOWER
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
        p=difference.p,
        p_corrected=p_corrected,
        n_queries=difference.queries,
        n_languages=difference.languages,
        seeds=difference.seeds,
        verdict=outcome,
        budget_equal=comparison.budget_equal,
        budget_note=comparison.budget_note,
        sentence=_sentence(comparison, difference, outcome, p_corrected, alpha),
    )


def _sentence(
    comparison: Comparison, difference: Difference, outcome: str, p_corrected: float, alpha: float
) -> str:
    on = f"On {place(comparison.target, comparison.subset)}"
    metric, arm, against = metric_words(comparison.metric), comparison.arm, comparison.against
    evidence = _evidence(comparison, difference, p_corrected, alpha)
    if outcome == NO_DIFFERENCE:
        gap = signed_amount(comparison.metric, difference.effect)
        return (
            f"{on}, no difference between `{arm}` and `{against}` in {metric} was shown: "
            f"{gap} ({evidence})."
        )
    gap = amount(comparison.metric, abs(difference.effect))
    if comparison.metric in LOWER_IS_BETTER:
        meaning = "better" if outcome == LOWER else "worse"
        return (
            f"{on}, the {metric} of `{arm}` was {gap} {outcome}, which is {meaning}, than that of "
            f"`{against}` ({evidence})."
        )
    return f"{on}, `{arm}` scored {gap} {outcome} than `{against}` in {metric} ({evidence})."


def _evidence(
    comparison: Comparison, difference: Difference, p_corrected: float, alpha: float
) -> str:
    """All that a reader needs to weigh the sentence, parted by semicolons."""
    at_bound = difference.p <= difference.smallest_p
    seeds = seeds_clause(difference.seeds, comparison.trained)
    parts = [
        f"protocol {comparison.protocol}",
        interval(difference, comparison.metric),
        f"{sample(difference)}, {seeds}",
        f"Holm-corrected {p_clause(p_corrected, at_bound, alpha)}",
    ]
    if at_bound and p_corrected >= alpha:
        parts.append(f"{difference.draws:,} draws are too few for so many comparisons")
    parts += [_budget_clause(comparison), *comparison.remarks]
    return "; ".join(parts)


def _budget_clause(comparison: Comparison) -> str:
    if comparison.budget_equal:
        return "equal budgets"
    return (
        f"budgets differ: {comparison.budget_note}" if comparison.budget_note else "budgets differ"
    )
