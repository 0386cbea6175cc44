"""The plots of weight interpolation: effects over the share of the way, and gained against lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from crosslift.errors import shorten
from crosslift.reports.axes import Names, arm_legend, mark_style, square_axes, with_room
from crosslift.reports.labels import placed_labels
from crosslift.reports.looks import Look
from crosslift.reports.svg import INK, Plot, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.wording import signed_points

_MOST_LINES = 8
_MOST_WAYS = 4
_MOST_TICKS = 7
_HEIGHT = 240
Way = Sequence[tuple[float, float, float]]


class Spot(NamedTuple):
    """An effect at a share of the way, with its interval; differences of scores in [-1, 1]."""

    share: float
    effect: float
    low: float
    high: float


class Panel(NamedTuple):
    """Arms that are drawn together; ``title`` is empty if they are all arms."""

    title: str
    arms: tuple[ArmFacts, ...]


def panels(arms: Sequence[ArmFacts], most: int) -> list[Panel]:
    """All arms in one panel, or, if they are more than ``most``, in several by their start.

    Args:
        arms: in order.
        most: arms of one panel.

    Returns:
        Panels of ``most`` arms or fewer, of one start each; a control is beside its arm if both fit.
    """
    if len(arms) <= most:
        return [Panel("", tuple(arms))]
    starts: dict[str, list[ArmFacts]] = {}
    for arm in arms:
        starts.setdefault(arm.start, []).append(arm)
    return [panel for start, of_start in starts.items() for panel in _parts(start, of_start, most)]


def _parts(start: str, arms: Sequence[ArmFacts], most: int) -> list[Panel]:
    places = {arm.name: place for place, arm in enumerate(arms)}
    ordered = sorted(arms, key=lambda arm: places.get(arm.control_of or "", places[arm.name]))
    number = -(-len(ordered) // most)
    size = -(-len(ordered) // number)
    return [
        Panel(
            start if number == 1 else f"{start}, {part + 1} of {number}",
            tuple(ordered[part * size : (part + 1) * size]),
        )
        for part in range(number)
    ]


def draw_effects(
    title: str,
    name: str,
    arms: Sequence[ArmFacts],
    paths: Mapping[str, Sequence[Spot]],
    looks: dict[str, Look],
    names: Names,
) -> tuple[Plot, ...]:
    """The effect of each arm against its start, over the share of the way, on one target.

    Args:
        title: title of the target.
        name: name of the target.
        arms: arms that have a path, in order.
        paths: arm -> its points, in order from the start.
        looks: look of each arm.
        names: makes file names.

    Returns:
        One plot, or several on one scale if there are many arms.
    """
    spots = [spot for path in paths.values() for spot in path]
    limits = _limits([value for spot in spots for value in (spot.low, spot.high)])
    panels_of_arms = panels(arms, _MOST_LINES)
    return tuple(
        _effects(f"{title}: {panel.title}" if panel.title else title, name, panel.arms, paths,
                 looks, limits, names)
        for panel in panels_of_arms
    )  # fmt: skip


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Limits of an axis in points that include 0."""
    return with_room([0.0, *(value * 100 for value in values)])


def _effects(
    title: str,
    name: str,
    arms: Sequence[ArmFacts],
    paths: Mapping[str, Sequence[Spot]],
    looks: dict[str, Look],
    limits: tuple[float, float],
    names: Names,
) -> Plot:
    axes = square_axes(title, _HEIGHT, -(-len(arms) // 2))
    axes.set_xlim(-0.05, 1.1)
    axes.set_ylim(*limits)
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1.5)
    shares = sorted({spot.share for arm in arms for spot in paths[arm.name]})
    step = min((after - before for before, after in pairwise(shares)), default=1.0)
    for place, arm in enumerate(arms):
        offset = ((place + 0.5) / len(arms) - 0.5) * min(step * 0.6, 0.12)
        _path(axes, paths[arm.name], offset, looks[arm.name])
    ticks = shares if len(shares) <= _MOST_TICKS else [0.0, 0.25, 0.5, 0.75, 1.0]
    axes.set_xticks(ticks, [f"{share:g}" for share in ticks])
    axes.yaxis.set_major_formatter(lambda value, _: signed_points(value / 100).removesuffix(".0"))
    axes.set_xlabel("share of the way: 0 start, 1 end", size=11.5, labelpad=5)
    axes.set_ylabel("points against the arm's start", size=11.5)
    arm_legend(axes, arms, looks, columns=2, most=24, lines=True)
    sentences = "; ".join(f"{arm.name} {_path_words(paths[arm.name])}" for arm in arms)
    caption = f"{title}: effect against the arm's start in points, by the share of the way"
    return finish(axes.figure, names.unique("interpolation", name), caption, sentences)


def _path_words(path: Sequence[Spot]) -> str:
    return ", ".join(
        f"{signed_points(spot.effect)} at {spot.share:g}" for spot in path if spot.share > 0
    )


def _path(axes: Any, path: Sequence[Spot], offset: float, look: Look) -> None:
    """A line with marks and intervals; ``offset`` separates those of several arms."""
    across = [spot.share + (offset if spot.share > 0 else 0.0) for spot in path]
    dash = (0, (4, 2)) if look.hollow else "solid"
    effects = [spot.effect * 100 for spot in path]
    axes.plot(across, effects, color=look.light, linewidth=1.6, linestyle=dash, zorder=2.5)
    for x, spot in zip(across, path, strict=True):
        if spot.share > 0:
            ends = [spot.low * 100, spot.high * 100]
            axes.plot([x, x], ends, color=look.light, linewidth=1.2, alpha=0.75, zorder=2)
            axes.plot([x], [spot.effect * 100], zorder=3, **mark_style(look, size=6.5))


def draw_ways(
    titles: tuple[str, str],
    targets: tuple[str, str],
    arms: Sequence[ArmFacts],
    ways: Mapping[str, Way],
    looks: dict[str, Look],
    names: Names,
) -> tuple[Plot, ...]:
    """The way of each arm in the plane of a gained and a lost target.

    Args:
        titles: titles of the gained and the lost target.
        targets: their names.
        arms: arms that have both, in order.
        ways: arm -> (share, effect on the gained, effect on the lost), in order from the start.
        looks: look of each arm.
        names: makes file names.

    Returns:
        One plot, or several on one scale if there are many arms.
    """
    steps = [step for way in ways.values() for step in way]
    limits = _limits([step[1] for step in steps]), _limits([step[2] for step in steps])
    plots = []
    for panel in panels(arms, _MOST_WAYS):
        title = f"{titles[0]} against {titles[1]}" if not panel.title else panel.title
        axes = square_axes(title, 300, -(-len(panel.arms) // 2))
        axes.set_xlim(*limits[0])
        axes.set_ylim(*limits[1])
        _ways(axes, panel.arms, ways, looks)
        axes.set_xlabel(f"{shorten(titles[0], 40)}, points", size=11.5, labelpad=5)
        axes.set_ylabel(f"{shorten(titles[1], 36)}, points", size=11.5)
        arm_legend(axes, panel.arms, looks, columns=2, most=24, lines=True)
        sentences = "; ".join(f"{arm.name} {_way_words(ways[arm.name])}" for arm in panel.arms)
        caption = f"Way of each arm from its start, {titles[0]} and {titles[1]}"
        name = names.unique("interpolation", *targets)
        plots.append(finish(axes.figure, name, caption, sentences))
    return tuple(plots)


def _way_words(way: Way) -> str:
    return ", ".join(
        f"{signed_points(x)} and {signed_points(y)} at {share:g}"
        for share, x, y in way
        if share > 0
    )


def _ways(
    axes: Any, arms: Sequence[ArmFacts], ways: Mapping[str, Way], looks: dict[str, Look]
) -> None:
    axes.axvline(0, color=INK, linewidth=1.1, zorder=1.5)
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: signed_points(value / 100).removesuffix(".0"))
    spots = []
    for arm in arms:
        look, way = looks[arm.name], ways[arm.name]
        dash = (0, (4, 2)) if look.hollow else "solid"
        across, upward = ([step[place] * 100 for step in way] for place in (1, 2))
        axes.plot(across, upward, color=look.light, linewidth=1.6, linestyle=dash, zorder=2.5)
        for (share, *_), x, y in zip(way, across, upward, strict=True):
            if share > 0:
                axes.plot([x], [y], zorder=3, **mark_style(look, size=4.0 + 4.0 * share))
                spots.append((x, y, f"{share:g}"))
    for x, y, aligned, name in placed_labels(axes, spots, size=10.0):
        axes.annotate(name, (x, y), xycoords="figure pixels", ha=aligned, va="center", size=10)
