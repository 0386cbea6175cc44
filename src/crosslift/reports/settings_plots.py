"""The plots of settings: score against the value of a setting, one panel for each target and start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from crosslift.errors import shorten
from crosslift.metrics.table import described
from crosslift.reports.axes import Names, mark_style, square_axes
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.reports.settings_paths import SettingPath, setting_paths
from crosslift.reports.svg import INK, MUTED, Plot, drawing, finish
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import percent

_HEIGHT = 220
_MOST_TICKS = 8


@dataclass(frozen=True)
class SettingSection:
    """What the section of the report shows.

    Args:
        paths: the stems.
        plots: one for each target, start and setting.
        choices: for each stem, its chosen value and the reason, or that none is chosen, in words.
    """

    paths: tuple[SettingPath, ...]
    plots: tuple[Plot, ...]
    choices: tuple[str, ...]


def setting_section(folder: RunFolder) -> SettingSection | None:
    """Draw the score against the value of a setting.

    Args:
        folder: the run.

    Returns:
        The section; None if no arms are named STEM@VALUE.
    """
    paths = setting_paths(folder.run.arms, folder.curves)
    if not paths:
        return None
    index, looks, names = ScoreIndex(folder), looks_of(folder.run.arms), Names()
    panels: dict[tuple[str, str], list[SettingPath]] = {}
    for path in paths:
        panels.setdefault((path.start, path.setting), []).append(path)
    several = len({start for start, _ in panels}) > 1
    with drawing():
        plots = tuple(
            _panel(index, target, paths_of_panel, looks, names, start if several else "")
            for target in folder.run.targets
            for (start, _), paths_of_panel in panels.items()
            if any(
                index.mean(t.arm.name, target, MACRO) is not None
                for p in paths_of_panel
                for t in p.points
            )
        )
    return SettingSection(tuple(paths), plots, tuple(map(_choice, paths)))


def _choice(path: SettingPath) -> str:
    if path.chosen is None:
        return f"No value of `{path.stem}` is chosen: not every arm has a dev score."
    return f"`{path.chosen}` is the best arm of `{path.stem}` on dev data ({path.dev})."


def _panel(
    index: ScoreIndex,
    target: TargetFacts,
    paths: Sequence[SettingPath],
    looks: dict[str, Look],
    names: Names,
    start: str,
) -> Plot:
    title = f"{shorten(start, 16)}: {target.title}" if start else target.title
    axes = square_axes(title, _HEIGHT, len(paths) + 1)
    axes.set_xscale("log")
    sentences = []
    for path in paths:
        sentences.append(_line(axes, index, target, path, looks))
    baseline = paths[0].points[0].arm.baseline
    level = index.mean(baseline, target, MACRO)
    if level is not None:
        axes.axhline(level * 100, color=INK, linewidth=1.1, linestyle=(0, (1, 2)), zorder=1.5)
    _ticks(axes, sorted({each.value for path in paths for each in path.points}))
    axes.set_xlabel(f"{paths[0].setting} (logarithmic)", size=11.5, labelpad=5)
    axes.set_ylabel(f"{described(target.metric).heading}, percent", size=11.5)
    _legend(axes, paths, looks, baseline if level is not None else "")
    words = f"{target.title}: {described(target.metric).heading} in percent by {paths[0].setting}"
    name = names.unique("setting", paths[0].setting, target.name, *([start] if start else []))
    return finish(axes.figure, name, words, "; ".join(sentences))


def _line(
    axes: Any, index: ScoreIndex, target: TargetFacts, path: SettingPath, looks: dict[str, Look]
) -> str:
    """Draw a stem and its seeds; returns it in words."""
    first = looks[path.points[0].arm.name]
    xs, ys, clauses = [], [], []
    for each in path.points:
        key = (each.arm.name, target.name, MACRO, target.protocol, "all", target.metric)
        values = index.values(*key)
        if not values:
            clauses.append(f"no score at {each.value:g}")
            continue
        mean = sum(values) / len(values)
        xs.append(each.value)
        ys.append(mean * 100)
        ends = [min(values) * 100, max(values) * 100]
        axes.plot([each.value] * 2, ends, color=first.light, linewidth=1.2, alpha=0.75, zorder=2)
        axes.plot([each.value], [mean * 100], zorder=3, **mark_style(first, size=6.5))
        if each.arm.name == path.chosen:
            axes.plot([each.value], [mean * 100], zorder=4, **_ring())
        chosen = " (best on dev)" if each.arm.name == path.chosen else ""
        clauses.append(f"{percent(mean)} at {each.value:g}{chosen}")
    dash = (0, (4, 2)) if first.hollow else "solid"
    axes.plot(xs, ys, color=first.light, linewidth=1.6, linestyle=dash, zorder=2.5)
    return f"{path.stem} {', '.join(clauses)}"


def _ring() -> dict[str, Any]:
    return {
        "marker": "o",
        "markersize": 15,
        "markerfacecolor": "none",
        "markeredgecolor": INK,
        "markeredgewidth": 1.4,
        "linestyle": "none",
    }


def _ticks(axes: Any, values: Sequence[float]) -> None:
    if len(values) <= _MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
    axes.margins(x=0.12, y=0.15)


def _legend(axes: Any, paths: Sequence[SettingPath], looks: dict[str, Look], baseline: str) -> None:
    handles = []
    for path in paths:
        look = looks[path.points[0].arm.name]
        line = {"linestyle": "--" if look.hollow else "-", "color": look.light}
        remark = " (not zero-shot)" if any(not t.arm.zero_shot for t in path.points) else ""
        handles.append(
            Line2D([], [], label=shorten(path.stem, 40) + remark, **mark_style(look) | line)
        )
    if baseline:
        style: dict[str, Any] = {"linestyle": (0, (1, 2)), "color": INK}
        handles.append(Line2D([], [], label=f"baseline {shorten(baseline, 30)}", **style))
    if any(path.chosen for path in paths):
        handles.append(Line2D([], [], label="best on dev data", **_ring() | {"markersize": 10}))
    axes.figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        fontsize=10.8,
        labelcolor=MUTED,
        ncols=1 if len(handles) < 4 else 2,
    )
