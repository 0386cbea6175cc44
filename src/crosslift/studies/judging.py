"""The comparisons of a study and their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from crosslift.statistics.bootstrap import Difference, paired_difference, strata_of
from crosslift.statistics.gains import GainNames, share_surviving
from crosslift.statistics.verdicts import Comparison, Verdict, judge
from crosslift.studies.collect import Gathered
from crosslift.studies.schema import Study
from crosslift.targets.evaluate import OUTCOME_OF_METRIC

_NEARLY_EQUAL = 0.01


def verdicts(gathered: Gathered) -> list[Verdict]:
    """A verdict for each declared comparison, and for each arm against the baseline, on each target
    that both have scores on, in the target's primary metric and protocol."""
    return judge([(c, _difference(gathered, c)) for c in _comparisons(gathered)])


def gains(gathered: Gathered) -> list[dict[str, Any]]:
    """What part of each arm's gain over the baseline survives against its control, per target."""
    study = gathered.plan.study
    found = []
    for control, settings in study.arms.items():
        arm = settings.control_of
        for target in _shared(gathered, control, arm or control, study.baseline_of(control)):
            if arm is not None:
                found.append(_gain(gathered, arm, control, target))
    return found


def _gain(gathered: Gathered, arm: str, control: str, target: str) -> dict[str, Any]:
    facts = gathered.plan.targets[target].target
    outcome = OUTCOME_OF_METRIC[facts.metric]
    study = gathered.plan.study
    baseline = study.baseline_of(arm)
    of_arm, of_control, of_baseline = (
        gathered.cube(name, target, facts.protocols[0].id, outcome)[0]
        for name in (arm, control, baseline)
    )
    names = GainNames(arm, control, baseline, target)
    strata = strata_of(~np.isnan(of_arm[0]))
    share = share_surviving(
        of_arm, of_control, of_baseline, strata, names, draws=study.bootstrap_draws
    )
    return {"arm": arm, "control": control, "target": target, "sentence": share.sentence}


def _comparisons(gathered: Gathered) -> Iterator[Comparison]:
    study = gathered.plan.study
    for asked in study.comparisons:
        for target in asked.targets or _shared(gathered, asked.arm, asked.against):
            yield _comparison(gathered, asked.arm, asked.against, target, asked.question)
    for arm, baseline in _compared_with_baseline(study):
        for target in _shared(gathered, arm, baseline):
            yield _comparison(gathered, arm, baseline, target, None)


def _compared_with_baseline(study: Study) -> list[tuple[str, str]]:
    """Each arm that is compared with a baseline, and that baseline."""
    if study.baseline not in study.arms:
        return []
    pairs = [(name, study.baseline_of(name)) for name, a in study.arms.items() if not a.reference]
    return [(name, baseline) for name, baseline in pairs if name != baseline]


def _shared(gathered: Gathered, *arms: str) -> list[str]:
    """Targets on which all of these arms have scores."""
    scored = [
        {target for run in gathered.plan.runs if run.arm == arm for target in run.evaluations}
        for arm in arms
    ]
    return [target for target in gathered.plan.targets if all(target in s for s in scored)]


def _comparison(
    gathered: Gathered, arm: str, against: str, target: str, question: str | None
) -> Comparison:
    facts = gathered.plan.targets[target].target
    equal, note = _budgets(gathered.spent(arm), gathered.spent(against))
    return Comparison(
        arm=arm,
        against=against,
        target=target,
        metric=facts.metric,
        protocol=facts.protocols[0].id,
        question=question or None,
        family="vs-baseline" if question is None else "declared",
        budget_equal=equal,
        budget_note=note,
    )


def _budgets(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[bool, str]:
    """Whether two arms spent the same, and in what they differ."""
    if not one["updates"] and not other["updates"]:
        return True, ""
    if not one["updates"] or not other["updates"]:
        return False, "one of the two is untrained"
    parts = []
    for unit in ("updates", "examples", "tokens"):
        if abs(one[unit] - other[unit]) > _NEARLY_EQUAL * max(one[unit], other[unit]):
            parts.append(f"{unit} {one[unit]:,.0f} and {other[unit]:,.0f}")
    return not parts, "; ".join(parts)


def _difference(gathered: Gathered, comparison: Comparison) -> Difference:
    outcome = OUTCOME_OF_METRIC[comparison.metric]
    arm, against = (
        gathered.cube(name, comparison.target, comparison.protocol, outcome)[0]
        for name in (comparison.arm, comparison.against)
    )
    strata = strata_of(~np.isnan(arm[0]))
    draws = gathered.plan.study.bootstrap_draws
    if len(arm) < len(against):  # the untrained arm was named first: turn the pair, then the sign
        return _turned(paired_difference(against, arm, strata, draws=draws))
    return paired_difference(arm, against, strata, draws=draws)


def _turned(difference: Difference) -> Difference:
    sides = {"effect": -difference.effect, "low": -difference.high, "high": -difference.low}
    return Difference(**{**asdict(difference), **sides})
