"""Every arm on every target in one table: its level, and its difference from its baseline."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.reports.outcomes import Mark, mark_of
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts

_MOST_TARGETS = 12


@dataclass(frozen=True)
class OverviewCell:
    """An arm on a target.

    Args:
        level: mean over languages and seeds.
        effect: difference from the baseline; empty for a baseline, and where nothing was compared.
        interval: interval of the difference, at 95 %.
        outcome: the mark of the verdict; None without a difference.
        up: in how many of how many languages the arm is better, by any amount.
    """

    level: str
    effect: str = ""
    interval: str = ""
    outcome: Mark | None = None
    up: str = ""


@dataclass(frozen=True)
class OverviewRow:
    """The cells of an arm, a target each; None where it has no score."""

    arm: ArmFacts
    cells: tuple[OverviewCell | None, ...]


@dataclass(frozen=True)
class Overview:
    """The table.

    Args:
        targets: targets of the columns.
        metrics: the heading of each column's scores.
        rows: one row for each arm, in the order of the study.
    """

    targets: tuple[TargetFacts, ...]
    metrics: tuple[str, ...]
    rows: tuple[OverviewRow, ...]


def overview(folder: RunFolder) -> Overview | None:
    """The table of a run; None for one arm alone, or more targets than a page is wide."""
    index = ScoreIndex(folder)
    targets = tuple(t for t in folder.run.targets if index.size(t))
    if len(folder.run.arms) < 2 or not 0 < len(targets) <= _MOST_TARGETS:
        return None
    rows = (
        OverviewRow(arm, tuple(_cell(folder, index, arm, target) for target in targets))
        for arm in folder.run.arms
    )
    return Overview(
        targets=targets,
        metrics=tuple(described(target.metric).heading for target in targets),
        rows=tuple(row for row in rows if any(row.cells)),
    )


def _cell(
    folder: RunFolder, index: ScoreIndex, arm: ArmFacts, target: TargetFacts
) -> OverviewCell | None:
    level = index.mean(arm.name, target, MACRO)
    if level is None:
        return None
    metric = described(target.metric)
    verdict = folder.against_baseline(arm.name, target)
    if verdict is None:
        return OverviewCell(metric.score(level))
    codes = [c for c in target.languages if index.mean(arm.name, target, c) is not None]
    better = 0
    for code in codes:
        own, other = (index.mean(name, target, code) for name in (arm.name, verdict.against))
        better += own is not None and other is not None and metric.is_better(own - other)
    return OverviewCell(
        level=metric.score(level),
        effect=metric.change(verdict.effect),
        interval=f"[{metric.end(verdict.low)}, {metric.end(verdict.high)}]",
        outcome=mark_of(verdict.verdict),
        up=f"{better} of {len(codes)} up",
    )
