"""What arms score between their start and their end: ``interpolation.json`` as tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crosslift.errors import DataError
from crosslift.reports.axes import Names
from crosslift.reports.interpolation_plots import Spot, draw_effects, draw_ways
from crosslift.reports.looks import looks_of
from crosslift.reports.outcomes import mark_of
from crosslift.reports.svg import Plot, drawing
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.results.weight_paths import INTERPOLATION_FILE, PathPoint
from crosslift.wording import interval, percent, signed_points


@dataclass(frozen=True)
class PathCell:
    """A score in percent; effect and interval in points, empty at the start, like the outcome."""

    score: str
    effect: str
    interval: str
    outcome: str


@dataclass(frozen=True)
class PathRow:
    """An arm's cells, one for each share; None if it was not measured there."""

    arm: ArmFacts
    cells: tuple[PathCell | None, ...]


@dataclass(frozen=True)
class PathTable:
    """Every arm at every share, on one target."""

    target: TargetFacts
    shares: tuple[str, ...]
    rows: tuple[PathRow, ...]
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class TradeOff:
    """A gained target against a lost one.

    Args:
        sentence: how the two were chosen, or why there is none.
        plots: the ways of the arms; empty if there is no trade-off.
    """

    sentence: str
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class PathSection:
    """What the section of the report shows."""

    tables: tuple[PathTable, ...]
    trade_off: TradeOff

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of all targets, then those of the trade-off."""
        return (*(plot for table in self.tables for plot in table.plots), *self.trade_off.plots)


def path_section(folder: RunFolder) -> PathSection | None:
    """Read ``interpolation.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        A table and plots for each target, and a trade-off; None if the folder has no such file or it
        is empty.

    Raises:
        DataError: the file is not JSON, is malformed, or has a point twice.
        UnknownNameError: it names an arm or a target that ``run.json`` does not.
    """
    points = _read(folder)
    paths = {
        target.name: {
            arm.name: path for arm in folder.run.arms if (path := _path(points, arm, target))
        }
        for target in folder.run.targets
    }
    measured = [target for target in folder.run.targets if paths[target.name]]
    if not measured:
        return None
    names = Names()
    with drawing():
        tables = tuple(_table(folder, target, paths[target.name], names) for target in measured)
        return PathSection(tables, _trade_off(folder, measured, paths, names))


Paths = Mapping[str, Sequence[PathPoint]]


def _read(folder: RunFolder) -> dict[tuple[str, str, float], PathPoint]:
    path = folder.path / INTERPOLATION_FILE
    points = read_optional_json_file(path, tuple[PathPoint, ...]) or ()
    by_key: dict[tuple[str, str, float], PathPoint] = {}
    for point in points:
        folder.arm(point.arm)
        folder.target(point.target)
        key = (point.arm, point.target, point.share)
        if key in by_key:
            raise DataError(f"{path} holds {key} twice", "one entry of each")
        by_key[key] = point
    return by_key


def _path(
    points: Mapping[tuple[str, str, float], PathPoint], arm: ArmFacts, target: TargetFacts
) -> list[PathPoint]:
    """The points of an arm on a target, starting at its start."""
    keys = sorted(key for key in points if key[:2] == (arm.name, target.name))
    return [points[key] for key in keys]


def _table(folder: RunFolder, target: TargetFacts, paths: Paths, names: Names) -> PathTable:
    shares = sorted({point.share for path in paths.values() for point in path})
    rows = []
    for arm in folder.run.arms:
        if arm.name in paths:
            at = {point.share: _cell(point) for point in paths[arm.name]}
            rows.append(PathRow(arm, tuple(at.get(share) for share in shares)))
    spots = {name: [_spot(point) for point in path] for name, path in paths.items()}
    arms = [row.arm for row in rows]
    plots = draw_effects(target.title, target.name, arms, spots, looks_of(folder.run.arms), names)
    return PathTable(target, tuple(f"{share:g}" for share in shares), tuple(rows), plots)


def _spot(point: PathPoint) -> Spot:
    """The point as a plot shows it; the start has no effect and no interval."""
    return Spot(point.share, point.effect or 0.0, point.low or 0.0, point.high or 0.0)


def _cell(point: PathPoint) -> PathCell:
    if point.effect is None or point.low is None or point.high is None:
        return PathCell(percent(point.score), "", "", "")
    span = interval(point.low, point.high)
    return PathCell(percent(point.score), signed_points(point.effect), span, mark_of(point.verdict))


def _trade_off(
    folder: RunFolder, targets: Sequence[TargetFacts], paths: Mapping[str, Paths], names: Names
) -> TradeOff:
    """The ways of the arms in the plane of the target that gained most and the one that lost most."""
    if len(targets) == 1:
        return TradeOff("Only one target was measured on the way: there is no trade-off.", ())
    lost, at_end = _extreme(targets, paths, min, at_end=True)
    if lost is None or at_end >= 0:
        return TradeOff("No target lost at the end, in the mean over the arms.", ())
    others = [target for target in targets if target is not lost]
    gained, best = _extreme(others, paths, max, at_end=False)
    if gained is None or best <= 0:
        return TradeOff(
            f"{lost.title} lost at the end, in the mean over the arms, and no other target gained"
            " at any share.",
            (),
        )
    across, upward = paths[gained.name], paths[lost.name]
    both = [arm for arm in folder.run.arms if arm.name in across and arm.name in upward]
    ways = {arm.name: _way(across[arm.name], upward[arm.name]) for arm in both}
    titles = (gained.title, lost.title)
    plots = draw_ways(
        titles, (gained.name, lost.name), both, ways, looks_of(folder.run.arms), names
    )
    sentence = (
        f"Of all targets, {gained.title} has the largest mean gain over the arms at any share"
        f" ({signed_points(best)} points), {lost.title} the largest mean loss at share 1"
        f" ({signed_points(at_end)} points)."
    )
    return TradeOff(sentence, plots)


def _extreme(
    targets: Sequence[TargetFacts],
    paths: Mapping[str, Paths],
    extreme: Callable[[Sequence[float]], float],
    at_end: bool,
) -> tuple[TargetFacts | None, float]:
    """The target with the extreme mean effect over the arms, at share 1 or at any above 0."""
    effects = {}
    for target in targets:
        by_share: dict[float, list[float]] = {}
        for path in paths[target.name].values():
            for point in path:
                if point.effect is not None and (point.share == 1 or not at_end):
                    by_share.setdefault(point.share, []).append(point.effect)
        if by_share:
            effects[target.name] = extreme([sum(e) / len(e) for e in by_share.values()])
    if not effects:
        return None, 0.0
    value = extreme(list(effects.values()))
    return next(target for target in targets if effects.get(target.name) == value), value


def _way(
    across: Sequence[PathPoint], upward: Sequence[PathPoint]
) -> list[tuple[float, float, float]]:
    """(share, effect on the gained target, effect on the lost one), at shares where an arm has both."""
    lost = {point.share: _spot(point).effect for point in upward}
    return [(p.share, _spot(p).effect, lost[p.share]) for p in across if p.share in lost]
