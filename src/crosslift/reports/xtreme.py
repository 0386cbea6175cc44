"""The XTREME table: every arm on every task after phase three, and the details of its cells."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosslift.errors import DataError, UnknownNameError
from crosslift.metrics.table import described
from crosslift.reports.outcomes import mark_of
from crosslift.reports.xtreme_behind import (
    DASH,
    GapTable,
    LanguageTable,
    MeasuredRow,
    PhaseThreeRow,
    change_words,
    gap_tables,
    language_tables,
    measured_rows,
    phase_three_rows,
)
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import Outcome
from crosslift.results.xtreme_scores import (
    XTREME_FILE,
    BestArm,
    PublishedScores,
    XtremeCell,
    XtremeColumn,
    XtremeGroup,
    XtremeTable,
)
from crosslift.wording import listed, percent, plural

ALL = "all"
_LONGEST_NOTE = 45


@dataclass(frozen=True)
class ColumnHead:
    """A column of the table.

    Args:
        key: name of its target or group.
        title: its heading.
        metric: what its numbers are; empty for an average.
        notes: restrictions of the measurement: split, parts, missing tasks.
        average: True for a group of tasks.
        primary: name of the metric that is compared; empty for an average.
        whole: for an average: whether no task of its group is missing.
    """

    key: str
    title: str
    metric: str
    notes: tuple[str, ...]
    average: bool
    primary: str
    whole: bool = True


@dataclass(frozen=True)
class HeadGroup:
    """The heading of the columns of a group, and how many there are."""

    title: str
    span: int


@dataclass(frozen=True)
class XtremeCellView:
    """A score with its difference; ``effect`` is empty for a baseline, ``outcome`` ("higher", "lower",
    "none") if nothing was tested. ``arm`` is None except in a row of best arms."""

    score: str
    spread: str
    effect: str
    interval: str
    outcome: str
    arm: ArmFacts | None = None

    @property
    def wins(self) -> bool:
        """Whether the arm is better than its baseline beyond the noise."""
        return self.outcome == "higher"


@dataclass(frozen=True)
class XtremeLine:
    """The cells of an arm; None if it has no score."""

    arm: ArmFacts
    cells: tuple[XtremeCellView | None, ...]


@dataclass(frozen=True)
class XtremeBlock:
    """The arms of one start, its baseline first.

    Args:
        title: which start it is; empty if there is only one.
        rows: the arms.
    """

    title: str
    rows: tuple[XtremeLine, ...]


@dataclass(frozen=True)
class PublishedLine:
    """A published row: its name, its source, a remark that may be empty, a text for each column (a dash
    if it has none)."""

    name: str
    source: str
    remark: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class XtremeSection:
    """What the section of the report shows.

    Args:
        heads: the columns.
        head_groups: their headings, in the same order.
        blocks: the rows, by start.
        best: the best arm of each column; empty if no arm qualifies.
        published: rows of papers.
        encoders: the encoders that the study starts from.
        missing: titles of the tasks that were not measured.
        measured: how each task was scored.
        phase_three: how each task was trained on.
        gaps: English compared with the other languages.
        languages: the scores by language behind the cells.
    """

    heads: tuple[ColumnHead, ...]
    head_groups: tuple[HeadGroup, ...]
    blocks: tuple[XtremeBlock, ...]
    best: tuple[XtremeCellView | None, ...]
    published: tuple[PublishedLine, ...]
    encoders: tuple[str, ...]
    missing: tuple[str, ...]
    measured: tuple[MeasuredRow, ...]
    phase_three: tuple[PhaseThreeRow, ...]
    gaps: tuple[GapTable, ...]
    languages: tuple[LanguageTable, ...]

    @property
    def averages(self) -> bool:
        """Whether a column is the average of several tasks."""
        return any(head.average for head in self.heads)

    @property
    def answers(self) -> bool:
        """Whether a cell holds two metrics, F1 and exact match."""
        return any(described(head.primary).beside for head in self.heads)


def xtreme_section(folder: RunFolder) -> XtremeSection | None:
    """Read ``xtreme.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        The section; None if the folder lacks the file.

    Raises:
        DataError: the file is malformed, or has a row or a column twice.
        UnknownNameError: it names an arm, a target, a group or a column that does not exist.
    """
    facts = read_optional_json_file(folder.path / XTREME_FILE, XtremeTable)
    if facts is None:
        return None
    _check(folder, facts)
    heads, head_groups = _heads(facts)
    return XtremeSection(
        heads=heads,
        head_groups=head_groups,
        blocks=_blocks(folder, facts, heads),
        best=_best_row(folder, facts, heads),
        published=tuple(_published(row, heads) for row in facts.published),
        encoders=tuple(dict.fromkeys(folder.arm(name).encoder for name in folder.baselines)),
        missing=tuple(dict.fromkeys(title for g in facts.groups for title in g.missing)),
        measured=measured_rows(folder, facts),
        phase_three=phase_three_rows(facts),
        gaps=gap_tables(folder, facts),
        languages=language_tables(folder, facts),
    )


def _check(folder: RunFolder, facts: XtremeTable) -> None:
    """Raises unless every name is known and no row appears twice."""
    targets = [column.target for column in facts.columns]
    groups = [group.name for group in facts.groups]
    arms = [arm.name for arm in folder.run.arms]
    keys = [key for row in facts.rows for key in row.cells]
    of_targets = [name for group in facts.groups for name in group.targets]
    of_targets += [gap.target for gap in facts.transfer_gaps]
    of_targets += [entry.target for entry in facts.languages]
    of_arms = [row.arm for row in facts.rows] + [entry.arm for entry in facts.best]
    of_arms += [gap.arm for gap in facts.transfer_gaps] + [entry.arm for entry in facts.languages]
    _known("target", targets, [target.name for target in folder.run.targets])
    _known("target", of_targets, targets)
    _known("group", [column.group for column in facts.columns], groups)
    _known("column", [*keys, *(entry.column for entry in facts.best)], [*targets, *groups])
    _known("arm", of_arms, arms)
    path = folder.path / XTREME_FILE
    _once(f"columns of {path}", targets)
    _once(f"groups of {path}", groups)
    _once(f"rows of {path}", [row.arm for row in facts.rows])
    _once(f"best of {path}", [entry.column for entry in facts.best])
    _once(f"transfer_gaps of {path}", [(e.target, e.arm) for e in facts.transfer_gaps])
    _once(f"languages of {path}", [(e.target, e.arm, e.language) for e in facts.languages])


def _known(what: str, names: Iterable[str], legal: Sequence[str]) -> None:
    for name in names:
        if name not in legal:
            raise UnknownNameError(what, name, legal)


def _once(what: str, keys: Sequence[Hashable]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            key_words = " ".join(key) if isinstance(key, tuple) else key
            raise DataError(
                f"{what}: {key_words!r} appears twice",
                "one entry of each",
                "run the study again with this version; finished steps are not repeated",
            )


def _heads(facts: XtremeTable) -> tuple[tuple[ColumnHead, ...], tuple[HeadGroup, ...]]:
    """The columns by group, each group's average after its tasks, the average of all last."""
    heads: list[ColumnHead] = []
    spans: list[HeadGroup] = []
    for group in sorted(facts.groups, key=lambda group: group.name == ALL):
        of_group = [_task_head(column) for column in facts.columns if column.group == group.name]
        if len(group.targets) > 1 and _has_scores(facts, group.name):
            of_group.append(_average_head(group))
        if of_group:
            spans.append(HeadGroup(group.title, len(of_group)))
        heads += of_group
    return tuple(heads), tuple(spans)


def _has_scores(facts: XtremeTable, key: str) -> bool:
    return any(key in row.cells for row in facts.rows)


def _remark(remark: str) -> tuple[str, ...]:
    """The remark in a column's head: a long one moves to the table of how tasks were scored."""
    if len(remark) <= _LONGEST_NOTE:
        return (remark,) if remark else ()
    return ("with a remark, see below",)


def _task_head(column: XtremeColumn) -> ColumnHead:
    notes = [f"{column.split} set"] if column.split else []
    notes += [plural(len(column.gaps), "gap")] if column.gaps else []
    return ColumnHead(
        key=column.target,
        title=column.title,
        metric=" / ".join(
            described(name).heading for name in described(column.metric).names_with_beside
        ),
        notes=(*notes, *_remark(column.remark)),
        average=False,
        primary=column.metric,
    )


def _average_head(group: XtremeGroup) -> ColumnHead:
    measured = len(group.targets)
    whole = measured + len(group.missing)
    of_part = f"of {measured} of {whole} tasks" if group.missing else f"of {measured} tasks"
    return ColumnHead(group.name, "Average", "", (of_part,), True, "", not group.missing)


def _blocks(
    folder: RunFolder, facts: XtremeTable, heads: Sequence[ColumnHead]
) -> tuple[XtremeBlock, ...]:
    by_arm = {row.arm: row.cells for row in facts.rows}
    several = len(folder.baselines) > 1
    remaining = [arm for arm in folder.run.arms if arm.name in by_arm]
    parts: list[tuple[str, list[ArmFacts]]] = []
    for name in folder.baselines:
        arms_of_start = [arm for arm in remaining if name in (arm.name, arm.baseline)]
        title = f"Start {folder.arm(name).start}" if several else ""
        parts.append((title, sorted(arms_of_start, key=lambda arm: arm.name != name)))
        remaining = [arm for arm in remaining if arm not in arms_of_start]
    for start in dict.fromkeys(arm.start for arm in remaining):
        arms_of_start = [arm for arm in remaining if arm.start == start]
        parts.append((f"Start {start}, for orientation", arms_of_start))
    return tuple(
        XtremeBlock(title, tuple(_line(arm, by_arm[arm.name], heads) for arm in arms))
        for title, arms in parts
        if arms
    )


def _line(
    arm: ArmFacts, cells: Mapping[str, XtremeCell], heads: Sequence[ColumnHead]
) -> XtremeLine:
    return XtremeLine(arm, tuple(_cell(cells.get(head.key), head) for head in heads))


def _best_row(
    folder: RunFolder, facts: XtremeTable, heads: Sequence[ColumnHead]
) -> tuple[XtremeCellView | None, ...]:
    best_arms = {entry.column: entry for entry in facts.best}
    rows = {row.arm: row.cells for row in facts.rows}
    cells = (_best(folder, best_arms.get(head.key), rows, head) for head in heads)
    return tuple(cells) if best_arms else ()


def _cell(cell: XtremeCell | None, head: ColumnHead) -> XtremeCellView | None:
    if cell is None:
        return None
    low, high = percent(cell.low_seed), percent(cell.high_seed)
    spread = f"{low}{DASH}{high}, {cell.seeds} seeds" if low != high else ""
    effect, span = change_words(cell.effect, cell.low, cell.high)
    score = _score(cell.details, head.primary, cell.score)
    return XtremeCellView(score, spread, effect, span, _outcome(cell.verdict))


def _score(details: Mapping[str, float], primary: str, score: float) -> str:
    """A score in percent, with that of the metric beside it: for answers, F1 and exact match."""
    second = details.get(described(primary).beside or "")
    return percent(score) if second is None else f"{percent(score)} / {percent(second)}"


def _outcome(verdict: Outcome | None) -> str:
    return "" if verdict is None else mark_of(verdict)


def _best(
    folder: RunFolder,
    entry: BestArm | None,
    rows: Mapping[str, Mapping[str, XtremeCell]],
    head: ColumnHead,
) -> XtremeCellView | None:
    if entry is None:
        return None
    cell = rows.get(entry.arm, {}).get(head.key)
    score = _score(cell.details if cell else {}, head.primary, entry.score)
    effect, span = change_words(entry.effect, entry.low, entry.high)
    return XtremeCellView(score, "", effect, span, _outcome(entry.verdict), folder.arm(entry.arm))


def _published(row: PublishedScores, heads: Sequence[ColumnHead]) -> PublishedLine:
    cells = tuple(_published_cell(row, head) for head in heads)
    return PublishedLine(row.name, row.source, row.remark, cells)


def _published_cell(row: PublishedScores, head: ColumnHead) -> str:
    """The published score of a column, with the name of its metric if that differs."""
    if head.key == ALL:
        return percent(row.average) if row.average is not None and head.whole else DASH
    cells = row.cells.get(head.key, {})
    if head.primary in cells:
        return _score(cells, head.primary, cells[head.primary])
    scores = [f"{described(metric).heading} {percent(value)}" for metric, value in cells.items()]
    return listed(scores) or DASH
