"""Divides the effect of an arm into parts, with one control after another.

A control divides the whole effect, arm - baseline, into two differences that add up to it: arm -
control and control - baseline. Which one is of interest depends on the control. A control that removes
only the content of the pictures shows that content in arm - control. A control that trains on captions
alone shows the effect of text alone in control - baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crosslift.errors import DataError
from crosslift.results.effect_parts import Attribution, EffectPart, Figure
from crosslift.results.verdict import EQUIVALENT, HIGHER, LOWER, ONE_SEED, SHOWN, Verdict
from crosslift.statistics.clauses import interval_clause
from crosslift.wording import interval, plural, points, signed_points

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """What a control shows.

    Args:
        source: the part of the effect that it shows, in words.
        shown_by: the difference that shows this part: the arm against the control, or the control
            against the baseline.
        lacks: what the control lacks, as the singular subject of a sentence.
    """

    source: str
    shown_by: Literal["arm - control", "control - baseline"]
    lacks: str


CONTROL_FACTS: Mapping[str, ControlFacts] = {
    "shuffled-pictures": ControlFacts("picture content", "arm - control", "the pictures' content"),
    "same-kind-pictures": ControlFacts(
        "detail of the pictures", "arm - control", "what tells pictures of one kind apart"
    ),
    "captions-only": ControlFacts("text exposure", "control - baseline", "seeing the pictures"),
    "same-updates-no-task": ControlFacts("training at all", "control - baseline", "the task"),
    "random-features": ControlFacts(
        "learned features", "arm - control", "what the image tower had learned"
    ),
    "placebo-labels": ControlFacts("labels", "arm - control", "what the labels say"),
}
"""Name of a control that a study requests by its name -> what it shows."""


def facts_of(kind: str | None, control: str) -> ControlFacts:
    """What a control shows. A control that the study defines itself shows what it lacks.

    Args:
        kind: one of `CONTROL_FACTS`, or None.
        control: name of the control arm.

    Raises:
        DataError: an unknown kind.
    """
    if kind is None:
        lacks = f"what `{control}` lacks"
        return ControlFacts(lacks, "arm - control", lacks)
    if kind not in CONTROL_FACTS:
        raise DataError(f"a control of the kind {kind!r}", ", ".join(CONTROL_FACTS))
    return CONTROL_FACTS[kind]


@dataclass(frozen=True, slots=True)
class Controlled:
    """A control with its two verdicts.

    Args:
        kind: one of `CONTROL_FACTS`; None: the study defines it itself.
        of_arm: verdict on the arm against the control.
        of_control: verdict on the control against the arm's baseline.
    """

    kind: str | None
    of_arm: Verdict
    of_control: Verdict


def attribute(whole: Verdict, controls: Sequence[Controlled]) -> Attribution:
    """Divides an arm's effect on a target into parts.

    Every figure comes from a verdict, with its interval and correction. The sentence claims nothing
    that the verdicts do not show.

    Args:
        whole: verdict on the arm against its baseline.
        controls: the arm's controls, at least one, with verdicts on the same queries.

    Returns:
        The effect, its parts, and a sentence.

    Raises:
        DataError: no control; or verdicts that do not add up to the whole, because they are on other
            arms or queries.
    """
    if not controls:
        raise DataError(f"no control of `{whole.arm}`", "one control or more")
    parts = tuple(_part(whole, controlled) for controlled in controls)
    return Attribution(
        arm=whole.arm,
        baseline=whole.against,
        target=whole.target,
        metric=whole.metric,
        protocol=whole.protocol,
        whole=Figure.of(whole),
        parts=parts,
        sentence=_sentence(whole, parts),
    )


def _part(whole: Verdict, controlled: Controlled) -> EffectPart:
    of_arm, of_control = controlled.of_arm, controlled.of_control
    chain = (of_arm.arm, of_arm.against, of_control.against)
    added = of_arm.effect + of_control.effect
    if chain != (whole.arm, of_control.arm, whole.against) or abs(added - whole.effect) > _ROUNDING:
        raise DataError(
            f"`{of_arm.arm}` against `{of_arm.against}` ({of_arm.effect:g}) and `{of_control.arm}` "
            f"against `{of_control.against}` ({of_control.effect:g}) on {whole.target}",
            f"two differences that add up to `{whole.arm}` against `{whole.against}` "
            f"({whole.effect:g}) on the same queries",
        )
    facts = facts_of(controlled.kind, of_control.arm)
    pair = Figure.of(of_arm), Figure.of(of_control)
    named_part, rest = pair if facts.shown_by == "arm - control" else pair[::-1]
    lowest, highest = min(0.0, whole.effect) - _ROUNDING, max(0.0, whole.effect) + _ROUNDING
    within = lowest <= named_part.effect <= highest
    return EffectPart(
        source=facts.source,
        control=of_control.arm,
        kind=controlled.kind,
        named=named_part,
        rest=rest,
        within_whole=within,
    )


def _sentence(whole: Verdict, parts: Sequence[EffectPart]) -> str:
    clauses = [_clause(whole, part) for part in parts]
    queries = plural(whole.n_queries, "query")
    evidence = f"{interval_clause(whole)}; {queries} in {plural(whole.n_languages, 'language')}"
    opening = f"On {whole.target}, `{whole.arm}` {_whole_words(whole)} ({evidence})"
    return f"{opening}. By source: {'; '.join(clauses)}.{_captions_words(whole.arm, parts)}"


def _whole_words(whole: Verdict) -> str:
    against = f"`{whole.against}`"
    if whole.verdict == HIGHER:
        return f"gained {points(whole.effect)} points over {against}"
    if whole.verdict == LOWER:
        return f"lost {points(-whole.effect)} points against {against}"
    gap = f"{signed_points(whole.effect)} points"
    if whole.verdict == ONE_SEED:
        return f"differs from {against} by {gap} for this seed alone, which is no verdict"
    if whole.verdict == EQUIVALENT:
        return f"is equivalent to {against}: {gap}"
    return f"is not shown to differ from {against}: {gap}"


def _clause(whole: Verdict, part: EffectPart) -> str:
    part_words = f"{part.source} {_figure_words(part.named)}"
    beyond = abs(part.named.effect) > abs(whole.effect) and part.named.effect * whole.effect > 0
    if whole.verdict not in SHOWN or not beyond:
        return part_words
    side = "below" if part.rest.effect < 0 else "above"
    return (
        f"{part_words}, more than the whole and so no part of it, as `{part.rest.arm}` is {side} "
        f"`{part.rest.against}`: {_figure_words(part.rest)}"
    )


def _figure_words(figure: Figure) -> str:
    words = f"{signed_points(figure.effect)} points {interval(figure.low, figure.high)}"
    return words if figure.shown == "shown" else f"{words}, {figure.shown}"


def _captions_words(arm: str, parts: Sequence[EffectPart]) -> str:
    """Says if captions alone score above the arm: the pictures then cost more than they add."""
    sentences = []
    for part in parts:
        if part.kind != "captions-only" or part.rest.effect >= 0:
            continue
        gap = points(-part.rest.effect)
        if part.rest.verdict == LOWER:
            verb = "lift" if part.named.effect > 0 else "leave"
            more = f"{gap} points more than" if verb == "lift" else f"it {gap} points higher than"
            sentences.append(f" Captions alone {verb} {more} `{arm}` does.")
        else:
            small = part.rest.verdict == EQUIVALENT
            remark = "which are equivalent" if small else "a difference that is not shown"
            sentences.append(f" Captions alone are {gap} points above `{arm}`, {remark}.")
    return "".join(sentences)
