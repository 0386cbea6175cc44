"""The tables of scores as plain views: strings in the order of the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosslift.metrics.table import described
from crosslift.reports.published_rows import PublishedRow, published_rows
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.wording import plural

MACRO = "macro"


class ScoreIndex:
    """Looks up scores by arm, target, language, protocol, subset and metric.

    Args:
        folder: the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._values: dict[tuple[str, ...], list[float]] = defaultdict(list)
        self._columns: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._sizes: dict[tuple[str, str, str], int] = {}
        self._clean = {row.target for row in folder.scores if row.subset == "clean"}
        for row in folder.scores:
            key = (row.arm, row.target, row.language, row.protocol, row.subset, row.metric)
            self._values[key].append(row.value)
            self._columns[row.target][row.protocol].add(row.metric)
            if row.subset == "all":
                self._sizes[row.target, row.language, row.protocol] = row.n

    def values(
        self, arm: str, target: str, language: str, protocol: str, subset: str, metric: str
    ) -> list[float]:
        """The scores of each seed; empty if there are none."""
        return self._values.get((arm, target, language, protocol, subset, metric), [])

    def mean(self, arm: str, target: TargetFacts, language: str) -> float | None:
        """The primary score of one language, mean over seeds; None if there is none."""
        values = self.values(arm, target.name, language, target.protocol, "all", target.metric)
        return sum(values) / len(values) if values else None

    def protocols(self, target: TargetFacts) -> list[str]:
        """The protocols that a target was scored by, the primary one first."""
        return sorted(self._columns[target.name], key=lambda name: (name != target.protocol, name))

    def metrics(self, target: TargetFacts, protocol: str) -> list[str]:
        """The metrics of a target under a protocol, the primary one first."""
        names = self._columns[target.name][protocol]
        return sorted(names, key=lambda name: (name != target.metric, name))

    def size(self, target: TargetFacts) -> int:
        """Number of queries of a target's primary score; 0 if it was not scored."""
        return self._sizes.get((target.name, MACRO, target.protocol), 0)

    def has_clean(self, target: TargetFacts) -> bool:
        """Whether any arm has a score of a target's clean items."""
        return target.name in self._clean


@dataclass(frozen=True)
class ScoreCell:
    """A score as text; ``spread`` is the range over seeds, empty if all seeds have one score."""

    value: str
    spread: str
    seeds: str


@dataclass(frozen=True)
class ScoreColumn:
    """The protocol and metric of a column, or of a pair of columns: all items, clean items.

    Args:
        protocol: its id.
        direction: which side has the queries.
        metric: metric of the scores.
        primary: whether the target's primary score is here.
        clean: whether a score of clean items differs from that of all items: only then it is shown.
    """

    protocol: str
    direction: str
    metric: str
    primary: bool
    clean: bool = False


@dataclass(frozen=True)
class ScoreRow:
    """An arm's scores: one pair (all items, clean items) for each column."""

    arm: ArmFacts
    cells: tuple[tuple[ScoreCell | None, ScoreCell | None], ...]


@dataclass(frozen=True)
class ScoreTable:
    """The macro scores of every arm on one target.

    Args:
        target: what was measured.
        summary: its languages, queries and gaps, in words.
        columns: our protocols, each in its primary metric.
        rows: their scores.
        other_columns: the metrics that are not primary.
        other_rows: their scores.
        defined_columns: other projects' protocols, each in its own metric, after ours; empty if only
            ours were measured.
        defined_rows: their scores.
        has_clean: False for mining, whose pairs compete for each other's texts, so that no text can be
            left out later, and for labelled examples without clean scores.
        published: scores of other models on the target.
    """

    target: TargetFacts
    summary: str
    columns: tuple[ScoreColumn, ...]
    rows: tuple[ScoreRow, ...]
    other_columns: tuple[ScoreColumn, ...]
    other_rows: tuple[ScoreRow, ...]
    defined_columns: tuple[ScoreColumn, ...]
    defined_rows: tuple[ScoreRow, ...]
    has_clean: bool
    published: tuple[PublishedRow, ...] = ()

    @property
    def same_clean(self) -> bool:
        """Whether there are clean scores, and all look the same as the scores of all items."""
        columns = (*self.columns, *self.other_columns)
        return self.has_clean and bool(columns) and not any(column.clean for column in columns)

    @property
    def fine_tuned(self) -> bool:
        """Whether encoders are fine-tuned on English examples before they answer."""
        return KINDS[self.target.kind].fine_tuned


def score_tables(folder: RunFolder, index: ScoreIndex) -> list[ScoreTable]:
    """The macro scores of each target; metrics that are not primary are separate, and so are other
    projects' definitions, beside ours.
    """
    return [_score_table(folder, index, target) for target in folder.run.targets]


def score_section(folder: RunFolder) -> list[ScoreTable]:
    """The section of the report."""
    return score_tables(folder, ScoreIndex(folder))


def _score_table(folder: RunFolder, index: ScoreIndex, target: TargetFacts) -> ScoreTable:
    ours: list[ScoreColumn] = []
    theirs: list[ScoreColumn] = []
    other: list[ScoreColumn] = []
    for protocol in index.protocols(target):
        first, *rest = _score_columns(folder, index, target, protocol)
        (ours if _project(protocol) == _project(target.protocol) else theirs).append(first)
        other += [column for column in rest if not described(column.metric).oracle]
    defined = [*ours, *theirs] if theirs else []
    rows = _score_rows(folder, index, target, ours)
    other_rows = _score_rows(folder, index, target, other)
    return ScoreTable(
        target=target,
        summary=_size_summary(target, index.size(target)),
        columns=_with_clean(ours, rows),
        rows=rows,
        other_columns=_with_clean(other, other_rows),
        other_rows=other_rows,
        defined_columns=tuple(defined),
        defined_rows=_score_rows(folder, index, target, defined),
        has_clean=_has_clean(index, target),
        published=published_rows(target.published, target.languages, described(target.metric)),
    )


def _with_clean(
    columns: Sequence[ScoreColumn], rows: Sequence[ScoreRow]
) -> tuple[ScoreColumn, ...]:
    """The columns; those whose clean scores differ from the scores of all items are marked."""
    return tuple(
        replace(
            column,
            clean=any(row.cells[place][1] not in (None, row.cells[place][0]) for row in rows),
        )
        for place, column in enumerate(columns)
    )


def _has_clean(index: ScoreIndex, target: TargetFacts) -> bool:
    clean = KINDS[target.kind].clean
    return index.has_clean(target) if clean == "where there are" else clean == "always"


def _project(protocol: str) -> str:
    """The project that defines a protocol."""
    return protocol.partition("/")[0]


def _score_columns(
    folder: RunFolder, index: ScoreIndex, target: TargetFacts, protocol: str
) -> list[ScoreColumn]:
    """The metrics of a protocol, its own primary one first."""
    facts = folder.run.protocols.get(protocol, {})
    direction = str(facts.get("direction", ""))
    metrics = index.metrics(target, protocol)
    if facts.get("metric") in metrics:
        metrics.sort(key=lambda name: name != facts["metric"])
    return [
        ScoreColumn(protocol, direction, name, (protocol, name) == (target.protocol, target.metric))
        for name in metrics
    ]


def _size_summary(target: TargetFacts, size: int) -> str:
    parts = [plural(len(target.languages), "language")]
    if size:
        parts.append(plural(size, query_word(target)))
    if target.gaps:
        parts.append(plural(len(target.gaps), "gap"))
    return ", ".join(parts)


def query_word(target: TargetFacts) -> str:
    """The noun for one outcome of a target."""
    return KINDS[target.kind].outcome_unit


def _score_rows(
    folder: RunFolder, index: ScoreIndex, target: TargetFacts, columns: Sequence[ScoreColumn]
) -> tuple[ScoreRow, ...]:
    def cell(arm: ArmFacts, column: ScoreColumn, subset: str) -> ScoreCell | None:
        key = (arm.name, target.name, MACRO, column.protocol, subset, column.metric)
        values = index.values(*key)
        return score_cell(values, len(arm.seeds), column.metric) if values else None

    return tuple(
        ScoreRow(arm, tuple((cell(arm, c, "all"), cell(arm, c, "clean")) for c in columns))
        for arm in folder.run.arms
    )


def score_cell(values: Sequence[float], planned: int, metric: str) -> ScoreCell:
    """A score of one seed or more.

    Args:
        values: values of each seed; at least one.
        planned: number of seeds of the arm.
        metric: its metric; the score is shown in the metric's unit.
    """
    score = described(metric).score
    low, high = score(min(values)), score(max(values))
    spread = f"{low}\u2013{high}" if low != high else ""
    missing = f"{len(values)} of {planned} seeds" if len(values) < planned else ""
    return ScoreCell(score(sum(values) / len(values)), spread, missing)


@dataclass(frozen=True)
class EffectCell:
    """An effect in points with its interval and its mark, see `mark_of`."""

    effect: str
    interval: str
    outcome: str
