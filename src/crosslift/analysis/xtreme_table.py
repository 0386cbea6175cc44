"""The XTREME table of a run: tasks, group averages, deltas, transfer gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.analysis.collect import Gathered
from crosslift.analysis.judging import control_kind
from crosslift.analysis.xtreme_columns import Column
from crosslift.metrics.table import outcome_of
from crosslift.results.verdict import Outcome, Verdict
from crosslift.results.xtreme_scores import (
    BestArm,
    GroupName,
    LanguageScore,
    PublishedScores,
    TransferGap,
    XtremeCell,
    XtremeColumn,
    XtremeGroup,
    XtremeRow,
    XtremeTable,
)
from crosslift.statistics.differences import (
    Difference,
    Weighted,
    contrast,
    group_differences,
    strata_of,
)
from crosslift.statistics.query_cubes import as_many_seeds
from crosslift.xtreme.benchmark import TASKS, XtremeTask
from crosslift.xtreme.published_rows import PublishedRow, published_for

ALL: GroupName = "all"
GROUP_TITLES: Mapping[GroupName, str] = {
    "classification": "Classification",
    "tagging": "Tagging",
    "qa": "Question answering",
    "retrieval": "Retrieval",
}
Cube = NDArray[np.float64]


class _Change(NamedTuple):
    """A difference to the baseline of the arm's start."""

    effect: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Outcome | None = None

    @classmethod
    def of(cls, difference: Difference) -> _Change:
        """A difference that is not tested."""
        return cls(difference.effect, difference.low, difference.high)


def xtreme_table(gathered: Gathered, judged: Sequence[Verdict]) -> XtremeTable | None:
    """The table of a run.

    Args:
        gathered: the run.
        judged: its verdicts.

    Returns:
        The table; None where no task of XTREME has a score.
    """
    table = _XtremeTable(gathered, judged)
    return table.record() if table.columns else None


class _XtremeTable:
    def __init__(self, gathered: Gathered, judged: Sequence[Verdict]) -> None:
        self.gathered = gathered
        self.study = gathered.plan.study
        self.judged = {(v.arm, v.against, v.target): v for v in judged}
        self._cubes: dict[tuple[str, str, tuple[str, ...]], Cube] = {}

    @cached_property
    def columns(self) -> list[Column]:
        columns = []
        for task in sorted(TASKS, key=lambda task: list(GROUP_TITLES).index(task.group)):
            loaded = self.gathered.plan.targets.get(task.target)
            if loaded is not None and self._scored(task.target):
                columns.append(Column.of(task, loaded))
        return columns

    def _scored(self, target: str) -> bool:
        """Whether any arm has scores on the target: examples without labels are answered, not
        scored."""
        return any(target in run.evaluations for run in self.gathered.plan.runs)

    @cached_property
    def groups(self) -> dict[GroupName, list[Column]]:
        """Group -> its columns; if some tasks of a group are not measured, its average covers the
        others."""
        by_group = {g: [c for c in self.columns if c.task.group == g] for g in GROUP_TITLES}
        return {ALL: self.columns, **{g: columns for g, columns in by_group.items() if columns}}

    def record(self) -> XtremeTable:
        rows = [XtremeRow(arm=arm, cells=self._cells(arm)) for arm in self._measured()]
        return XtremeTable(
            columns=tuple(map(self._column, self.columns)),
            groups=tuple(self._group(name) for name in self.groups),
            rows=tuple(rows),
            best=tuple(self._best(rows)),
            transfer_gaps=tuple(self._gaps()),
            languages=tuple(self._languages()),
            published=self._published(),
        )

    def _measured(self) -> list[str]:
        names = {c.name for c in self.columns}
        measured = {run.arm for run in self.gathered.plan.runs if names & set(run.evaluations)}
        arms = [arm for arm in self.study.arms if arm in measured]
        return sorted(arms, key=lambda arm: arm != self.study.baseline)

    def _has(self, arm: str, column: Column) -> bool:
        runs = self.gathered.plan.runs
        return any(run.arm == arm and column.name in run.evaluations for run in runs)

    def _cube(self, arm: str, column: Column, metrics: tuple[str, ...]) -> Cube:
        """Outcomes [S, N, L]; the mean over several metrics."""
        key = (arm, column.name, metrics)
        if key not in self._cubes:
            cubes = [
                self.gathered.cube(arm, column.name, column.protocol.id, outcome_of(m))[0]
                for m in metrics
            ]
            self._cubes[key] = np.mean(cubes, axis=0)
        return self._cubes[key]

    def _column(self, column: Column) -> XtremeColumn:
        rows = self._cube(self._measured_on(column), column, (column.metric,))[0]
        examples = int((~np.isnan(rows)).sum())
        return column.record(self.gathered, self._language_names(column), examples)

    def _measured_on(self, column: Column) -> str:
        return next(arm for arm in self._measured() if self._has(arm, column))

    def _language_names(self, column: Column) -> list[str]:
        """The languages of a cube, in its order."""
        steps = next(
            run.evaluations[column.name]
            for run in self.gathered.plan.runs
            if column.name in run.evaluations
        )
        return sorted(self.gathered.languages_of(steps.values()))

    def _group(self, name: GroupName) -> XtremeGroup:
        within = [task for task in TASKS if name in (ALL, task.group)]
        measured = tuple(column.name for column in self.groups[name])
        return XtremeGroup(
            name=name,
            title="All" if name == ALL else GROUP_TITLES[name],
            targets=measured,
            missing=tuple(self._absent(task) for task in within if task.target not in measured),
        )

    def _absent(self, task: XtremeTask) -> str:
        measured = task.target in self.gathered.plan.targets
        return f"{task.title} (no labels)" if measured else task.title

    def _cells(self, arm: str) -> dict[str, XtremeCell]:
        cells = {c.name: self._cell(arm, c) for c in self.columns if self._has(arm, c)}
        for name, columns in self.groups.items():
            if all(column.name in cells for column in columns):
                cells[name] = self._average(arm, columns)
        return cells

    def _cell(self, arm: str, column: Column) -> XtremeCell:
        scores = _score(self._cube(arm, column, (column.metric,)))
        details = {m: _score(self._cube(arm, column, (m,))).mean() for m in column.details}
        return _cell_of(scores, details, self._change(arm, column))

    def _change(self, arm: str, column: Column) -> _Change:
        """The verdict on the arm in the column; if there is none, the difference alone."""
        against = self.study.baseline_of(arm)
        if arm == against or not self._has(against, column):
            return _Change()
        verdict = self.judged.get((arm, against, column.name))
        primary = (column.protocol.id, column.metric)
        if verdict is not None and (verdict.protocol, verdict.metric) == primary:
            return _Change(verdict.effect, verdict.low, verdict.high, verdict.verdict)
        return self._effect([self._weighted(arm, against, column, (column.metric,))])

    def _average(self, arm: str, columns: Sequence[Column]) -> XtremeCell:
        """The mean over tasks as in XTREME: for questions, F1 and exact match count half each."""
        per_seed = np.mean(
            np.broadcast_arrays(*(_score(self._cube(arm, c, c.details)) for c in columns)), axis=0
        )
        against = self.study.baseline_of(arm)
        change = _Change()
        if arm != against and all(self._has(against, c) for c in columns):
            share = 1 / len(columns)
            parts = [self._weighted(arm, against, c, c.details, share) for c in columns]
            change = self._effect(parts)
        return _cell_of(per_seed, {}, change)

    def _weighted(
        self, arm: str, against: str, column: Column, metrics: tuple[str, ...], share: float = 1.0
    ) -> Weighted:
        treatment = self._cube(arm, column, metrics)
        languages = treatment.shape[2]
        weights = np.full(languages, share / languages)
        return self._part(treatment, self._cube(against, column, metrics), weights)

    def _part(self, treatment: Cube, control: Cube, weights: NDArray[np.float64]) -> Weighted:
        strata = strata_of(~np.isnan(treatment[0]))
        return Weighted(as_many_seeds(treatment, control), control, strata, weights)

    def _effect(self, parts: Sequence[Weighted]) -> _Change:
        return _Change.of(contrast(parts))

    def _best(self, rows: Sequence[XtremeRow]) -> Iterator[BestArm]:
        """The best arm of each column among zero-shot arms from the study's start."""
        eligible = [row for row in rows if self._intermediate(row.arm)]
        for column in [*(c.name for c in self.columns), *self.groups]:
            scored = [(row.arm, row.cells[column]) for row in eligible if column in row.cells]
            if scored:
                arm, cell = max(scored, key=_score_of_cell)
                yield BestArm(
                    column=column,
                    arm=arm,
                    score=cell.score,
                    effect=cell.effect,
                    low=cell.low,
                    high=cell.high,
                    verdict=cell.verdict,
                )

    def _intermediate(self, name: str) -> bool:
        arm = self.study.arms[name]
        control = arm.control_of is not None or control_kind(self.study, name) is not None
        comparable = arm.start in (None, self.study.start) and arm.zero_shot
        return bool(arm.stages) and comparable and not arm.reference and not control

    def _gaps(self) -> Iterator[TransferGap]:
        """English minus the mean of the other languages, for every arm and task that has both."""
        for column in self.columns:
            names = self._language_names(column)
            if "en" not in names or len(names) < 2:
                continue
            weights = np.full(len(names), -1 / (len(names) - 1))
            weights[names.index("en")] = 1.0
            for arm in self._measured():
                if self._has(arm, column):
                    yield self._gap(arm, column, weights)

    def _gap(self, arm: str, column: Column, weights: NDArray[np.float64]) -> TransferGap:
        cube = self._cube(arm, column, (column.metric,))
        means = np.nanmean(cube, axis=1).mean(axis=0)
        english = float(means[weights > 0].sum())
        others = float(means[weights < 0].mean())
        change = _Change()
        against = self.study.baseline_of(arm)
        if arm != against and self._has(against, column):
            control = self._cube(against, column, (column.metric,))
            change = self._effect([self._part(cube, control, weights)])
        return TransferGap(
            arm=arm,
            target=column.name,
            english=english,
            others=others,
            gap=english - others,
            effect=change.effect,
            low=change.low,
            high=change.high,
        )

    def _languages(self) -> Iterator[LanguageScore]:
        for column in self.columns:
            names = self._language_names(column)
            for arm in self._measured():
                if self._has(arm, column):
                    yield from self._by_language(arm, column, names)

    def _by_language(
        self, arm: str, column: Column, names: Sequence[str]
    ) -> Iterator[LanguageScore]:
        cube = self._cube(arm, column, (column.metric,))
        scores = np.nanmean(cube, axis=1).mean(axis=0)
        against = self.study.baseline_of(arm)
        changes = [_Change()] * len(names)
        if arm != against and self._has(against, column):
            control = self._cube(against, column, (column.metric,))
            strata = strata_of(~np.isnan(cube[0]))
            alone = [[place] for place in range(len(names))]
            treatment = as_many_seeds(cube, control)
            changes = [_Change.of(d) for d in group_differences(treatment, control, strata, alone)]
        for name, score, change in zip(names, scores, changes, strict=True):
            yield LanguageScore(
                target=column.name,
                arm=arm,
                language=name,
                score=float(score),
                effect=change.effect,
                low=change.low,
                high=change.high,
            )

    def _published(self) -> tuple[PublishedScores, ...]:
        used = sorted({start.encoder.name for start in self.study.starts.values()})
        return tuple(_published(row) for encoder in used for row in published_for(encoder))


def _published(row: PublishedRow) -> PublishedScores:
    return PublishedScores(
        name=row.name,
        source=f"{row.source}; read in {row.read_in}",
        remark=row.remark,
        encoder=row.encoders[0],
        cells={target: dict(scores) for target, scores in row.scores.items()},
        average=row.average,
    )


def _score(cube: Cube) -> NDArray[np.float64]:
    """The score of each seed: the mean over languages, equally weighted [S]."""
    scores: NDArray[np.float64] = np.nanmean(cube, axis=1).mean(axis=1)
    return scores


def _score_of_cell(scored: tuple[str, XtremeCell]) -> float:
    return scored[1].score


def _cell_of(
    per_seed: NDArray[np.float64], details: Mapping[str, float], change: _Change
) -> XtremeCell:
    """The cell of an arm with the score of each seed [S]."""
    return XtremeCell(
        score=float(per_seed.mean()),
        low_seed=float(per_seed.min()),
        high_seed=float(per_seed.max()),
        seeds=len(per_seed),
        details={name: float(value) for name, value in details.items()},
        effect=change.effect,
        low=change.low,
        high=change.high,
        verdict=change.verdict,
    )
