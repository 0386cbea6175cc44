"""The smallest effects that a planned study could show, from the noise of an earlier run or the
packaged noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from statistics import median_low

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.results.reference_noise import PlannedPower, ReferenceNoise
from crosslift.results.result_record import from_json
from crosslift.results.run_facts import RunFacts
from crosslift.results.verdict import Verdict
from crosslift.statistics.judgements import alpha_of
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import detectable_effect

_LEVEL = 0.95
_SHIPPED = "reference_noise.json"


def noise_of_run(run: RunFacts, verdicts: Sequence[Verdict]) -> dict[str, ReferenceNoise]:
    """Target -> the noise of a typical comparison of a run: the one of a trained arm with its baseline
    whose interval has the median width. Targets without such a comparison of two or more seeds are
    absent.

    Args:
        run: facts of the run.
        verdicts: verdicts of the run.
    """
    trained = {arm.name for arm in run.arms if arm.role == "trained"}
    texts = {target.name: target.distinct_texts for target in run.targets}
    by_target: dict[str, dict[float, Verdict]] = {}
    for verdict in verdicts:
        judged = verdict.family == "vs-baseline" and verdict.arm in trained
        if judged and verdict.noise is not None and verdict.seeds > 1:
            width = verdict.high - verdict.low
            by_target.setdefault(verdict.target, {})[width] = verdict
    typical = {target: by_width[median_low(by_width)] for target, by_width in by_target.items()}
    return {
        target: ReferenceNoise(
            target=target,
            metric=verdict.metric,
            noise=verdict.noise,
            texts=texts.get(target),
            source=f"{run.study}, {verdict.arm} against {verdict.against}",
        )
        for target, verdict in typical.items()
        if verdict.noise is not None
    }


@cache
def shipped_noise() -> Mapping[str, ReferenceNoise]:
    """Target -> the noise packaged with this version (`python -m benchmarks.reference_noise`)."""
    content = (resources.files("crosslift.statistics") / _SHIPPED).read_text(encoding="utf-8")
    entries = from_json(parse_json(content, _SHIPPED), tuple[ReferenceNoise, ...], _SHIPPED)
    return {entry.target: entry for entry in entries}


def planned_power(
    reference: Mapping[str, ReferenceNoise],
    targets: Mapping[str, tuple[str, int]],
    seeds: int,
    comparisons: int,
) -> list[PlannedPower]:
    """The smallest effects that comparisons with a baseline could show on each target.

    Args:
        reference: target -> noise, see `noise_of_run`.
        targets: name -> its metric and its number of distinct texts.
        seeds: number of seeds of the study.
        comparisons: number of comparisons in the family.
    """
    return [
        _planned(reference.get(name), name, metric, texts, seeds, comparisons)
        for name, (metric, texts) in targets.items()
    ]


def _planned(
    reference: ReferenceNoise | None,
    name: str,
    metric: str,
    texts: int,
    seeds: int,
    comparisons: int,
) -> PlannedPower:
    known = reference is not None and reference.metric == metric
    detectable = None
    if reference is not None and known and seeds > 1:
        items = texts / reference.texts if reference.texts else 1.0
        noise = Noise(**reference.noise.model_dump()).expected(seeds, items)
        detectable = detectable_effect(noise, alpha_of(_LEVEL) / max(comparisons, 1))
    return PlannedPower(
        target=name,
        metric=metric,
        seeds=seeds,
        comparisons=comparisons,
        detectable=detectable,
        reference=reference if known else None,
    )


def refuse_other_targets(
    reference: Mapping[str, ReferenceNoise], targets: Sequence[str], run: str
) -> None:
    """Raises if a pilot run has none of a study's targets.

    Raises:
        DataError: none of the study's targets has a noise in the run.
    """
    if not set(reference) & set(targets):
        measured = ", ".join(reference) or "none with two or more seeds of a trained arm"
        raise DataError(
            f"{run} has no comparison on {', '.join(targets)}; it has {measured}",
            "a run with a target of this study, and two or more seeds",
            "leave --like out to plan with the noise that comes with crosslift",
        )
