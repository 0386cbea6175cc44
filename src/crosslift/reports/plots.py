"""The plots of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from crosslift.reports.curves import MeanCurve, curve_panels
from crosslift.reports.effects import (
    ControlPair,
    control_pairs,
    effects_on,
    trade_offs,
)
from crosslift.reports.entries import Arm, Target, Verdict
from crosslift.reports.formats import interval, metric_title, points, shorten
from crosslift.reports.labels import name_ends, placed_labels
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.run_folder import RunFolder
from crosslift.reports.svg import INK, MUTED, PAPER, RULE, Plot, drawing, finish, new_figure

_WIDTH = 320
_WIDE = 380
_SIDE = 8
_ROW = 44
_TITLE = 34
_AXIS = 44
_SPREAD = 4.0
_MOST_NAMED = 10


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
                for pair in control_pairs(folder)
                if any(row.gain or row.control_gain for row in pair.rows)
            ),
            trade_offs=tuple(_trade_off(folder, x, y, looks, names) for x, y in trade_offs(folder)),
            curves=tuple(
                _curve_panel(folder, task, metric, curves, looks, names)
                for (task, metric), curves in curve_panels(folder.curves).items()
            ),
            shared_scale=shared,
        )


class Names:
    """File names of plots: plain letters, none given twice."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, *parts: str) -> str:
        """A name of these parts; a number is added where it was given before."""
        plain = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")[:80]
        name, number = plain, 2
        while name in self._given:
            name, number = f"{plain}-{number}", number + 1
        self._given.add(name)
        return name


def _limits(verdicts: Iterable[Verdict | None]) -> tuple[float, float]:
    present = [verdict for verdict in verdicts if verdict is not None]
    low = min([0.0, *(verdict.low * 100 for verdict in present)])
    high = max([0.0, *(verdict.high * 100 for verdict in present)])
    room = max(high - low, 1.0) * 0.06
    return low - room, high + room


def _forest_scales(
    folder: RunFolder, targets: Sequence[Target]
) -> tuple[dict[str, tuple[float, float]], bool]:
    own = {target.name: _limits(effects_on(folder, target).values()) for target in targets}
    if not own:
        return {}, True
    widths = [high - low for low, high in own.values()]
    if max(widths) > _SPREAD * min(widths):
        return own, False
    both = (min(low for low, _ in own.values()), max(high for _, high in own.values()))
    return dict.fromkeys(own, both), True


def effect_axes(title: str, rows: int, row: int, limits: tuple[float, float], below: int) -> Any:
    """Axes with a row for each arm and an upright line at 0.

    Args:
        title: stands above.
        rows: number of rows.
        row: height of one row in pixels, 20 of them for its words.
        limits: of the x axis.
        below: pixels for a legend under the axis.

    Returns:
        Matplotlib axes; y runs downwards in pixels.
    """
    height = _TITLE + rows * row + _AXIS + below
    figure = new_figure(_WIDTH, height)
    figure.text(
        _SIDE / _WIDTH, 1 - 14 / height, shorten(title, 44), size=13.5, weight="bold", va="center"
    )
    inner = (_SIDE / _WIDTH, (_AXIS + below) / height)
    axes = figure.add_axes((*inner, 1 - 2 * inner[0], rows * row / height))
    axes.set_xlim(*limits)
    axes.set_ylim(rows * row, 0)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=6)
    ticks = [tick for tick in axes.get_xticks() if limits[0] <= tick <= limits[1]]
    for top in range(0, rows * row, row):  # not through the words of a row
        axes.vlines(ticks, top + 21, top + row - 3, color=RULE, linewidth=0.8, zorder=1)
        axes.vlines([0], top + 21, top + row - 3, color=INK, linewidth=1.1, zorder=1.5)
    axes.xaxis.set_major_formatter(lambda value, _: points(value / 100).removesuffix(".0"))
    axes.tick_params(length=0, labelsize=11.5)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    return axes


def row_words(axes: Any, y: float, left: str, right: str, bold: bool = False) -> None:
    """Words at both ends of a row of `effect_axes`, at the height ``y`` in pixels."""
    across = axes.get_yaxis_transform()
    axes.text(0, y, left, transform=across, va="center", size=12, weight="bold" if bold else None)
    axes.text(1, y, right, transform=across, va="center", ha="right", size=11.5, color=MUTED)


def mark_style(look: Look, size: float = 8.0) -> dict[str, Any]:
    """Matplotlib's settings of an arm's mark; ``size`` in pixels."""
    return {
        "marker": look.marker,
        "markersize": size,
        "markerfacecolor": PAPER if look.hollow else look.light,
        "markeredgecolor": look.light,
        "markeredgewidth": 1.8,
        "linestyle": "none",
    }


def _interval_mark(axes: Any, y: float, verdict: Verdict, look: Look) -> None:
    ends = [verdict.low * 100, verdict.high * 100]
    dash = (0, (3, 2)) if look.hollow else "solid"
    axes.plot(ends, [y, y], color=look.light, linewidth=2, linestyle=dash, zorder=2)
    axes.plot([verdict.effect * 100], [y], zorder=3, **mark_style(look))


def _role(arm: Arm) -> str:
    return f" ({arm.role})" if arm.role in ("control", "reference") else ""


def _compared(folder: RunFolder, target: Target, baseline: str) -> dict[str, Verdict]:
    """The effects of the arms that have this baseline."""
    found = effects_on(folder, target)
    return {name: verdict for name, verdict in found.items() if verdict.against == baseline}


def _forest(
    folder: RunFolder,
    target: Target,
    baseline: str,
    looks: dict[str, Look],
    limits: tuple[float, float],
    names: Names,
) -> Plot:
    arms = [arm for arm in folder.run.arms if arm.baseline == baseline != arm.name]
    effects = _compared(folder, target, baseline)
    alone = len(folder.baselines) == 1
    axes = effect_axes(shorten(target.title, 36), len(arms), _ROW, limits, 0)
    for index, arm in enumerate(arms):
        verdict, top = effects.get(arm.name), index * _ROW
        known = (
            f"{points(verdict.effect)}  {interval(verdict.low, verdict.high)}" if verdict else ""
        )
        label = shorten(arm.name, 26 - len(_role(arm))) + _role(arm)
        row_words(axes, top + 12, label, known or "not compared")
        if verdict is not None:
            _interval_mark(axes, top + 30, verdict, looks[arm.name])
    against = f"points against {shorten(baseline, 24)}, with 95% interval"
    axes.set_xlabel(against, size=11.5, labelpad=5)
    told = "; ".join(
        f"{name} {points(v.effect)} {interval(v.low, v.high)}" for name, v in effects.items()
    )
    alternative = f"{target.title}: effect of each arm against {baseline}, in points. {told}."
    name = names.give("forest", target.name, *([] if alone else [baseline]))
    return finish(axes.figure, name, alternative)


def _controls(pair: ControlPair, looks: dict[str, Look], names: Names) -> Plot:
    row = 58
    shown = [entry for entry in pair.rows if entry.gain or entry.control_gain]
    limits = _limits(v for entry in shown for v in (entry.gain, entry.control_gain))
    axes = effect_axes(f"{pair.arm.name} and its control", len(shown), row, limits, 44)
    for index, entry in enumerate(shown):
        top = index * row
        content = f"difference {points(entry.content.effect)}" if entry.content else "not compared"
        row_words(axes, top + 12, shorten(entry.target.title, 26), content)
        for verdict, arm, y in ((entry.gain, pair.arm, 29), (entry.control_gain, pair.control, 44)):
            if verdict is not None:
                _interval_mark(axes, top + y, verdict, looks[arm.name])
    axes.set_xlabel("points against the baseline, with 95% interval", size=11.5, labelpad=5)
    arm_legend(axes, [pair.arm, pair.control], looks, columns=1, most=46)
    alternative = (
        f"Gain of {pair.arm.name} and of its control {pair.control.name} over {pair.arm.baseline}."
    )
    return finish(axes.figure, names.give("control", pair.control.name), alternative)


def arm_legend(
    axes: Any,
    arms: Sequence[Arm],
    looks: dict[str, Look],
    columns: int,
    most: int,
    lines: bool = False,
) -> None:
    """A legend of arms at the foot of a figure.

    Args:
        axes: of the figure.
        arms: in their order.
        looks: of the arms.
        columns: of the legend.
        most: letters of a name; longer ones are cut in their middle.
        lines: whether the arms have lines, not marks alone.
    """
    handles = []
    for arm in arms:
        style = mark_style(looks[arm.name])
        if lines:
            style |= {
                "linestyle": "--" if looks[arm.name].hollow else "-",
                "color": looks[arm.name].light,
            }
        name = shorten(arm.name, most - len(_role(arm))) + _role(arm)
        handles.append(Line2D([], [], label=name, **style))
    axes.figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=columns,
        fontsize=10.8,
        handlelength=1.8 if lines else 1.2,
        borderpad=0.4,
        labelspacing=0.45,
        columnspacing=0.8,
        handletextpad=0.6,
    )


def square_axes(title: str, height: int, legend_rows: int) -> Any:
    """Axes with a grid, a title above and room for a legend below; height in pixels."""
    below = 50 + legend_rows * 17
    whole = _TITLE + height + below
    figure = new_figure(_WIDE, whole)
    figure.text(
        _SIDE / _WIDE, 1 - 14 / whole, shorten(title, 44), size=13.5, weight="bold", va="center"
    )
    axes = figure.add_axes(
        (58 / _WIDE, below / whole, 1 - (58 + 2 * _SIDE) / _WIDE, height / whole)
    )
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=11.5)
    axes.locator_params(nbins=6)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    return axes


def _trade_off(
    folder: RunFolder, gain: Target, loss: Target, looks: dict[str, Look], names: Names
) -> Plot:
    across, upward = effects_on(folder, gain), effects_on(folder, loss)
    arms = [arm for arm in folder.run.arms if arm.name in across and arm.name in upward]
    axes = square_axes(f"{gain.title} against {loss.title}", 300, -(-len(arms) // 2))
    axes.set_xlim(*_limits(across[arm.name] for arm in arms))
    axes.set_ylim(*_limits(upward[arm.name] for arm in arms))
    axes.axvline(0, color=INK, linewidth=1.1, zorder=1.5)
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1.5)
    for arm in arms:
        _cross(axes, across[arm.name], upward[arm.name], looks[arm.name])
    _signed_ticks(axes)
    axes.set_xlabel(f"{shorten(gain.title, 40)}, points", size=11.5, labelpad=5)
    axes.set_ylabel(f"{shorten(loss.title, 36)}, points", size=11.5)
    if len(arms) <= _MOST_NAMED:
        _name_marks(axes, across, upward, arms)
    arm_legend(axes, arms, looks, columns=2, most=24)
    told = "; ".join(
        f"{a.name} {points(across[a.name].effect)} and {points(upward[a.name].effect)}"
        for a in arms
    )
    whose = "the baseline" if len(folder.baselines) == 1 else "the baseline of each arm"
    alternative = f"Change against {whose} in points, {gain.title} and {loss.title}: {told}."
    return finish(axes.figure, names.give("trade-off", gain.name, loss.name), alternative)


def _name_marks(
    axes: Any, across: dict[str, Verdict], upward: dict[str, Verdict], arms: Sequence[Arm]
) -> None:
    spots = [(across[a.name].effect * 100, upward[a.name].effect * 100, a.name) for a in arms]
    named = [(x, y, shorten(name, 22)) for x, y, name in spots]
    for x, y, aligned, name in placed_labels(axes, named, size=11.0):
        axes.annotate(name, (x, y), xycoords="figure pixels", ha=aligned, va="center", size=11)


def _cross(axes: Any, across: Verdict, upward: Verdict, look: Look) -> None:
    x, y = across.effect * 100, upward.effect * 100
    line = {"color": look.light, "linewidth": 1.3, "alpha": 0.75, "zorder": 2}
    axes.plot([across.low * 100, across.high * 100], [y, y], **line)
    axes.plot([x, x], [upward.low * 100, upward.high * 100], **line)
    axes.plot([x], [y], zorder=3, **mark_style(look))


def _signed_ticks(axes: Any) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: points(value / 100).removesuffix(".0"))


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
    axes = square_axes(f"{task}: {metric_title(metric)}", 220, -(-len(arms) // 2))
    for curve in curves:
        _curve(axes, curve, looks[curve.arm])
    again = {curve.arm for curve in curves if sum(c.arm == curve.arm for c in curves) > 1}
    ends = [(c.updates[-1], c.values[-1], c.stage + 1) for c in curves if c.arm in again]
    name_ends(axes, [(x, y, f"stage {stage}") for x, y, stage in ends])
    axes.set_xlabel("update", size=11.5, labelpad=5)
    axes.set_ylabel(metric_title(metric), size=11.5)
    arm_legend(axes, arms, looks, columns=2, most=24, lines=True)
    told = [
        f"{c.arm}{f' in stage {c.stage + 1}' if c.arm in again else ''} ends at {c.values[-1]:.3g}"
        for c in curves
    ]
    alternative = f"{metric_title(metric)} on {task} during training: {'; '.join(told)}."
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
