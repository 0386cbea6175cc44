"""What arms gain on one target against what they lose on another: a panel for each start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.errors import shorten
from crosslift.reports.axes import (
    Effect,
    Names,
    arm_legend,
    limits_of,
    mark_style,
    signed_ticks,
    square_axes,
)
from crosslift.reports.effects import effects_on, trade_offs
from crosslift.reports.labels import placed_labels
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.svg import INK, MUTED, Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import signed_points

_MOST_NAMED = 6
_MOST_LETTERS = 22


@dataclass(frozen=True)
class TradeOffSection:
    """What the section of the report shows."""

    plots: tuple[Plot, ...]


def trade_off_section(folder: RunFolder) -> TradeOffSection | None:
    """Draw what arms gained against what they forgot; None if no two targets show it."""
    looks, names = looks_of(folder.run.arms), Names()
    with drawing():
        plots = tuple(
            plot
            for gain, loss in trade_offs(folder)
            for plot in draw_trade_offs(folder, gain, loss, looks, names)
        )
    return TradeOffSection(plots) if plots else None


def draw_trade_offs(
    folder: RunFolder, gain: TargetFacts, loss: TargetFacts, looks: dict[str, Look], names: Names
) -> list[Plot]:
    """The effects on two targets in a plane, all panels on one scale.

    A few arms have their names beside their marks; more are numbered, with the numbers in the legend.
    Controls are hollow and have their own shape.

    Args:
        folder: the run.
        gain: the target on the x axis.
        loss: the target on the y axis.
        looks: look of each arm.
        names: makes file names.

    Returns:
        One plot for each baseline whose arms have effects on both.
    """
    across, upward = effects_on(folder, gain), effects_on(folder, loss)
    both = [arm for arm in folder.run.arms if arm.name in across and arm.name in upward]
    limits = (
        limits_of(across[arm.name] for arm in both),
        limits_of(upward[arm.name] for arm in both),
    )
    plots = []
    for baseline in folder.baselines:
        arms = [arm for arm in both if arm.baseline == baseline]
        if arms:
            plots.append(_panel(folder, (gain, loss), arms, (across, upward), limits, looks, names))
    return plots


def _panel(
    folder: RunFolder,
    targets: tuple[TargetFacts, TargetFacts],
    arms: Sequence[ArmFacts],
    effects: tuple[Mapping[str, Effect], Mapping[str, Effect]],
    limits: tuple[tuple[float, float], tuple[float, float]],
    looks: dict[str, Look],
    names: Names,
) -> Plot:
    (gain, loss), (across, upward) = targets, effects
    baseline, single_baseline = arms[0].baseline, len(folder.baselines) == 1
    title = f"{gain.title} against {loss.title}" if single_baseline else f"start {arms[0].start}"
    axes = square_axes(title, 300, -(-len(arms) // 2))
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])
    axes.axvline(0, color=INK, linewidth=1.1, zorder=1.5)
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1.5)
    for arm in arms:
        _cross(axes, across[arm.name], upward[arm.name], looks[arm.name])
    signed_ticks(axes)
    axes.set_xlabel(f"{shorten(gain.title, 40)}, points", size=11.5, labelpad=5)
    axes.set_ylabel(f"{shorten(loss.title, 36)}, points", size=11.5)
    spots = [(across[a.name].effect * 100, upward[a.name].effect * 100, a.name) for a in arms]
    numbered = not _name_marks(axes, spots)
    arm_legend(axes, arms, looks, columns=2, most=24, numbers=numbered)
    sentences = "; ".join(
        f"{a.name} {signed_points(across[a.name].effect)} and {signed_points(upward[a.name].effect)}"
        for a in arms
    )
    whose = "the baseline" if single_baseline else baseline
    caption = f"Change against {whose} in points, {gain.title} and {loss.title}"
    name = names.unique("trade-off", gain.name, loss.name, *([] if single_baseline else [baseline]))
    return finish(axes.figure, name, caption, sentences)


def _name_marks(axes: Any, spots: Sequence[tuple[float, float, str]]) -> bool:
    """Write names, or numbers if not every name has a free place, beside the marks.

    Returns:
        True if names were written.
    """
    short_names = [(x, y, shorten(name, _MOST_LETTERS)) for x, y, name in spots]
    placed = placed_labels(axes, short_names, size=11.0) if len(short_names) <= _MOST_NAMED else []
    if len(placed) == len(short_names):
        for x, y, aligned, name in placed:
            axes.text(*_in_data(axes, x, y), name, ha=aligned, va="center", size=11)
        return True
    numbers = [(x, y, str(place)) for place, (x, y, _) in enumerate(spots, start=1)]
    for x, y, aligned, number in placed_labels(axes, numbers, size=10.0, far=True):
        axes.annotate(
            number,
            xy=spots[int(number) - 1][:2],
            xytext=_in_data(axes, x, y),
            ha=aligned,
            va="center",
            size=10,
            weight="bold",
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 0},
        )
    return False


def _in_data(axes: Any, x: float, y: float) -> tuple[float, float]:
    """A place in pixels, converted to data units: it stays beside its mark at any resolution."""
    across, upward = axes.transData.inverted().transform((x, y))
    return float(across), float(upward)


def _cross(axes: Any, across: Effect, upward: Effect, look: Look) -> None:
    x, y = across.effect * 100, upward.effect * 100
    line = {"color": look.light, "linewidth": 1.3, "alpha": 0.75, "zorder": 2}
    axes.plot([across.low * 100, across.high * 100], [y, y], **line)
    axes.plot([x, x], [upward.low * 100, upward.high * 100], **line)
    axes.plot([x], [y], zorder=3, **mark_style(look))
