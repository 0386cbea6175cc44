"""What the vectors of each arm look like: ``diagnostics.json`` as a table and a plot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crosslift.errors import DataError, shorten
from crosslift.reports.axes import Names, effect_axes, mark_style, row_words
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.svg import PAPER, Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.results.vector_diagnoses import (
    DIAGNOSTICS_FILE,
    DiagnosisOfArm,
    SeparabilityOfArm,
    VectorEntryOfArm,
)
from crosslift.wording import MINUS, percent

_ROW = 44


@dataclass(frozen=True)
class VectorCell:
    """A mean over languages as text; ``missing`` says how many of them have a value; empty if all have
    one."""

    value: str
    missing: str


@dataclass(frozen=True)
class VectorRow:
    """An arm's means, one cell for each column; None if no language has a value."""

    arm: ArmFacts
    cells: tuple[VectorCell | None, ...]


@dataclass(frozen=True)
class VectorTable:
    """The means of every diagnosed arm on one target."""

    target: TargetFacts
    columns: tuple[str, ...]
    rows: tuple[VectorRow, ...]

    @property
    def names_languages(self) -> bool:
        """True if a column says how well a probe identifies the language among all."""
        return _SEPARABILITY in self.columns


@dataclass(frozen=True)
class VectorSection:
    """What the section of the report shows: a table for each target, the margins of the first."""

    tables: tuple[VectorTable, ...]
    plots: tuple[Plot, ...]


def vector_section(folder: RunFolder) -> VectorSection | None:
    """Read ``diagnostics.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        Tables and plots; None if the folder has no such file or it is empty.

    Raises:
        DataError: the file is not JSON, lacks a field or has one twice.
        UnknownNameError: it names an arm or a target that ``run.json`` does not.
    """
    facts = _Facts.read(folder)
    targets = [target for target in folder.run.targets if facts.arms(target)]
    if not targets:
        return None
    tables = tuple(_table(folder, target, facts) for target in targets)
    with drawing():
        plot = _margin_plot(folder, targets[0], facts)
    return VectorSection(tables, (plot,) if plot else ())


class _Facts:
    """Looks up the diagnoses of an arm's vectors."""

    def __init__(self, entries: Iterable[DiagnosisOfArm | SeparabilityOfArm]) -> None:
        self._languages: dict[tuple[str, str], list[DiagnosisOfArm]] = defaultdict(list)
        self._separability: dict[tuple[str, str], list[float]] = defaultdict(list)
        for entry in entries:
            if isinstance(entry, DiagnosisOfArm):
                self._languages[entry.arm, entry.target].append(entry)
            elif entry.separability is not None:
                self._separability[entry.arm, entry.target].append(entry.separability)

    @classmethod
    def read(cls, folder: RunFolder) -> _Facts:
        path = folder.path / DIAGNOSTICS_FILE
        entries = read_optional_json_file(path, tuple[VectorEntryOfArm, ...]) or ()
        _check(folder, entries)
        return cls(entries)

    def arms(self, target: TargetFacts) -> set[str]:
        """The arms that were diagnosed on a target."""
        known = {*self._languages, *self._separability}
        return {arm for arm, name in known if name == target.name}

    def separability(self, arm: ArmFacts, target: TargetFacts) -> float | None:
        """Mean over seeds; None if there is none."""
        values = self._separability.get((arm.name, target.name), [])
        return _mean(values) if values else None

    def means(
        self, arm: ArmFacts, target: TargetFacts, value: Callable[[DiagnosisOfArm], float | None]
    ) -> dict[str, float]:
        """Language -> mean over seeds; without the languages that have no value."""
        by_language: dict[str, list[float]] = defaultdict(list)
        for row in self._languages.get((arm.name, target.name), []):
            number = value(row)
            if number is not None:
                by_language[row.language].append(number)
        return {language: _mean(values) for language, values in by_language.items()}


def _check(folder: RunFolder, rows: Sequence[DiagnosisOfArm | SeparabilityOfArm]) -> None:
    keys = set()
    for row in rows:
        folder.arm(row.arm)
        folder.target(row.target)
        key = (row.arm, row.seed, row.target, row.language)
        if key in keys:
            raise DataError(
                f"{folder.path / DIAGNOSTICS_FILE} holds {key} twice", "one entry of each"
            )
        keys.add(key)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@dataclass(frozen=True)
class _Column:
    title: str
    value: Callable[[DiagnosisOfArm], float | None]
    text: Callable[[float], str]


def _mean_cosine(row: DiagnosisOfArm) -> float | None:
    sides = [side for side in (row.mean_cosine_src, row.mean_cosine_tgt) if side is not None]
    return _mean(sides) if sides else None


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def _signed(value: float) -> str:
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", MINUS)


_COLUMNS = (
    _Column("Mean cosine of random texts", _mean_cosine, _plain),
    _Column("Probe separates the sides", lambda row: row.probe_accuracy, percent),
    _Column(
        "Hubness (skewness)",
        lambda row: row.hubness_src_to_tgt.skewness if row.hubness_src_to_tgt else None,
        _plain,
    ),
    _Column(
        "Never retrieved",
        lambda row: row.hubness_src_to_tgt.never_retrieved if row.hubness_src_to_tgt else None,
        percent,
    ),
    _Column(
        "Median margin",
        lambda row: row.margins_src_to_tgt.quantiles[2] if row.margins_src_to_tgt else None,
        _signed,
    ),
    _Column(
        "Margins above 0",
        lambda row: row.margins_src_to_tgt.above_zero if row.margins_src_to_tgt else None,
        percent,
    ),
)
_SEPARABILITY = "Probe names the language"


def _table(folder: RunFolder, target: TargetFacts, facts: _Facts) -> VectorTable:
    arms = [arm for arm in folder.run.arms if arm.name in facts.arms(target)]
    names_languages = any(facts.separability(arm, target) is not None for arm in arms)
    titles = [column.title for column in _COLUMNS]
    if names_languages:
        titles.insert(2, _SEPARABILITY)
    rows = []
    for arm in arms:
        cells = [_cell(facts.means(arm, target, c.value), c, target) for c in _COLUMNS]
        if names_languages:
            separability = facts.separability(arm, target)
            cells.insert(2, None if separability is None else VectorCell(percent(separability), ""))
        rows.append(VectorRow(arm, tuple(cells)))
    return VectorTable(target, tuple(titles), tuple(rows))


def _cell(means: dict[str, float], column: _Column, target: TargetFacts) -> VectorCell | None:
    if not means:
        return None
    count, planned = len(means), len(target.languages)
    missing = f"{count} of {planned} languages" if count < planned else ""
    return VectorCell(column.text(_mean(list(means.values()))), missing)


def _margin_plot(folder: RunFolder, target: TargetFacts, facts: _Facts) -> Plot | None:
    looks = looks_of(folder.run.arms)
    bars = {arm.name: _quantiles(facts, arm, target) for arm in folder.run.arms}
    measured = {name: bar for name, bar in bars.items() if bar}
    if not measured:
        return None
    low = min(0.0, *(bar[0] for bar in measured.values()))
    high = max(0.0, *(bar[-1] for bar in measured.values()))
    room = max(high - low, 0.02) * 0.06
    axes = effect_axes(target.title, len(measured), _ROW, (low - room, high + room), 0)
    axes.xaxis.set_major_formatter(lambda value, _: _plain(value))
    for place, (name, bar) in enumerate(measured.items()):
        row_words(axes, place * _ROW + 12, shorten(name, 26), f"median {_signed(bar[2])}")
        _bar(axes, place * _ROW + 30, bar, looks[name])
    axes.set_xlabel("cosine of the correct text minus best wrong", size=11.5, labelpad=5)
    quantiles = "; ".join(
        f"{name} {', '.join(_signed(value) for value in bar)}" for name, bar in measured.items()
    )
    caption = (
        f"{target.title}: margins of each arm, at 5, 25, 50, 75 and 95 per cent of the queries,"
        " means over languages"
    )
    return finish(axes.figure, Names().unique("margins", target.name), caption, quantiles)


def _quantiles(facts: _Facts, arm: ArmFacts, target: TargetFacts) -> list[float]:
    """Each quantile's mean over languages; empty if no language has any."""
    quantiles = [facts.means(arm, target, partial(_quantile, place=place)) for place in range(5)]
    return [_mean(list(means.values())) for means in quantiles if means]


def _quantile(row: DiagnosisOfArm, place: int) -> float | None:
    return row.margins_src_to_tgt.quantiles[place] if row.margins_src_to_tgt else None


def _bar(axes: Any, y: float, bar: Sequence[float], look: Look) -> None:
    line = {"color": look.light, "solid_capstyle": "butt"}
    axes.plot([bar[0], bar[4]], [y, y], linewidth=1.6, zorder=2, **line)
    axes.plot([bar[1], bar[3]], [y, y], linewidth=9, zorder=2.2, **line)
    inner = {**line, "color": PAPER} if look.hollow else line
    axes.plot([bar[1], bar[3]], [y, y], linewidth=6, zorder=2.4, **inner)
    axes.plot([bar[2]], [y], zorder=3, **{**mark_style(look), "markerfacecolor": PAPER})
