"""The effect of each arm against its baseline, with its interval: one plot for each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.errors import shorten
from crosslift.reports.axes import (
    Effect,
    Names,
    effect_axes,
    interval_mark,
    limits_of,
    role_words,
    row_words,
)
from crosslift.reports.effects import effects_on, orientations_on
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import baseline_words, interval, signed_points

_ROW = 44
_SPREAD = 4.0


@dataclass(frozen=True)
class Forest:
    """The plots, one for each baseline and target, and whether all share one scale."""

    plots: tuple[Plot, ...]
    shared_scale: bool


def draw_forest(folder: RunFolder) -> Forest:
    """Draw the effects of the arms; a run without comparisons has no plot."""
    looks, names = looks_of(folder.run.arms), Names()
    targets = [target for target in folder.run.targets if effects_on(folder, target)]
    scales, shared = _forest_scales(folder, targets)
    with drawing():
        plots = tuple(
            _forest(folder, target, baseline, looks, scales[target.name], names)
            for baseline in folder.baselines
            for target in targets
            if _compared(folder, target, baseline)
        )
    return Forest(plots, shared)


def _forest_scales(
    folder: RunFolder, targets: Sequence[TargetFacts]
) -> tuple[dict[str, tuple[float, float]], bool]:
    limits_by_target = {
        target.name: limits_of(effects_on(folder, target).values()) for target in targets
    }
    if not limits_by_target:
        return {}, True
    widths = [high - low for low, high in limits_by_target.values()]
    if max(widths) > _SPREAD * min(widths):
        return limits_by_target, False
    both = (
        min(low for low, _ in limits_by_target.values()),
        max(high for _, high in limits_by_target.values()),
    )
    return dict.fromkeys(limits_by_target, both), True


def _compared(folder: RunFolder, target: TargetFacts, baseline: str) -> dict[str, Effect]:
    """The effects of the arms that have this baseline, without generated controls, which are in the
    section on where the effect comes from."""
    effects = effects_on(folder, target)
    return {
        name: verdict
        for name, verdict in effects.items()
        if verdict.against == baseline and verdict.family != "controls"
    }


def _forest_rows(
    folder: RunFolder, target: TargetFacts, baseline: str
) -> list[tuple[ArmFacts | str, Effect | None]]:
    """The rows of an effect plot: the arms of the baseline's start, then the references of each other
    start under a heading."""
    effects = _compared(folder, target, baseline)
    references = orientations_on(folder, target, baseline)
    hidden = set(effects_on(folder, target)) - set(effects)
    of_start = [
        arm
        for arm in folder.run.arms
        if arm.baseline == baseline != arm.name and arm.name not in hidden
    ]
    rows: list[tuple[ArmFacts | str, Effect | None]] = [
        (arm, effects.get(arm.name) or references.get(arm.name)) for arm in of_start
    ]
    of_other_starts = [
        folder.arm(name) for name in references if name not in {arm.name for arm in of_start}
    ]
    for start in dict.fromkeys(arm.start for arm in of_other_starts):
        rows.append((f"start {start}, for orientation", None))
        rows += [(arm, references[arm.name]) for arm in of_other_starts if arm.start == start]
    return rows


def _forest(
    folder: RunFolder,
    target: TargetFacts,
    baseline: str,
    looks: dict[str, Look],
    limits: tuple[float, float],
    names: Names,
) -> Plot:
    rows = _forest_rows(folder, target, baseline)
    axes = effect_axes(shorten(target.title, 36), len(rows), _ROW, limits, 0)
    effects = []
    for index, (arm, effect) in enumerate(rows):
        top = index * _ROW
        if isinstance(arm, str):
            row_words(axes, top + 12, shorten(arm, 40), "", bold=True)
            continue
        effect_words = (
            f"{signed_points(effect.effect)}  {interval(effect.low, effect.high)}" if effect else ""
        )
        label = shorten(arm.name, 26 - len(role_words(arm))) + role_words(arm)
        row_words(axes, top + 12, label, effect_words or "not compared")
        if effect is not None:
            interval_mark(axes, top + 30, effect, looks[arm.name])
            effects.append(
                f"{arm.name} {signed_points(effect.effect)} {interval(effect.low, effect.high)}"
            )
    against = f"points against {baseline_words(shorten(baseline, 18))}, with 95% interval"
    axes.set_xlabel(against, size=11.5, labelpad=5)
    against = f"effect of each arm against {baseline_words(baseline)}, in points"
    single_baseline = len(folder.baselines) == 1
    name = names.unique("forest", target.name, *([] if single_baseline else [baseline]))
    return finish(axes.figure, name, f"{target.title}: {against}", "; ".join(effects))
