"""The plots of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosslift.errors import shorten
from crosslift.metrics.table import described
from crosslift.reports.axes import (
    Effect,
    Names,
    arm_legend,
    effect_axes,
    interval_mark,
    limits_of,
    mark_style,
    role_words,
    row_words,
    square_axes,
)
from crosslift.reports.curves import MeanCurve, curve_panels
from crosslift.reports.effects import (
    ControlPair,
    effects_on,
    orientations_on,
    trade_offs,
    unattributed,
)
from crosslift.reports.entries import Arm, Target
from crosslift.reports.labels import name_ends
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.run_folder import RunFolder
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.reports.trade_off_plots import draw_trade_offs
from crosslift.wording import interval, signed_points

_ROW = 44
_SPREAD = 4.0


@dataclass(frozen=True)
class Plots:
    """Every plot of a report, by the section that shows it."""

    forest: tuple[Plot, ...]
    controls: tuple[Plot, ...]
    trade_offs: tuple[Plot, ...]
    curves: tuple[Plot, ...]
    shared_scale: bool

    def all(self) -> tuple[Plot, ...]:
        """The plots in the order of the page."""
        return (*self.forest, *self.controls, *self.trade_offs, *self.curves)


def draw_plots(folder: RunFolder) -> Plots:
    """Draw every plot that the folder has numbers for.

    Args:
        folder: the run.

    Returns:
        The plots; a section without numbers has none.
    """
    looks = looks_of(folder.run.arms)
    names = Names()
    targets = [target for target in folder.run.targets if effects_on(folder, target)]
    scales, shared = _forest_scales(folder, targets)
    with drawing():
        return Plots(
            forest=tuple(
                _forest(folder, target, baseline, looks, scales[target.name], names)
                for baseline in folder.baselines
                for target in targets
                if _compared(folder, target, baseline)
            ),
            controls=tuple(
                _controls(pair, looks, names)
                for pair in unattributed(folder)
                if any(row.gain or row.control_gain for row in pair.rows)
            ),
            trade_offs=tuple(
                plot
                for gain, loss in trade_offs(folder)
                for plot in draw_trade_offs(folder, gain, loss, looks, names)
            ),
            curves=tuple(
                _curve_panel(folder, task, metric, curves, looks, names)
                for (task, metric), curves in curve_panels(folder.curves).items()
            ),
            shared_scale=shared,
        )


def _forest_scales(
    folder: RunFolder, targets: Sequence[Target]
) -> tuple[dict[str, tuple[float, float]], bool]:
    own = {target.name: limits_of(effects_on(folder, target).values()) for target in targets}
    if not own:
        return {}, True
    widths = [high - low for low, high in own.values()]
    if max(widths) > _SPREAD * min(widths):
        return own, False
    both = (min(low for low, _ in own.values()), max(high for _, high in own.values()))
    return dict.fromkeys(own, both), True


def _compared(folder: RunFolder, target: Target, baseline: str) -> dict[str, Effect]:
    """The effects of the arms that have this baseline; no controls that the study did not write out:
    they stand where the effect comes from."""
    found = effects_on(folder, target)
    return {
        name: verdict
        for name, verdict in found.items()
        if verdict.against == baseline and verdict.family != "controls"
    }


def _forest_rows(
    folder: RunFolder, target: Target, baseline: str
) -> list[tuple[Arm | str, Effect | None]]:
    """The rows of an effect plot: the arms of the baseline's start, then the references of each other
    start under a heading."""
    effects = _compared(folder, target, baseline)
    references = orientations_on(folder, target, baseline)
    hidden = set(effects_on(folder, target)) - set(effects)
    own = [
        arm
        for arm in folder.run.arms
        if arm.baseline == baseline != arm.name and arm.name not in hidden
    ]
    rows: list[tuple[Arm | str, Effect | None]] = [
        (arm, effects.get(arm.name) or references.get(arm.name)) for arm in own
    ]
    apart = [folder.arm(name) for name in references if name not in {arm.name for arm in own}]
    for start in dict.fromkeys(arm.start for arm in apart):
        rows.append((f"start {start}, for orientation", None))
        rows += [(arm, references[arm.name]) for arm in apart if arm.start == start]
    return rows


def _forest(
    folder: RunFolder,
    target: Target,
    baseline: str,
    looks: dict[str, Look],
    limits: tuple[float, float],
    names: Names,
) -> Plot:
    rows = _forest_rows(folder, target, baseline)
    axes = effect_axes(shorten(target.title, 36), len(rows), _ROW, limits, 0)
    told = []
    for index, (arm, found) in enumerate(rows):
        top = index * _ROW
        if isinstance(arm, str):
            row_words(axes, top + 12, shorten(arm, 40), "", bold=True)
            continue
        known = f"{signed_points(found.effect)}  {interval(found.low, found.high)}" if found else ""
        label = shorten(arm.name, 26 - len(role_words(arm))) + role_words(arm)
        row_words(axes, top + 12, label, known or "not compared")
        if found is not None:
            interval_mark(axes, top + 30, found, looks[arm.name])
            told.append(
                f"{arm.name} {signed_points(found.effect)} {interval(found.low, found.high)}"
            )
    against = f"points against {shorten(baseline, 24)}, with 95% interval"
    axes.set_xlabel(against, size=11.5, labelpad=5)
    words = f"effect of each arm against {baseline}, in points. {'; '.join(told)}."
    alone = len(folder.baselines) == 1
    name = names.give("forest", target.name, *([] if alone else [baseline]))
    return finish(axes.figure, name, f"{target.title}: {words}")


def _controls(pair: ControlPair, looks: dict[str, Look], names: Names) -> Plot:
    row = 58
    shown = [entry for entry in pair.rows if entry.gain or entry.control_gain]
    limits = limits_of(v for entry in shown for v in (entry.gain, entry.control_gain))
    axes = effect_axes(f"{pair.arm.name} and its control", len(shown), row, limits, 44)
    for index, entry in enumerate(shown):
        top = index * row
        content = (
            f"difference {signed_points(entry.content.effect)}" if entry.content else "not compared"
        )
        row_words(axes, top + 12, shorten(entry.target.title, 26), content)
        for verdict, arm, y in ((entry.gain, pair.arm, 29), (entry.control_gain, pair.control, 44)):
            if verdict is not None:
                interval_mark(axes, top + y, verdict, looks[arm.name])
    axes.set_xlabel("points against the baseline, with 95% interval", size=11.5, labelpad=5)
    arm_legend(axes, [pair.arm, pair.control], looks, columns=1, most=46)
    alternative = (
        f"Gain of {pair.arm.name} and of its control {pair.control.name} over {pair.arm.baseline}."
    )
    return finish(axes.figure, names.give("control", pair.control.name), alternative)


def _curve_panel(
    folder: RunFolder,
    task: str,
    metric: str,
    curves: Sequence[MeanCurve],
    looks: dict[str, Look],
    names: Names,
) -> Plot:
    shown = {curve.arm for curve in curves}
    arms = [arm for arm in folder.run.arms if arm.name in shown]
    axes = square_axes(f"{task}: {described(metric).heading}", 220, -(-len(arms) // 2))
    for curve in curves:
        _curve(axes, curve, looks[curve.arm])
    again = {curve.arm for curve in curves if sum(c.arm == curve.arm for c in curves) > 1}
    ends = [(c.updates[-1], c.values[-1], c.stage + 1) for c in curves if c.arm in again]
    name_ends(axes, [(x, y, f"stage {stage}") for x, y, stage in ends])
    axes.set_xlabel("update", size=11.5, labelpad=5)
    axes.set_ylabel(described(metric).heading, size=11.5)
    arm_legend(axes, arms, looks, columns=2, most=24, lines=True)
    told = [
        f"{c.arm}{f' in stage {c.stage + 1}' if c.arm in again else ''} ends at {c.values[-1]:.3g}"
        for c in curves
    ]
    alternative = f"{described(metric).heading} on {task} during training: {'; '.join(told)}."
    return finish(axes.figure, names.give("curve", task, metric), alternative)


def _curve(axes: Any, curve: MeanCurve, look: Look) -> None:
    dash = (0, (4, 2)) if look.hollow else "solid"
    if len(curve.seeds) > 1:
        for updates, values in curve.seeds:
            axes.plot(updates, values, color=look.light, linewidth=0.7, alpha=0.5, zorder=2)
    axes.plot(
        curve.updates, curve.values, color=look.light, linewidth=1.8, linestyle=dash, zorder=3
    )
    last = np.asarray(curve.updates)[-1:], np.asarray(curve.values)[-1:]
    axes.plot(*last, zorder=4, **mark_style(look, size=6.5))
