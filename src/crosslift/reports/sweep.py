"""Scores by hidden state, pooling and prompt: ``sweep.json`` as curves and a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError, shorten
from crosslift.metrics.table import described
from crosslift.reports.axes import Names, with_room
from crosslift.reports.looks import MARKERS, PALETTE, Look, looks_of
from crosslift.reports.svg import INK, MUTED, PAPER, RULE, Plot, drawing, finish, new_figure
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.reading_sweep import SWEEP_FILE, Sweep, SweepArm, SweptReading
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import percent, signed_points

_WIDTH, _HEIGHT = 380, 220
_TITLE, _AXIS, _LEGEND = 34, 50, 44
_LEFT, _RIGHT = 58, 64
_LETTERS = 9
_Kind = tuple[str, str | None]
"""Pooling and prompt of a curve."""


@dataclass(frozen=True)
class SweepRow:
    """One arm and seed in the table; scores in percent, the difference in points."""

    arm: ArmFacts
    seed: int
    chosen: SweptReading
    score: str
    default: SweptReading
    default_score: str
    difference: str


@dataclass(frozen=True)
class SweepSection:
    """What the section of the report shows; ``metric`` is that of the scores, in words."""

    sweep: Sweep
    metric: str
    target: TargetFacts
    rows: tuple[SweepRow, ...]
    plots: tuple[Plot, ...]


def sweep_section(folder: RunFolder) -> SweepSection | None:
    """Read ``sweep.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        A table and a plot for each arm; None if the folder has no such file.

    Raises:
        DataError: the file is not JSON or is malformed.
        UnknownNameError: it names an arm or a target that ``run.json`` does not.
    """
    sweep = read_optional_json_file(folder.path / SWEEP_FILE, Sweep)
    if sweep is None:
        return None
    target, looks, names = folder.target(sweep.target), looks_of(folder.run.arms), Names()
    rows = tuple(_row(folder.arm(entry.arm), entry) for entry in sweep.arms)
    groups = _by_arm(sweep)
    with drawing():
        plots = tuple(
            finish(
                _figure(sweep, {arm: groups[arm]}, looks, columns=1),
                names.unique("hidden-state", arm),
                f"{arm}: {_metric_words(sweep)} in percent by hidden state",
                _choices(groups[arm]),
            )
            for arm in looks
            if arm in groups
        )
    return SweepSection(sweep, _metric_words(sweep), target, rows, plots)


def write_sweep_plot(sweep: Sweep, path: Path) -> None:
    """Draw the curves of a sweep into a file, a panel for each arm.

    Args:
        sweep: the sweep.
        path: path of the file; ``.svg`` or ``.png``.

    Raises:
        DataError: the sweep has no arm, or the path has another ending.
        ArtifactError: the path cannot be written.
    """
    if path.suffix not in (".svg", ".png"):
        raise DataError(f"a plot cannot be written to {path}", "a path that ends in .svg or .png")
    groups = _by_arm(sweep)
    if not groups:
        raise DataError("the sweep has no arm", "one or more, each with its curves")
    looks = {
        arm: Look(f"--arm-{i}", *PALETTE[i % len(PALETTE)], MARKERS[0], False)
        for i, arm in enumerate(groups)
    }
    with drawing():
        figure = _figure(sweep, groups, looks, columns=min(2, len(groups)))
        plot = finish(figure, "sweep", f"{_metric_words(sweep)} in percent by hidden state")
    content = plot.png if path.suffix == ".png" else plot.svg.encode("utf-8")
    with file_written_whole(path) as draft:
        draft.write_bytes(content)


def _metric_words(sweep: Sweep) -> str:
    """The metric and, if it is recorded, the direction: ``top-1 accuracy, xx->en``."""
    direction = f", {sweep.direction}" if sweep.direction else ""
    return described(sweep.metric).heading + direction


def _by_arm(sweep: Sweep) -> dict[str, list[SweepArm]]:
    groups: dict[str, list[SweepArm]] = {}
    for entry in sweep.arms:
        groups.setdefault(entry.arm, []).append(entry)
    return groups


def _row(arm: ArmFacts, entry: SweepArm) -> SweepRow:
    return SweepRow(
        arm=arm,
        seed=entry.seed,
        chosen=entry.chosen,
        score=percent(entry.score),
        default=entry.default,
        default_score=percent(entry.default.score),
        difference=signed_points(entry.score - entry.default.score),
    )


def _choices(entries: Sequence[SweepArm]) -> str:
    return "; ".join(
        f"seed {entry.seed} chose {entry.chosen}, {percent(entry.score)} against"
        f" {percent(entry.default.score)} of the default"
        for entry in entries
    )


def _figure(
    sweep: Sweep, groups: Mapping[str, Sequence[SweepArm]], looks: Mapping[str, Look], columns: int
) -> Any:
    rows = -(-len(groups) // columns)
    panel = _TITLE + _HEIGHT + _AXIS
    width, height = _WIDTH * columns, panel * rows + _LEGEND
    longest = max(len(name) for entries in groups.values() for name in _names(entries).values())
    right = _RIGHT * min(2, longest / _LETTERS) if longest > _LETTERS else _RIGHT
    figure = new_figure(width, height)
    for place, (arm, entries) in enumerate(groups.items()):
        left, top = place % columns * _WIDTH, place // columns * panel
        figure.text(
            (left + 8) / width, 1 - (top + 14) / height, shorten(arm, 44), size=13.5,
            weight="bold", va="center",
        )  # fmt: skip
        below = height - top - _TITLE - _HEIGHT
        axes = figure.add_axes(
            (
                (left + _LEFT) / width,
                below / height,
                (_WIDTH - _LEFT - right) / width,
                _HEIGHT / height,
            )
        )
        axes.set_ylim(*_limits(sweep))
        _panel(axes, entries, looks[arm])
        axes.set_ylabel(f"{_metric_words(sweep)}, percent", size=11.5)
    _legend(figure)
    return figure


def _limits(sweep: Sweep) -> tuple[float, float]:
    """The lowest and the highest score of all arms in percent, with room: panels can be compared."""
    curves = [curve for entry in sweep.arms for curve in entry.curves]
    return with_room([value * 100 for curve in curves for value in (*curve.dev, *curve.rest)])


def _panel(axes: Any, entries: Sequence[SweepArm], look: Look) -> None:
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=11.5)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    ends = []
    for place, (kind, name) in enumerate(_names(entries).items()):
        _, dev = _mean_curve(entries, kind, "dev")
        _lines(axes, entries, kind, look, MARKERS[place % len(MARKERS)])
        ends.append((dev[-1], name))
    for entry in entries:
        _mark(axes, entry, entry.default, "D", 8, MUTED)
        _mark(axes, entry, entry.chosen, "o", 14, INK)
    axes.set_xlabel("hidden state", size=11.5, labelpad=5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _name_ends(axes, ends)


def _names(entries: Sequence[SweepArm]) -> dict[_Kind, str]:
    """Pooling and prompt of each curve -> its name at the end of the curve: what distinguishes it."""
    kinds = dict.fromkeys((c.pooling, c.prompt) for entry in entries for c in entry.curves)
    poolings, prompts = ({kind[side] for kind in kinds} for side in (0, 1))
    if len(prompts) == 1:
        return {kind: shorten(kind[0], _LETTERS) for kind in kinds}
    prompt_names = {
        kind: shorten(kind[1].strip() if kind[1] else "no prompt", _LETTERS) for kind in kinds
    }
    if len(poolings) == 1:
        return prompt_names
    return {kind: f"{shorten(kind[0], _LETTERS)} {prompt_names[kind]}" for kind in kinds}


def _lines(axes: Any, entries: Sequence[SweepArm], kind: _Kind, look: Look, marker: str) -> None:
    for entry in entries if len(entries) > 1 else ():
        states, dev = _mean_curve([entry], kind, "dev")
        axes.plot(states, dev, color=look.light, linewidth=0.7, alpha=0.5, zorder=2)
    states, rest = _mean_curve(entries, kind, "rest")
    axes.plot(states, rest, color=look.light, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=2.5)
    states, dev = _mean_curve(entries, kind, "dev")
    axes.plot(
        states, dev, color=look.light, linewidth=1.8, marker=marker, markersize=5,
        markerfacecolor=PAPER, markeredgecolor=look.light, markeredgewidth=1.5, zorder=3,
    )  # fmt: skip


def _mean_curve(
    entries: Sequence[SweepArm], kind: _Kind, side: str
) -> tuple[list[int], list[float]]:
    """Hidden states and mean scores in percent over the seeds that have them."""
    by_state: dict[int, list[float]] = defaultdict(list)
    for entry in entries:
        for curve in entry.curves:
            if (curve.pooling, curve.prompt) == kind:
                for state, value in zip(curve.hidden_states, getattr(curve, side), strict=True):
                    by_state[state].append(value * 100)
    states = sorted(by_state)
    return states, [sum(by_state[state]) / len(by_state[state]) for state in states]


def _mark(
    axes: Any, entry: SweepArm, reading: SweptReading, marker: str, size: int, edge: str
) -> None:
    value = entry.dev(reading)
    if value is not None:
        axes.plot([reading.hidden_state], [value * 100], zorder=4, **_ring(marker, size, edge))


def _ring(marker: str, size: int, edge: str) -> dict[str, Any]:
    return {
        "marker": marker,
        "markersize": size,
        "markerfacecolor": "none",
        "markeredgecolor": edge,
        "markeredgewidth": 1.8,
        "linestyle": "none",
    }


def _name_ends(axes: Any, ends: Sequence[tuple[float, str]]) -> None:
    """The name of each curve right of it, moved up if it would overlap another, and all of them moved
    down if they would leave the panel."""
    low, high = axes.get_ylim()
    gap, last = (high - low) * 15 / _HEIGHT, float("-inf")
    places = [last := max(value, last + gap) for value, _ in sorted(ends)]
    over = max(0.0, places[-1] - high)
    for place, (_, name) in zip(places, sorted(ends), strict=True):
        axes.text(
            1.03, place - over, name, transform=axes.get_yaxis_transform(),
            va="center", size=11, color=INK,
        )  # fmt: skip


def _legend(figure: Any) -> None:
    handles = [
        Line2D([], [], color=MUTED, linewidth=1.8, label="what it was chosen on"),
        Line2D(
            [], [], color=MUTED, linewidth=1.6, linestyle=(0, (1, 1.6)), label="what is reported"
        ),
        Line2D([], [], label="chosen", **_ring("o", 11, INK)),
        Line2D([], [], label="default", **_ring("D", 7, MUTED)),
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=2, fontsize=10.8,
        handlelength=1.8, borderpad=0.4, labelspacing=0.45, columnspacing=0.8, handletextpad=0.6,
    )  # fmt: skip
