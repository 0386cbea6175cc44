"""Where the effect of an arm comes from: its difference to each of its controls, in words and plots."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.errors import shorten
from crosslift.reports.axes import Names, effect_axes, interval_mark, limits_of, row_words
from crosslift.reports.looks import Look, looks_of
from crosslift.reports.outcomes import mark_of
from crosslift.reports.score_tables import query_word
from crosslift.reports.svg import Plot, drawing, finish
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.effect_parts import Attribution, EffectPart, Figure
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import interval, plural, signed_points

WHOLE = "whole effect"
_ROW = 44


@dataclass(frozen=True)
class FigureCell:
    """One difference as a table shows it.

    Args:
        pair: the two arms, in words.
        effect: in points, with its sign.
        interval: interval of the effect.
        outcome: the mark, see `mark_of`.
        verdict: whether the difference is shown, in words.
        sizes: its queries, languages and seeds.
    """

    pair: str
    effect: str
    interval: str
    outcome: str
    verdict: str
    sizes: str


@dataclass(frozen=True)
class SourceRow:
    """A part of an effect; ``rest`` is the rest of the whole, None in the row of the whole."""

    source: str
    figure: FigureCell
    rest: FigureCell | None


@dataclass(frozen=True)
class SourceTable:
    """The effect of an arm on one target."""

    target: TargetFacts
    sentence: str
    rows: tuple[SourceRow, ...]


@dataclass(frozen=True)
class SourceArm:
    """An arm with controls, over all targets."""

    arm: ArmFacts
    plots: tuple[Plot, ...]
    tables: tuple[SourceTable, ...]
    gains: tuple[str, ...]


@dataclass(frozen=True)
class SourceSection:
    """What the section of the report shows."""

    arms: tuple[SourceArm, ...]

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of all arms."""
        return tuple(plot for entry in self.arms for plot in entry.plots)


def source_section(folder: RunFolder) -> SourceSection | None:
    """Make the section of the run's attributions.

    Args:
        folder: the run.

    Returns:
        The section; None if no arm has controls, or the run is of an earlier version.

    Raises:
        UnknownNameError: an attribution names an arm or a target that the run does not have.
    """
    by_arm: dict[str, list[Attribution]] = {}
    for attribution in folder.run.attributions:
        by_arm.setdefault(folder.arm(attribution.arm).name, []).append(attribution)
    looks, names = looks_of(folder.run.arms), Names()
    with drawing():
        arms = tuple(
            _source_arm(folder, folder.arm(arm), entries, looks, names)
            for arm, entries in by_arm.items()
        )
    return SourceSection(arms) if arms else None


def _source_arm(
    folder: RunFolder,
    arm: ArmFacts,
    entries: list[Attribution],
    looks: dict[str, Look],
    names: Names,
) -> SourceArm:
    limits = limits_of(
        figure for e in entries for figure in (e.whole, *(part.named for part in e.parts))
    )
    return SourceArm(
        arm=arm,
        plots=tuple(_plot(folder, entry, looks, limits, names) for entry in entries),
        tables=tuple(_table(folder, entry) for entry in entries),
        gains=tuple(gain.sentence for gain in folder.run.gains if gain.arm == arm.name),
    )


def _table(folder: RunFolder, entry: Attribution) -> SourceTable:
    target = folder.target(entry.target)
    rows = [SourceRow(WHOLE, _cell(entry.whole, target), None)]
    rows += [
        SourceRow(part.source, _cell(part.named, target), _cell(part.rest, target))
        for part in entry.parts
    ]
    return SourceTable(target, entry.sentence, tuple(rows))


def _cell(figure: Figure, target: TargetFacts) -> FigureCell:
    sizes = (
        plural(figure.n_queries, query_word(target)),
        plural(figure.n_languages, "language"),
        plural(figure.seeds, "seed"),
    )
    return FigureCell(
        pair=f"{figure.arm} against {figure.against}",
        effect=signed_points(figure.effect),
        interval=interval(figure.low, figure.high),
        outcome=mark_of(figure.verdict),
        verdict=figure.shown,
        sizes=", ".join(sizes),
    )


def _plot(
    folder: RunFolder,
    entry: Attribution,
    looks: dict[str, Look],
    limits: tuple[float, float],
    names: Names,
) -> Plot:
    target = folder.target(entry.target)
    rows: list[tuple[str, Figure, Look]] = [(WHOLE, entry.whole, looks[entry.arm])]
    rows += [(part.source, part.named, looks[_control(folder, part)]) for part in entry.parts]
    axes = effect_axes(target.title, len(rows), _ROW, limits, 0)
    for index, (source, figure, look) in enumerate(rows):
        top = index * _ROW
        effect_words = f"{signed_points(figure.effect)}  {interval(figure.low, figure.high)}"
        row_words(
            axes, top + 12, shorten(source.replace("`", ""), 24), effect_words, bold=index == 0
        )
        interval_mark(axes, top + 30, figure, look)
    axes.set_xlabel("points, with 95% interval", size=11.5, labelpad=5)
    sentences = "; ".join(
        f"{source} {signed_points(f.effect)} {interval(f.low, f.high)}, {f.shown}"
        for source, f, _ in rows
    )
    caption = f"{target.title}: where the effect of {entry.arm} comes from, in points"
    return finish(axes.figure, names.unique("source", entry.arm, entry.target), caption, sentences)


def _control(folder: RunFolder, part: EffectPart) -> str:
    return folder.arm(part.control).name
