"""The effects that the comparisons of a run could have shown, and the data that an effect needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isinf

from crosslift.metrics.table import described
from crosslift.results.command_output import ComparisonNeeds
from crosslift.results.verdict import Verdict
from crosslift.statistics.judgements import alpha_of
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import (
    POWER,
    detectable_effect,
    items_needed,
    power_of,
    seeds_needed,
)


def needs_of(
    verdicts: Sequence[Verdict], effect: float, power: float = POWER
) -> list[ComparisonNeeds]:
    """The needs of each comparison with a verdict, at the level that Holm's correction gives the first
    comparison of its family.

    Args:
        verdicts: all verdicts of a run; comparisons without a verdict or without variances are left
            out.
        effect: above 0, in the displayed unit of each metric, such as points.
        power: wanted probability of finding the effect.
    """
    judged = [
        (verdict, verdict.noise)
        for verdict in verdicts
        if verdict.noise is not None and verdict.p_corrected is not None
    ]
    sizes = Counter(verdict.family for verdict, _ in judged)
    return [
        _needs(
            verdict,
            Noise(**noise.model_dump()),
            effect / described(verdict.metric).unit.scale,
            alpha_of(verdict.level) / sizes[verdict.family],
            power,
        )
        for verdict, noise in judged
    ]


def _needs(
    verdict: Verdict, noise: Noise, effect: float, alpha: float, power: float
) -> ComparisonNeeds:
    seeds = seeds_needed(noise, effect, alpha, power) if noise.seeds > 1 else None
    times = items_needed(noise, effect, alpha, power)
    return ComparisonNeeds(
        arm=verdict.arm,
        against=verdict.against,
        target=verdict.target,
        metric=verdict.metric,
        seeds=verdict.seeds,
        n_queries=verdict.n_queries,
        detectable=detectable_effect(noise, alpha, power),
        effect=effect,
        power=power,
        chance=power_of(noise, effect, alpha),
        seeds_needed=seeds,
        items_needed=None if isinf(times) else times,
    )
