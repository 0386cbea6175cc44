"""Scores by language as tables with coloured cells: languages grouped by family and script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from crosslift.metrics.table import described
from crosslift.reports.language_names import NO_FAMILY, family_of, name_of, script_of
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.reports.seen_photographs import seen_photographs
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import plural

LEVELS = 7
LEAST_SPAN = 0.05
ONE_LANGUAGE = "Families of one language"


@dataclass(frozen=True)
class HeatCell:
    """A number and the class of its colour; ``text`` is empty if there is no score."""

    text: str
    shade: str


@dataclass(frozen=True)
class HeatRow:
    """A language, or the mean over languages.

    Args:
        code: code of the language.
        name: in English.
        script: in English; empty for the mean.
        cells: one an arm; empty for a gap.
        gap: the reason why it has no scores; empty if it has some.
        family: named beside it, as its group holds several; empty otherwise.
    """

    code: str
    name: str
    script: str
    cells: tuple[HeatCell, ...]
    gap: str
    family: str = ""


@dataclass(frozen=True)
class HeatGroup:
    """The languages of one family, or of all families that have one language here."""

    family: str
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True)
class HeatTable:
    """One heat map: languages down, arms across.

    Args:
        arms: the columns.
        mean: the row of the mean over languages.
        groups: the other rows.
        low: the number of the lightest colour, as text.
        high: the number of the darkest colour, as text.
        signed: True for differences: two colours, none at zero.
    """

    arms: tuple[ArmFacts, ...]
    mean: HeatRow
    groups: tuple[HeatGroup, ...]
    low: str
    high: str
    signed: bool


@dataclass(frozen=True)
class HeatPair:
    """The two heat maps of a target.

    Args:
        notes: languages, each with a note on its texts.
        left_out: which items are not measured, over all languages; empty if all are.
        seen_photographs: which image towers were trained on its photographs; empty if none was.
    """

    target: TargetFacts
    differences: HeatTable | None
    scores: HeatTable
    gaps: int
    notes: tuple[tuple[str, str], ...]
    left_out: str
    seen_photographs: str


def heat_pairs(folder: RunFolder, index: ScoreIndex) -> list[HeatPair]:
    """The difference to each arm's own baseline and the score, by language, for each target."""
    return [
        HeatPair(
            target=target,
            differences=_differences(folder, index, target),
            scores=_scores(folder, index, target),
            gaps=len(target.gaps),
            notes=tuple((name_of(entry.language), entry.note) for entry in target.notes),
            left_out=_left_out(target),
            seen_photographs=seen_photographs(target, folder.run.arms),
        )
        for target in folder.run.targets
    ]


def language_section(folder: RunFolder) -> list[HeatPair]:
    """The section of the report."""
    return heat_pairs(folder, ScoreIndex(folder))


def _left_out(target: TargetFacts) -> str:
    totals: Counter[str] = Counter()
    for counts in target.left_out.values():
        totals.update(counts)
    return "; ".join(f"{plural(count, 'item')}, {reason}" for reason, count in totals.items())


Values = dict[tuple[str, str], float]


def score_shade(share: float) -> str:
    """The class of the colour of a score.

    Args:
        share: its position from the lightest to the darkest end of the scale, in [0, 1]; beyond the
            ends, it has the colour of the end.
    """
    return f"s{min(max(round(share * LEVELS), 0), LEVELS)}"


def change_shade(share: float, better: bool) -> str:
    """The class of the colour of a difference.

    Args:
        share: its size as a share of the end of the scale, at least 0; beyond 1, it has the colour
            of the end.
        better: whether it is an improvement, which has its own colour.
    """
    return f"{'p' if better else 'n'}{min(round(share * LEVELS), LEVELS)}"


def _scores(folder: RunFolder, index: ScoreIndex, target: TargetFacts) -> HeatTable:
    values = _values(folder.run.arms, index, target)
    of_languages = [value for (code, _), value in values.items() if code != MACRO]
    low, high = min(of_languages, default=0.0), max(of_languages, default=1.0)
    span = max(high - low, LEAST_SPAN)
    metric = described(target.metric)
    paler = metric.lower_is_better  # the better, the darker

    def cell(code: str, arm: ArmFacts) -> HeatCell:
        value = values.get((code, arm.name))
        if value is None:
            return HeatCell("", "")
        shade = score_shade((high - value if paler else value - low) / span)
        return HeatCell(metric.score(value), shade)

    arms = _scored(folder, values)
    rows = _rows(target, arms, cell)
    ends = [metric.score(value) for value in ((high, low) if paler else (low, high))]
    return HeatTable(arms, rows[0], _grouped(rows[1:]), ends[0], ends[1], False)


def _scored(folder: RunFolder, values: Values) -> tuple[ArmFacts, ...]:
    """The arms that have a score (an arm without an image tower has none on pictures)."""
    scored_names = {arm for _, arm in values}
    return tuple(arm for arm in folder.run.arms if arm.name in scored_names)


def _differences(folder: RunFolder, index: ScoreIndex, target: TargetFacts) -> HeatTable | None:
    values = _values(folder.run.arms, index, target)
    scored = {arm.name: arm for arm in _scored(folder, values)}
    arms = tuple(a for a in scored.values() if a.baseline != a.name and a.baseline in scored)
    if not arms:
        return None
    effects = {
        (code, arm.name): values[code, arm.name] - values[code, arm.baseline]
        for arm in arms
        for code in (MACRO, *target.languages)
        if (code, arm.name) in values and (code, arm.baseline) in values
    }
    metric = described(target.metric)
    span = max([LEAST_SPAN, *(abs(v) for (code, _), v in effects.items() if code != MACRO)])

    def cell(code: str, arm: ArmFacts) -> HeatCell:
        effect = effects.get((code, arm.name))
        if effect is None:
            return HeatCell("", "")
        shade = change_shade(abs(effect) / span, metric.is_better(effect))
        return HeatCell(metric.change(effect), shade)

    rows = _rows(target, arms, cell)
    worst = span if metric.lower_is_better else -span
    ends = [metric.change(value) for value in (worst, -worst)]
    return HeatTable(arms, rows[0], _grouped(rows[1:]), ends[0], ends[1], True)


def _values(arms: Sequence[ArmFacts], index: ScoreIndex, target: TargetFacts) -> Values:
    codes = (MACRO, *target.languages)
    values = {
        (code, arm.name): index.mean(arm.name, target, code) for code in codes for arm in arms
    }
    return {key: value for key, value in values.items() if value is not None}


def _rows(
    target: TargetFacts, arms: Sequence[ArmFacts], cell: Callable[[str, ArmFacts], HeatCell]
) -> list[HeatRow]:
    gaps = {gap.language: gap.reason for gap in target.gaps}
    codes = [MACRO, *dict.fromkeys((*target.languages, *gaps))]
    return [
        HeatRow(
            code=code,
            name="Mean over languages" if code == MACRO else name_of(code),
            script="" if code == MACRO else script_of(code),
            cells=() if code in gaps else tuple(cell(code, arm) for arm in arms),
            gap=gaps.get(code, ""),
        )
        for code in codes
    ]


def _grouped(rows: Sequence[HeatRow]) -> tuple[HeatGroup, ...]:
    groups: dict[str, list[HeatRow]] = {}
    for row in rows:
        groups.setdefault(family_of(row.code), []).append(row)
    alone = {family: group[0] for family, group in groups.items() if len(group) == 1}
    alone.pop(NO_FAMILY, None)
    if len(alone) > 1:
        groups = {family: group for family, group in groups.items() if family not in alone}
        groups[ONE_LANGUAGE] = [replace(row, family=family) for family, row in alone.items()]
    ordered = sorted(groups, key=lambda family: (family in (NO_FAMILY, ONE_LANGUAGE), family))
    return tuple(
        HeatGroup(family, tuple(sorted(groups[family], key=lambda row: (row.script, row.name))))
        for family in ordered
    )
