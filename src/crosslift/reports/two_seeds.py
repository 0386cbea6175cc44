"""What two seeds can show, in a sentence."""

from __future__ import annotations

from collections import Counter
from statistics import median

from crosslift.metrics.table import described
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import Verdict
from crosslift.statistics.judgements import alpha_of
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import detectable_effect
from crosslift.wording import points


def two_seed_sentence(folder: RunFolder) -> str | None:
    """A warning if arms were trained with two seeds: how large an effect must be to be found.

    Args:
        folder: the run.

    Returns:
        A sentence with the median over comparisons in points; None if no comparison has two seeds.
    """
    judged = [v for v in folder.verdicts if v.p_corrected is not None]
    sizes = Counter(verdict.family for verdict in judged)
    effects = [
        detectable
        for verdict in judged
        if (detectable := _detectable(verdict, sizes[verdict.family])) is not None
    ]
    if not effects:
        return None
    typical = median(effects)
    power = f"find a true difference only from about {points(typical)} points, in 80% of such runs"
    return (
        "With two seeds the variation between seeds is hardly known: half of these comparisons would "
        f"{power if typical <= 1 else 'find no difference at all in 80% of such runs'}. Smaller ones "
        "are shown only where the seeds happen to agree. Plan with three seeds or more."
    )


def _detectable(verdict: Verdict, family: int) -> float | None:
    """The smallest effect, in points, that 80% of such runs would find; None unless there are two
    seeds."""
    in_points = described(verdict.metric).unit.of_differences == "points"
    if verdict.noise is None or verdict.noise.seeds != 2 or not in_points:
        return None
    noise = Noise(**verdict.noise.model_dump())
    return detectable_effect(noise, alpha_of(verdict.level) / family)
