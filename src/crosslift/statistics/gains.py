"""The part of an arm's gain that remains against its control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from crosslift.errors import DataError
from crosslift.results.verdict import HIGHER, INCONCLUSIVE, LOWER, Outcome
from crosslift.statistics.clauses import interval_clause
from crosslift.statistics.cubes import OutcomeCube, paired_gaps
from crosslift.statistics.differences import Difference, paired_difference
from crosslift.statistics.influences import Influence, influences_of
from crosslift.statistics.judgements import by_interval
from crosslift.wording import level_words, points, signed_points
from crosslift.wording import share as share_words


@dataclass(frozen=True, slots=True)
class GainNames:
    """The names in the sentence.

    Args:
        arm: the arm that gained.
        control: the same arm without the content, such as with shuffled pictures.
        baseline: the arm below the gain.
        target: the target task.
        content: what the control lacks.
    """

    arm: str
    control: str
    baseline: str
    target: str
    content: str = "the pictures' content"


class GainOutcomes(NamedTuple):
    """The verdicts on the parts of a gain, after correction.

    Args:
        total: verdict on the arm against the baseline.
        content: verdict on the arm against the control.
        other: verdict on the control against the baseline.
    """

    total: Outcome
    content: Outcome
    other: Outcome


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with its interval; 1 is all of it.

    Args:
        value: the share.
        low: lower end of the interval, which may be below 0.
        high: upper end, which may be above 1.
        level: level of the interval.
    """

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class GainShare:
    """An arm's gain, divided by its control; the effects of the two parts add up to the whole.

    Args:
        total: arm - baseline.
        content: arm - control: the part that only the content can explain.
        other: control - baseline: the part without the content (batches, loss, more text).
        share: content / total. None unless ``total`` is shown to be above 0 and ``content`` lies
            between 0 and ``total``. None for one seed.
        sentence: the result in words.
    """

    total: Difference
    content: Difference
    other: Difference
    share: Share | None
    sentence: str


def share_surviving(
    arm: OutcomeCube,
    control: OutcomeCube,
    baseline: OutcomeCube,
    strata: NDArray[np.integer],
    names: GainNames,
    *,
    outcomes: GainOutcomes | None = None,
    level: float = 0.95,
) -> GainShare:
    """Divides an arm's gain over the baseline into its content and the rest.

    The intervals are not corrected for several comparisons: they show the size of the parts. The
    sentence follows the verdicts, which are corrected. The interval of the share holds every share r
    for which arm - control - r x (arm - baseline) is not shown to differ from 0 (Fieller 1954, Journal
    of the Royal Statistical Society B 16).

    Args:
        arm: float64 [S, N, L], see the treatment of `paired_difference`.
        control: the same, with the same seeds.
        baseline: the same, or [1, N, L] if it is untrained.
        strata: int [N], see `strata_of`.
        names: names for the sentence.
        outcomes: the verdicts on the three differences; None: they follow from the intervals alone.
        level: level of the intervals.

    Returns:
        The three differences, the share, and a sentence.

    Raises:
        DataError: as in `paired_difference`; or a control without the arm's seeds.
    """
    if arm.shape != control.shape:
        raise DataError(
            f"`{names.arm}` has outcomes of shape {arm.shape}, `{names.control}` {control.shape}",
            "a control trained with the arm's seeds and scored on the same queries",
        )
    total = paired_difference(arm, baseline, strata, level=level)
    content = paired_difference(arm, control, strata, level=level)
    other = paired_difference(control, baseline, strata, level=level)
    if outcomes is None:
        outcomes = GainOutcomes(by_interval(total), by_interval(content), by_interval(other))
    share = None
    parted = content.effect >= 0 and other.effect >= 0
    if total.seeds > 1 and total.low > 0 and outcomes.total == HIGHER and parted:
        weights = np.full((arm.shape[2], 1), 1 / arm.shape[2])
        whole, part = (
            influences_of(paired_gaps(arm, reference), strata, weights)[0]
            for reference in (baseline, control)
        )
        share = _share(part, whole, level, least=max(map(_open, (content, other))))
    sentence = _sentence(names, total, content, other, share, outcomes)
    return GainShare(total, content, other, share, sentence)


def _open(difference: Difference) -> float:
    """The effect that the rule of three does not exclude if no item changed; 0 if some changed."""
    unchanged = difference.noise.unchanged
    return 0.0 if unchanged is None else difference.noise.half_width(difference.level)


def _share(part: Influence, whole: Influence, level: float, least: float) -> Share:
    """The share with its interval; ``least`` is the smallest half-width of the rest."""

    def beyond(ratio: float) -> float:
        """Above 0 where the ratio lies outside the interval."""
        rest = Influence(
            part.per_seed - ratio * whole.per_seed,
            part.of_items - ratio * whole.of_items,
            part.leverage,
            part.strata,
        )
        return abs(rest.effect) - max(least, rest.noise.half_width(level))

    value = part.effect / whole.effect
    return Share(value, _end(beyond, value, -1.0), _end(beyond, value, 1.0), level)


def _end(beyond: Callable[[float], float], inside: float, way: float) -> float:
    """The end of the interval on one side; infinite if it has no end nearby."""
    step = 0.125
    while step < 1e6:
        if beyond(inside + way * step) > 0:
            return float(brentq(beyond, inside, inside + way * step, xtol=1e-9))
        step *= 2
    return way * np.inf


def _sentence(
    names: GainNames,
    total: Difference,
    content: Difference,
    other: Difference,
    share: Share | None,
    outcomes: GainOutcomes,
) -> str:
    if total.seeds == 1:
        return (
            f"On {names.target}, for this seed alone, `{names.arm}` differs from "
            f"`{names.baseline}` by {_signed(total)} and from `{names.control}` by "
            f"{_signed(content)}: one seed gives no verdict, so nothing is divided."
        )
    if outcomes.total == HIGHER:
        return (
            f"Of the {points(total.effect)} points ({interval_clause(total)}) that `{names.arm}` "
            f"gained over `{names.baseline}` on {names.target}, "
            f"{_surviving(names, content, other, share, outcomes)}."
        )
    if outcomes.total == LOWER:
        lost = f"{points(-total.effect)} points against `{names.baseline}`"
        whole = f"lost {lost} ({interval_clause(total)})"
    else:
        corrected = _correction(total, outcomes.total)
        whole = f"is not shown to gain over `{names.baseline}`{corrected}: {_signed(total)}"
    return (
        f"On {names.target}, `{names.arm}` {whole}, so there is no gain to divide; "
        f"its difference to `{names.control}` is {_signed(content)}: "
        f"{_content_shown(names, content, outcomes.content)}."
    )


def _signed(difference: Difference) -> str:
    return f"{signed_points(difference.effect)} points ({interval_clause(difference)})"


def _correction(difference: Difference, outcome: Outcome) -> str:
    """Words for a difference whose interval excludes 0, but which is inconclusive after the
    correction."""
    return " after correction" if by_interval(difference) != outcome == INCONCLUSIVE else ""


def _surviving(
    names: GainNames,
    content: Difference,
    other: Difference,
    share: Share | None,
    outcomes: GainOutcomes,
) -> str:
    against = f"against `{names.control}`"
    outcome = outcomes.content
    part = f"{points(content.effect)} ({interval_clause(content)})"
    if outcome == LOWER:
        return (
            f"none survive {against}, which scores {points(-content.effect)} points higher "
            f"({interval_clause(content)} for the arm against it): {names.content} is shown to cost"
        )
    if share is None and content.effect > 0:
        below = _below(other, outcomes.other)
        return (
            f"no share is given: `{names.control}` is {below} `{names.baseline}`, so that "
            f"the arm's {part} points above it are more than the whole gain; "
            f"{_content_shown(names, content, outcome)}"
        )
    if share is None:
        return (
            f"no share is given: the arm differs from `{names.control}` by {_signed(content)}; "
            f"{_content_shown(names, content, outcome)}"
        )
    surviving = f"{part} survive {against}, a share of {_share_words(share)}"
    if outcome == HIGHER:
        return f"{surviving}: that part is shown to come from {names.content}"
    corrected = _correction(content, outcome)
    return f"{surviving}: no part of the gain is shown{corrected} to come from {names.content}"


def _below(other: Difference, outcome: Outcome) -> str:
    """The words for a control below the baseline, and whether that is shown."""
    doubt = "" if outcome == LOWER else ", not shown,"
    return f"{points(-other.effect)} points ({interval_clause(other)}){doubt} below"


def _share_words(share: Share) -> str:
    low, value, high = (share_words(each) for each in (share.low, share.value, share.high))
    return f"{value} ({level_words(share.level)} interval {low} to {high})"


def _content_shown(names: GainNames, content: Difference, outcome: Outcome) -> str:
    if outcome == HIGHER:
        return f"{names.content} is shown to help"
    if outcome == LOWER:
        return f"{names.content} is shown to cost"
    return f"{names.content} is not shown{_correction(content, outcome)} to matter"
