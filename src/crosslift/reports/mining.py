"""The mined pairs and their thresholds: ``mining.json`` as tables and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.errors import DataError
from crosslift.reports.axes import Names, arm_legend, mark_style, square_axes
from crosslift.reports.language_names import name_of
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.score_tables import ScoreCell, score_cell
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.mined_languages import MINING_FILE, MinedByArm, MiningScore
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import listed, percent, plural

_HEIGHT = 240
_LIMITS = (-3, 103)


@dataclass(frozen=True)
class MiningCells:
    """What an arm mined in one language: means over seeds, in percent.

    Args:
        precision: share of the mined pairs that are gold.
        recall: share of the gold pairs that are mined.
        mining_f1: F1 of precision and recall.
        threshold: the applied one; lowest and highest if there are several.
        source: the data that it was fitted on.
        oracle: F1 at the threshold that was fitted on the scored data itself: not a result.
    """

    precision: ScoreCell
    recall: ScoreCell
    mining_f1: ScoreCell
    threshold: str
    source: str
    oracle: ScoreCell


@dataclass(frozen=True)
class MiningRow:
    """An arm's row; ``cells`` is None if it mined no pairs."""

    arm: ArmFacts
    cells: MiningCells | None


@dataclass(frozen=True)
class MiningGroup:
    """The rows of one language; ``scope`` says what was scored."""

    language: str
    scope: str
    rows: tuple[MiningRow, ...]


@dataclass(frozen=True)
class MiningTable:
    """One target, language by language, under its primary protocol."""

    target: TargetFacts
    groups: tuple[MiningGroup, ...]
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class MiningSection:
    """What the section of the report shows: a table and curves for each target."""

    tables: tuple[MiningTable, ...]

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The curves of all targets."""
        return tuple(plot for table in self.tables for plot in table.plots)


def mining_section(folder: RunFolder) -> MiningSection | None:
    """Read ``mining.json`` and make the section of it.

    Only pairs mined under a target's primary protocol are shown: other projects' definitions are among
    the scores.

    Args:
        folder: the run.

    Returns:
        Tables and plots; None if the folder has no such file, or nothing was mined.

    Raises:
        DataError: the file is not JSON, lacks a field or has a language twice.
        UnknownNameError: it names an arm or a target that ``run.json`` does not.
    """
    entries = _read(folder)
    names, tables = Names(), []
    for target in folder.run.targets:
        selected = [e for e in entries if (e.target, e.protocol) == (target.name, target.protocol)]
        if selected:
            tables.append(_table(folder, target, selected, names))
    return MiningSection(tuple(tables)) if tables else None


def _read(folder: RunFolder) -> tuple[MinedByArm, ...]:
    path = folder.path / MINING_FILE
    entries = read_optional_json_file(path, tuple[MinedByArm, ...]) or ()
    keys = set()
    for entry in entries:
        folder.arm(entry.arm)
        folder.target(entry.target)
        key = (entry.arm, entry.seed, entry.target, entry.protocol, entry.language)
        if key in keys:
            raise DataError(f"{path} holds {key} twice", "one entry of each")
        keys.add(key)
    return entries


def _table(
    folder: RunFolder, target: TargetFacts, entries: Sequence[MinedByArm], names: Names
) -> MiningTable:
    looks = looks_of(folder.run.arms)
    codes = list(dict.fromkeys((*target.languages, *(entry.language for entry in entries))))
    groups, plots = [], []
    for code in codes:
        selected = [entry for entry in entries if entry.language == code]
        groups.append(_group(folder, code, selected))
        if selected:
            with drawing():
                plots.append(_curves(folder, target, selected, looks, names))
    return MiningTable(target, tuple(groups), tuple(plots))


def _group(folder: RunFolder, code: str, entries: Sequence[MinedByArm]) -> MiningGroup:
    rows = []
    for arm in folder.run.arms:
        selected = [entry for entry in entries if entry.arm == arm.name]
        rows.append(MiningRow(arm, _cells(arm, selected) if selected else None))
    return MiningGroup(name_of(code), _scope_words(entries), tuple(rows))


def _scope_words(entries: Sequence[MinedByArm]) -> str:
    splits = dict.fromkeys(entry.scored_on for entry in entries)
    sizes = dict.fromkeys(plural(entry.score.gold, "gold pair") for entry in entries)
    return f"scored on {listed([*splits])}, {listed([*sizes])}" if entries else ""


def _cells(arm: ArmFacts, entries: Sequence[MinedByArm]) -> MiningCells:
    def mean(scores: Sequence[MiningScore], name: str) -> ScoreCell:
        return score_cell([getattr(score, name) for score in scores], len(arm.seeds), "mining_f1")

    applied = [entry.score for entry in entries]
    return MiningCells(
        precision=mean(applied, "precision"),
        recall=mean(applied, "recall"),
        mining_f1=mean(applied, "mining_f1"),
        threshold=_threshold(entries),
        source=listed([*dict.fromkeys(entry.threshold_source for entry in entries)]),
        oracle=mean([entry.oracle for entry in entries], "mining_f1"),
    )


def _threshold(entries: Sequence[MinedByArm]) -> str:
    """One seed's threshold, or the two of its halves; for several seeds the lowest and highest."""
    every = [threshold for entry in entries for threshold in entry.thresholds]
    values = sorted({threshold for threshold in every if threshold is not None})
    texts = list(dict.fromkeys(f"{value:.4f}" for value in values))
    many = len(texts) > 2 or (len(texts) == 2 and len(entries) > 1)
    parts = [f"{texts[0]}\u2013{texts[-1]}" if many else listed(texts)] if texts else []
    without = every.count(None)
    if without:
        parts.append(f"{without} of {len(every)}: no pairs" if texts else "no pairs")
    return "; ".join(parts)


def _curves(
    folder: RunFolder,
    target: TargetFacts,
    entries: Sequence[MinedByArm],
    looks: dict[str, Look],
    names: Names,
) -> Plot:
    """Precision by recall: a line for each arm, its first seed, with the applied threshold marked."""
    chosen = [_first_seed(arm, entries) for arm in folder.run.arms]
    by_arm = {entry.arm: entry for entry in chosen if entry is not None}
    arms = [arm for arm in folder.run.arms if arm.name in by_arm]
    code = entries[0].language
    axes = square_axes(f"{target.title}: {name_of(code)}", _HEIGHT, -(-len(arms) // 2))
    axes.set_xlim(*_LIMITS)
    axes.set_ylim(*_LIMITS)
    for name, entry in by_arm.items():
        _curve(axes, entry, looks[name])
    axes.set_xlabel("recall, percent (the mark: threshold applied)", size=11.5, labelpad=5)
    axes.set_ylabel("precision, percent", size=11.5)
    arm_legend(axes, arms, looks, columns=2, most=24, lines=True)
    sentences = "; ".join(
        f"{name} precision {percent(entry.score.precision)} at recall {percent(entry.score.recall)}"
        for name, entry in by_arm.items()
    )
    caption = f"{target.title}, {name_of(code)}: precision by recall of the mined pairs, in percent"
    at = f"at the threshold applied {sentences}"
    return finish(axes.figure, names.unique("mining", target.name, code), caption, at)


def _first_seed(arm: ArmFacts, entries: Sequence[MinedByArm]) -> MinedByArm | None:
    selected = {entry.seed: entry for entry in entries if entry.arm == arm.name}
    return next((selected[seed] for seed in (*arm.seeds, *selected) if seed in selected), None)


def _curve(axes: Any, entry: MinedByArm, look: Look) -> None:
    dash = (0, (4, 2)) if look.hollow else "solid"
    recall = [100 * point[2] for point in entry.curve]
    precision = [100 * point[1] for point in entry.curve]
    axes.plot(recall, precision, color=look.light, linewidth=1.8, linestyle=dash, zorder=3)
    at = ([100 * entry.score.recall], [100 * entry.score.precision])
    axes.plot(*at, zorder=4, **mark_style(look))
