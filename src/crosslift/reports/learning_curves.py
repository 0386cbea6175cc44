"""The learning curves of a run, one plot for each task and metric, and the shares of mixed tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosslift.metrics.table import described
from crosslift.reports.axes import Names, arm_legend, mark_style, square_axes
from crosslift.reports.curves import MeanCurve, curve_panels
from crosslift.reports.labels import name_ends
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.mixtures import MixtureSection, mixture_section
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.results.run_folder import RunFolder


@dataclass(frozen=True)
class CurveSection:
    """What the section of the report shows.

    Args:
        curves: one plot for each task and metric.
        mixtures: how tasks shared the examples of a stage; None if no stage mixed several.
    """

    curves: tuple[Plot, ...]
    mixtures: MixtureSection | None

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of the curves, then those of the mixtures."""
        return (*self.curves, *(self.mixtures.plots if self.mixtures else ()))


def curve_section(folder: RunFolder) -> CurveSection | None:
    """Draw the learning curves; None if nothing was trained."""
    looks, names = looks_of(folder.run.arms), Names()
    with drawing():
        curves = tuple(
            _curve_panel(folder, task, metric, mean_curves, looks, names)
            for (task, metric), mean_curves in curve_panels(folder.curves).items()
        )
    mixtures = mixture_section(folder)
    return CurveSection(curves, mixtures) if curves or mixtures else None


def _curve_panel(
    folder: RunFolder,
    task: str,
    metric: str,
    curves: Sequence[MeanCurve],
    looks: dict[str, Look],
    names: Names,
) -> Plot:
    drawn = {curve.arm for curve in curves}
    arms = [arm for arm in folder.run.arms if arm.name in drawn]
    axes = square_axes(f"{task}: {described(metric).heading}", 220, -(-len(arms) // 2))
    for curve in curves:
        _curve(axes, curve, looks[curve.arm])
    repeated = {curve.arm for curve in curves if sum(c.arm == curve.arm for c in curves) > 1}
    ends = [(c.updates[-1], c.values[-1], c.stage + 1) for c in curves if c.arm in repeated]
    name_ends(axes, [(x, y, f"stage {stage}") for x, y, stage in ends])
    axes.set_xlabel("update", size=11.5, labelpad=5)
    axes.set_ylabel(described(metric).heading, size=11.5)
    arm_legend(axes, arms, looks, columns=2, most=24, lines=True)
    sentences = [
        f"{c.arm}{f' in stage {c.stage + 1}' if c.arm in repeated else ''} ends at {c.values[-1]:.3g}"
        for c in curves
    ]
    caption = f"{described(metric).heading} on {task} during training"
    return finish(axes.figure, names.unique("curve", task, metric), caption, "; ".join(sentences))


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
