"""The axes that plots of a report share: rows of effects, squares, marks, legends, file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from matplotlib.lines import Line2D

from crosslift.errors import shorten
from crosslift.reports.looks import Look
from crosslift.reports.svg import INK, MUTED, PAPER, RULE, new_figure
from crosslift.results.arm_facts import ArmFacts
from crosslift.wording import signed_points

_WIDTH = 320
_WIDE = 380
_SIDE = 8
_TITLE = 34
_AXIS = 44
_LEAST_POINTS = 1.0


class Names:
    """File names of plots: plain letters, each name once."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def unique(self, *parts: str) -> str:
        """A new name from these parts; a number is added if the name was used before."""
        plain = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")[:80]
        name, number = plain, 2
        while name in self._used:
            name, number = f"{plain}-{number}", number + 1
        self._used.add(name)
        return name


class Effect(Protocol):
    """A difference of scores in [-1, 1] with its interval."""

    @property
    def effect(self) -> float:
        """The difference."""
        ...

    @property
    def low(self) -> float:
        """Lower end of its interval."""
        ...

    @property
    def high(self) -> float:
        """Upper end."""
        ...

    @property
    def corrected(self) -> tuple[float, float] | None:
        """The wider interval of a correction; None: nothing is corrected."""
        ...


def with_room(values: Sequence[float]) -> tuple[float, float]:
    """Limits of an axis that hold these values, in points, with room at both ends.

    Values that are all the same, or nearly, get an axis of a point or more around them.
    """
    low, high = min(values), max(values)
    if high - low < _LEAST_POINTS:
        low, high = low - _LEAST_POINTS / 2, high + _LEAST_POINTS / 2
    room = (high - low) * 0.06
    return low - room, high + room


def limits_of(effects: Iterable[Effect | None]) -> tuple[float, float]:
    """Limits of an axis in points that hold these effects, their intervals and 0, with room."""
    measured = [effect for effect in effects if effect is not None]
    ends = [
        end * 100 for each in measured for end in (each.low, each.high, *(each.corrected or ()))
    ]
    return with_room([0.0, *ends])


def effect_axes(title: str, rows: int, row: int, limits: tuple[float, float], below: int) -> Any:
    """Axes with a row for each arm and an upright line at 0.

    Args:
        title: text above the axes.
        rows: number of rows.
        row: height of one row in pixels, 20 of them for its words.
        limits: limits of the x axis.
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
    axes.xaxis.set_major_formatter(lambda value, _: signed_points(value / 100).removesuffix(".0"))
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


def interval_mark(axes: Any, y: float, effect: Effect, look: Look) -> None:
    """An effect's mark and interval in a row; an arrow at the edge if it is beyond the axis."""
    low, high = axes.get_xlim()
    if not low <= effect.effect * 100 <= high:
        _edge_arrow(axes, y, effect.effect > 0, look)
        return
    ends = [max(effect.low * 100, low), min(effect.high * 100, high)]
    dash = (0, (3, 2)) if look.hollow else "solid"
    axes.plot(ends, [y, y], color=look.light, linewidth=2, linestyle=dash, zorder=2)
    if effect.corrected is not None:
        wide = [min(max(end * 100, low), high) for end in effect.corrected]
        axes.plot(wide, [y, y], color=look.light, linewidth=0.8, linestyle=dash, zorder=1)
    axes.plot([effect.effect * 100], [y], zorder=3, **mark_style(look))


def _edge_arrow(axes: Any, y: float, right: bool, look: Look) -> None:
    low, high = axes.get_xlim()
    room = (high - low) * 0.02
    x = high - room if right else low + room
    tail = x - 4 * room if right else x + 4 * room
    axes.plot([tail, x], [y, y], color=look.light, linewidth=2, zorder=2)
    style = mark_style(look) | {"marker": ">" if right else "<"}
    axes.plot([x], [y], zorder=3, **style)


def role_words(arm: ArmFacts) -> str:
    """The text after the name of an arm in a plot. A generated name of a control needs none: it names
    the control."""
    names_control = arm.name == f"{arm.control_of}--{arm.control}"
    clauses: list[str] = (
        [arm.role] if arm.role in ("control", "reference") and not names_control else []
    )
    clauses += [] if arm.zero_shot else ["not zero-shot"]
    return f" ({', '.join(clauses)})" if clauses else ""


def arm_legend(
    axes: Any,
    arms: Sequence[ArmFacts],
    looks: dict[str, Look],
    columns: int,
    most: int,
    lines: bool = False,
    numbers: bool = False,
) -> None:
    """A legend of arms at the foot of a figure.

    Args:
        axes: axes of the figure.
        arms: in their order.
        looks: look of each arm.
        columns: columns of the legend.
        most: letters of a name; longer ones are cut in their middle.
        lines: whether the arms have lines, not only marks.
        numbers: whether the arms and their marks are numbered, from 1.
    """
    handles = []
    for number, arm in enumerate(arms, start=1):
        style = mark_style(looks[arm.name])
        if lines:
            style |= {
                "linestyle": "--" if looks[arm.name].hollow else "-",
                "color": looks[arm.name].light,
            }
        name = shorten(arm.name, most - len(role_words(arm))) + role_words(arm)
        label = f"{number}  {name}" if numbers else name
        handles.append(Line2D([], [], label=label, **style))
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


def signed_ticks(axes: Any) -> None:
    """Points with their sign on both axes."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: signed_points(value / 100).removesuffix(".0"))
