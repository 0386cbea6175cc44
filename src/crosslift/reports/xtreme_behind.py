"""The details behind the XTREME table: how tasks were scored and trained on, gaps, languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.reports.language_names import name_of
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.xtreme_scores import LanguageScore, TransferGap, XtremeColumn, XtremeTable
from crosslift.wording import count, duration, interval, percent, signed_points

ENGLISH = "en"
DASH = "\u2013"
_NO_REASON = "not measured"


@dataclass(frozen=True)
class MeasuredRow:
    """How a task was scored.

    Args:
        title: title of the task.
        metric: as people read it.
        languages: number of them.
        n: examples over all languages.
        split: which one was scored; empty if the task has only one.
        remark: a caveat on its scores; may be empty.
        gaps: names of languages that are missing, each with the reason.
    """

    title: str
    metric: str
    languages: str
    n: str
    split: str
    remark: str
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class PhaseThreeRow:
    """How phase three trained on a task; ``cells`` are training examples, updates, batch size,
    examples drawn, learning rate and time."""

    title: str
    cells: tuple[str, ...]
    selection: str


@dataclass(frozen=True)
class GapRow:
    """English compared with the other languages, for one arm; ``effect`` is empty for a baseline."""

    arm: ArmFacts
    cells: tuple[str, ...]
    effect: str
    interval: str


@dataclass(frozen=True)
class GapTable:
    """The transfer gaps of every arm on one task."""

    title: str
    rows: tuple[GapRow, ...]


@dataclass(frozen=True)
class LanguageCell:
    """The score in one language; ``effect`` is empty for a baseline."""

    score: str
    effect: str
    interval: str


@dataclass(frozen=True)
class LanguageRow:
    """A language, with a cell for each arm; None if it has no score."""

    code: str
    name: str
    cells: tuple[LanguageCell | None, ...]


@dataclass(frozen=True)
class LanguageTable:
    """The scores behind the cells of one task: English first, then by name."""

    title: str
    metric: str
    arms: tuple[ArmFacts, ...]
    rows: tuple[LanguageRow, ...]


def change_words(effect: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    """A difference in points and its interval ("+1.2", "[+0.4, +2.0]"); empty if there is none."""
    if effect is None:
        return "", ""
    span = "" if low is None or high is None else interval(low, high)
    return signed_points(effect), span


def measured_rows(folder: RunFolder, facts: XtremeTable) -> tuple[MeasuredRow, ...]:
    """How each task was scored, in the order of the columns."""
    return tuple(_measured(folder, column) for column in facts.columns)


def _measured(folder: RunFolder, column: XtremeColumn) -> MeasuredRow:
    reasons = {gap.language: gap.reason for gap in folder.target(column.target).gaps}
    return MeasuredRow(
        title=column.title,
        metric=described(column.metric).heading,
        languages=count(column.languages),
        n=count(column.n),
        split=column.split or "",
        remark=column.remark,
        gaps=tuple(f"{name_of(c)}: {reasons.get(c, _NO_REASON)}" for c in column.gaps),
    )


def phase_three_rows(facts: XtremeTable) -> tuple[PhaseThreeRow, ...]:
    """How phase three trained on each of its tasks, in the order of the columns."""
    return tuple(_phase_three(column) for column in facts.columns if column.fine_tune)


def _phase_three(column: XtremeColumn) -> PhaseThreeRow:
    tuned = column.fine_tune
    cells: tuple[str, ...] = ()
    if tuned is not None:
        batch = DASH if tuned.batch_size is None else count(tuned.batch_size)
        rate, time = f"{tuned.learning_rate:g}", duration(tuned.seconds)
        cells = (
            *map(count, (tuned.train, tuned.updates)),
            batch,
            count(tuned.examples),
            rate,
            time,
        )
    return PhaseThreeRow(column.title, cells, column.selection or "")


def gap_tables(folder: RunFolder, facts: XtremeTable) -> tuple[GapTable, ...]:
    """English compared with the other languages on each task, arms in the order of the run."""
    tables = []
    for column in facts.columns:
        gaps = {e.arm: e for e in facts.transfer_gaps if e.target == column.target}
        rows = tuple(_gap(a, gaps[a.name]) for a in folder.run.arms if a.name in gaps)
        if rows:
            tables.append(GapTable(column.title, rows))
    return tuple(tables)


def _gap(arm: ArmFacts, entry: TransferGap) -> GapRow:
    effect, span = change_words(entry.effect, entry.low, entry.high)
    cells = (percent(entry.english), percent(entry.others), signed_points(entry.gap))
    return GapRow(arm, cells, effect, span)


def language_tables(folder: RunFolder, facts: XtremeTable) -> tuple[LanguageTable, ...]:
    """The scores of every arm in every language, by task."""
    tables = []
    for column in facts.columns:
        scores = {(e.language, e.arm): e for e in facts.languages if e.target == column.target}
        arm_names = {arm for _, arm in scores}
        arms = tuple(arm for arm in folder.run.arms if arm.name in arm_names)
        codes = sorted({c for c, _ in scores}, key=lambda c: (c != ENGLISH, name_of(c), c))
        rows = tuple(_language(code, arms, scores) for code in codes)
        if rows:
            tables.append(LanguageTable(column.title, described(column.metric).heading, arms, rows))
    return tuple(tables)


def _language(
    code: str, arms: Sequence[ArmFacts], scores: dict[tuple[str, str], LanguageScore]
) -> LanguageRow:
    return LanguageRow(code, name_of(code), tuple(_cell(scores.get((code, a.name))) for a in arms))


def _cell(entry: LanguageScore | None) -> LanguageCell | None:
    if entry is None:
        return None
    return LanguageCell(percent(entry.score), *change_words(entry.effect, entry.low, entry.high))
