"""What controls show about the effect of their arms: those that no attribution includes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.errors import shorten
from crosslift.reports.axes import (
    Names,
    arm_legend,
    effect_axes,
    interval_mark,
    limits_of,
    row_words,
)
from crosslift.reports.effects import ControlPair, unattributed
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.outcomes import mark_of
from crosslift.reports.score_tables import EffectCell
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import Verdict
from crosslift.wording import baseline_words, interval, signed_points


@dataclass(frozen=True)
class ControlLine:
    """A target's row in the table of an arm and its control; None if not compared."""

    title: str
    gain: EffectCell | None
    control: EffectCell | None
    content: EffectCell | None
    reading: str


@dataclass(frozen=True)
class ControlTable:
    """An arm beside its control; ``gains`` states in words what part of its gain survives."""

    arm: ArmFacts
    control: ArmFacts
    lines: tuple[ControlLine, ...]
    gains: tuple[str, ...]


@dataclass(frozen=True)
class ControlSection:
    """What the section of the report shows."""

    tables: tuple[ControlTable, ...]
    plots: tuple[Plot, ...]


def control_section(folder: RunFolder) -> ControlSection | None:
    """A table and a plot for each arm and control that no attribution includes, if any."""
    pairs = unattributed(folder)
    if not pairs:
        return None
    return ControlSection(
        tables=tuple(_control_table(folder, pair) for pair in pairs),
        plots=draw_controls(folder, pairs),
    )


def draw_controls(folder: RunFolder, pairs: Sequence[ControlPair]) -> tuple[Plot, ...]:
    """The gain of each arm beside that of its control, over all targets where one has a gain."""
    looks, names = looks_of(folder.run.arms), Names()
    with drawing():
        return tuple(
            _controls(pair, looks, names)
            for pair in pairs
            if any(row.gain or row.control_gain for row in pair.rows)
        )


def _control_table(folder: RunFolder, pair: ControlPair) -> ControlTable:
    lines = tuple(
        ControlLine(
            title=row.target.title,
            gain=_effect_cell(row.gain),
            control=_effect_cell(row.control_gain),
            content=_effect_cell(row.content),
            reading=row.reading,
        )
        for row in pair.rows
    )
    names = (pair.arm.name, pair.control.name)
    gains = tuple(g.sentence for g in folder.run.gains if (g.arm, g.control) == names)
    return ControlTable(pair.arm, pair.control, lines, gains)


def _effect_cell(verdict: Verdict | None) -> EffectCell | None:
    if verdict is None:
        return None
    span = interval(verdict.low, verdict.high)
    return EffectCell(signed_points(verdict.effect), span, mark_of(verdict.verdict))


def _controls(pair: ControlPair, looks: dict[str, Look], names: Names) -> Plot:
    row = 58
    measured = [entry for entry in pair.rows if entry.gain or entry.control_gain]
    limits = limits_of(v for entry in measured for v in (entry.gain, entry.control_gain))
    axes = effect_axes(f"{pair.arm.name} and its control", len(measured), row, limits, 44)
    for index, entry in enumerate(measured):
        top = index * row
        content = (
            f"difference {signed_points(entry.content.effect)}" if entry.content else "not compared"
        )
        row_words(axes, top + 12, shorten(entry.target.title, 26), content)
        for verdict, arm, y in ((entry.gain, pair.arm, 29), (entry.control_gain, pair.control, 44)):
            if verdict is not None:
                interval_mark(axes, top + y, verdict, looks[arm.name])
    axes.set_xlabel("points against the baseline, with 95% interval", size=11.5, labelpad=5)
    arm_legend(axes, [pair.arm, pair.control], looks, columns=1, most=46)
    over = baseline_words(pair.arm.baseline)
    caption = (
        f"Gain of {pair.arm.name} and of its control {pair.control.name} over {over}, in points"
    )
    return finish(axes.figure, names.unique("control", pair.control.name), caption)
