"""How the tasks of a stage shared its examples: the shares of a mixture over the updates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import shorten
from crosslift.reports.axes import Names
from crosslift.reports.curves import SHARE
from crosslift.reports.labels import spread
from crosslift.reports.looks import BASELINE, PALETTE, REFERENCE
from crosslift.reports.svg import INK, PAPER, RULE, Plot, drawing, finish, new_figure
from crosslift.results.run_folder import RunFolder
from crosslift.results.score_rows import CurvePoint
from crosslift.wording import share

WINDOW = 0.125
"""Width of the running means: this share of all updates."""
_MOST_POINTS = 80
_WIDTH, _HEIGHT = 380, 220
_TITLE, _AXIS = 34, 46
_LEFT, _RIGHT = 46, 160
_LINE = 17
_LETTERS = 15
_COLOURS = tuple(light for light, _ in (*PALETTE, BASELINE, REFERENCE))


@dataclass(frozen=True)
class MixtureSection:
    """What the report shows: a plot for each arm and stage of several tasks."""

    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class _Mixture:
    """The shares of a stage's tasks.

    Args:
        updates: float64 [points], rising.
        shares: task -> float64 [points], its share of the examples around that update.
        whole: task -> its share of the examples of all updates.
    """

    updates: NDArray[np.float64]
    shares: Mapping[str, NDArray[np.float64]]
    whole: Mapping[str, float]


def mixture_section(folder: RunFolder) -> MixtureSection | None:
    """Draw the shares of every stage that mixed several tasks.

    Args:
        folder: the run.

    Returns:
        A plot for each arm and stage, in the order of the arms; None if nothing was mixed.
    """
    groups: dict[tuple[str, int], list[CurvePoint]] = defaultdict(list)
    for point in folder.curves:
        if point.metric == SHARE:
            groups[point.arm, point.stage].append(point)
    if not groups:
        return None
    names = Names()
    panels = [
        (arm.name, stage, len(arm.stages) > 1)
        for arm in folder.run.arms
        for stage in sorted(stage for name, stage in groups if name == arm.name)
    ]
    with drawing():
        plots = tuple(
            _plot(arm, stage if several else None, _mixture(groups[arm, stage]), names)
            for arm, stage, several in panels
        )
    return MixtureSection(plots)


def _mixture(points: Iterable[CurvePoint]) -> _Mixture:
    """Running means over seeds and updates: if an update has a single task, its shares are 0 and 1."""
    all_points = list(points)
    last = max(point.update for point in all_points)
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(last))
    for point in all_points:
        sums[point.task][point.update - 1] += point.value
    centres = np.unique(np.linspace(1, last, min(_MOST_POINTS, last)).round())
    half = last * WINDOW / 2
    first = np.maximum(np.ceil(centres - half), 1).astype(int) - 1
    after = np.minimum(np.floor(centres + half), last).astype(int)
    spans = {task: _sums_of(sums_of_task, first, after) for task, sums_of_task in sums.items()}
    total = np.sum(list(spans.values()), axis=0)
    everything = sum(float(sums_of_task.sum()) for sums_of_task in sums.values())
    return _Mixture(
        updates=centres,
        shares={task: sums_of_task / total for task, sums_of_task in spans.items()},
        whole={task: float(sums_of_task.sum()) / everything for task, sums_of_task in sums.items()},
    )


def _sums_of(
    values: NDArray[np.float64], first: NDArray[np.int64], after: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The sum of each span of values, from ``first`` to before ``after``."""
    below = np.concatenate([[0.0], np.cumsum(values)])
    sums: NDArray[np.float64] = below[after] - below[first]
    return sums


def _plot(arm: str, stage: int | None, mixture: _Mixture, names: Names) -> Plot:
    title = arm if stage is None else f"{arm}, stage {stage + 1}"
    height = _HEIGHT + max(0, len(mixture.shares) * _LINE - _HEIGHT)
    axes = _axes(title, height)
    bottom = np.zeros(len(mixture.updates))
    middles = []
    for place, (task, shares) in enumerate(mixture.shares.items()):
        top = bottom + shares * 100
        colour = _COLOURS[place % len(_COLOURS)]
        axes.fill_between(
            mixture.updates, bottom, top, facecolor=colour, edgecolor="none", zorder=2
        )
        axes.plot(mixture.updates, top, color=PAPER, linewidth=1.2, zorder=3)
        middles.append((float(bottom[-1] + top[-1]) / 2, task, colour))
        bottom = top
    axes.set_xlim(mixture.updates[0], max(mixture.updates[-1], mixture.updates[0] + 1))
    axes.set_ylim(0, 100)
    _name_bands(axes, middles, mixture, height)
    shares_words = ", ".join(f"{task} {share(mixture.whole[task])}" for task in mixture.shares)
    caption = f"Share of the examples of each task of {title}, over the updates"
    parts = ["share", arm] if stage is None else ["share", arm, f"stage-{stage + 1}"]
    return finish(axes.figure, names.unique(*parts), caption, f"in all {shares_words}")


def _axes(title: str, height: int) -> Any:
    whole = _TITLE + height + _AXIS
    figure = new_figure(_WIDTH, whole)
    figure.text(
        8 / _WIDTH, 1 - 14 / whole, shorten(title, 46), size=13.5, weight="bold", va="center"
    )
    inner = (_LEFT / _WIDTH, _AXIS / whole)
    axes = figure.add_axes((*inner, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, height / whole))
    axes.tick_params(length=0, labelsize=11.5)
    axes.locator_params(axis="x", nbins=4)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_xlabel("update", size=11.5, labelpad=5)
    axes.set_ylabel("per cent of the examples", size=11.5)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    return axes


def _name_bands(
    axes: Any, middles: Sequence[tuple[float, str, str]], mixture: _Mixture, height: int
) -> None:
    """The name and the share of each task, with a line to the end of its band."""
    across = axes.get_yaxis_transform()
    line = _LINE / height * 100
    for (middle, task, colour), y in zip(
        middles, spread([m for m, _, _ in middles], line, 100), strict=True
    ):
        axes.plot(
            [1.005, 1.035, 1.065], [middle, y, y], transform=across, color=RULE, linewidth=1,
            clip_on=False, zorder=1,
        )  # fmt: skip
        axes.plot(
            [1.085], [y], transform=across, marker="s", markersize=7.5, color=colour,
            clip_on=False, linestyle="none",
        )  # fmt: skip
        name = f"{shorten(task, _LETTERS)} {share(mixture.whole[task])}"
        axes.text(1.12, y, name, transform=across, va="center", size=10.5, color=INK)
