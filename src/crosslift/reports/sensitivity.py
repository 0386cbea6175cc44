"""How the verdicts change under other methods and protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.reports.outcomes import mark_of
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.sensitivity import SENSITIVITY_FILE, ProtocolVerdict, Sensitivity
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import Verdict
from crosslift.wording import p_value


@dataclass(frozen=True)
class ProtocolCell:
    """The verdict under one protocol.

    Args:
        protocol: its id, with the metric.
        effect: with its interval, in words.
        outcome: the mark, see `mark_of`.
    """

    protocol: str
    effect: str
    outcome: str


@dataclass(frozen=True)
class SensitivityRow:
    """One comparison.

    Args:
        pair: the two arms, in words.
        outcome: the mark of its verdict.
        effect: effect in these languages, with its interval.
        up: "n of m" languages in which the arm is better.
        general: the interval that resamples languages; empty: one language.
        families: the interval that resamples families, with their number; empty: fewer than two.
        wins: probability that the arm is better on a query, in percent.
        flips: queries gained and lost; empty: outcomes are not right or wrong.
        signs: p-value of the randomization test.
        protocols: see `ProtocolCell`.
    """

    pair: str
    outcome: str
    effect: str
    up: str
    general: str
    families: str
    wins: str
    flips: str
    signs: str
    protocols: tuple[ProtocolCell, ...]


@dataclass(frozen=True)
class SensitivityTable:
    """The comparisons on one target."""

    target: TargetFacts
    rows: tuple[SensitivityRow, ...]

    @property
    def has_protocols(self) -> bool:
        """Whether the target was scored under several protocols."""
        return any(row.protocols for row in self.rows)


@dataclass(frozen=True)
class SensitivitySection:
    """What the section of the report shows."""

    tables: tuple[SensitivityTable, ...]


def sensitivity_section(folder: RunFolder) -> SensitivitySection | None:
    """Read ``sensitivity.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        The section; None if the folder lacks the file, or nothing was compared.

    Raises:
        DataError: the file is malformed.
        UnknownNameError: it names an arm or a target that the run does not have.
    """
    entries = read_optional_json_file(folder.path / SENSITIVITY_FILE, tuple[Sensitivity, ...])
    if not entries:
        return None
    verdicts = {(v.arm, v.against, v.target): v for v in folder.verdicts if v.subset == "all"}
    tables = [
        SensitivityTable(target, tuple(_rows(folder, target, entries, verdicts)))
        for target in folder.run.targets
    ]
    return SensitivitySection(tuple(table for table in tables if table.rows))


def _rows(
    folder: RunFolder,
    target: TargetFacts,
    entries: Sequence[Sensitivity],
    verdicts: dict[tuple[str, str, str], Verdict],
) -> list[SensitivityRow]:
    rows = []
    for entry in entries:
        verdict = verdicts.get((entry.arm, entry.against, entry.target))
        if entry.target == target.name and verdict is not None:
            names = folder.arm(entry.arm).name, folder.arm(entry.against).name
            rows.append(_row(" \u2212 ".join(names), entry, verdict))
    return rows


def _row(pair: str, entry: Sensitivity, verdict: Verdict) -> SensitivityRow:
    families = _ends(entry.metric, entry.families_low, entry.families_high)
    return SensitivityRow(
        pair=pair,
        outcome=mark_of(verdict.verdict),
        effect=_effect(entry.metric, verdict.effect, verdict.low, verdict.high),
        up=f"{entry.languages_up} of {entry.n_languages}",
        general=_ends(entry.metric, entry.general_low, entry.general_high),
        families=f"{families} ({entry.n_families})" if families else "",
        wins=f"{100 * entry.win_probability:.1f}%",
        flips=_flips(entry),
        signs=p_value(entry.p_sign_flips).removeprefix("= "),
        protocols=tuple(_cell(each) for each in entry.protocols),
    )


def _flips(entry: Sensitivity) -> str:
    if entry.gained is None or entry.lost is None:
        return ""
    return f"+{entry.gained:,.0f} \u2212{entry.lost:,.0f}"


def _cell(entry: ProtocolVerdict) -> ProtocolCell:
    effect = _effect(entry.metric, entry.effect, entry.low, entry.high)
    title = f"{entry.protocol}, {described(entry.metric).title}"
    return ProtocolCell(title, effect, mark_of(entry.verdict))


def _effect(metric: str, effect: float, low: float, high: float) -> str:
    return f"{described(metric).change(effect)} {_ends(metric, low, high)}"


def _ends(metric: str, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    end = described(metric).end
    return f"[{end(low)}, {end(high)}]"
