"""Which languages queries find in a pool of several, arm by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.errors import DataError
from crosslift.reports.language_names import name_of
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.language_bias import (
    BIAS_FILE,
    EVERY_QUERY,
    OTHERS,
    OWN_LANGUAGE,
    LanguageBiasOfArm,
)
from crosslift.results.result_record import RUN_AGAIN, read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import interval, percent, signed_points


@dataclass(frozen=True)
class BiasCell:
    """A number with its interval; both are empty where it is not defined."""

    value: str
    span: str


@dataclass(frozen=True)
class BiasRow:
    """What an arm finds with the queries of one language, or of all.

    Args:
        arm: the arm.
        language: language of the queries, in words.
        own_top: share of the first ten passages that are in the language of the query.
        own_pool: share of the pool's passages that are.
        found_own: share of the relevant passages in the language of the query among the first ten.
        found: the same in the other languages.
        behind: the difference of the two.
        closer: share of the pairs in which the passage in the language of the query is closer.
    """

    arm: ArmFacts
    language: str
    own_top: BiasCell
    own_pool: str
    found_own: str
    found: str
    behind: BiasCell
    closer: BiasCell


@dataclass(frozen=True)
class ShareRow:
    """A language of the pool: its share of the pool, and of the first ten passages of each arm."""

    language: str
    pool: str
    tops: tuple[BiasCell, ...]


@dataclass(frozen=True)
class BiasTable:
    """One target, under its primary protocol: means over the languages of queries, each language, and
    the languages of the pool."""

    target: TargetFacts
    arms: tuple[ArmFacts, ...]
    means: tuple[BiasRow, ...]
    languages: tuple[BiasRow, ...]
    shares: tuple[ShareRow, ...]


@dataclass(frozen=True)
class BiasSection:
    """What the section of the report shows."""

    tables: tuple[BiasTable, ...]


_Entries = dict[tuple[str, str, str], LanguageBiasOfArm]
"""Arm, language of queries and language of passages -> entry."""


def language_bias_section(folder: RunFolder) -> BiasSection | None:
    """Reads ``language_bias.json`` and makes the section of it.

    Args:
        folder: the run.

    Returns:
        The tables; None if the folder has no such file.

    Raises:
        DataError: the file is malformed, or has an entry twice.
        UnknownNameError: it names an arm or a target that the run does not have.
    """
    path = folder.path / BIAS_FILE
    entries = read_optional_json_file(path, tuple[LanguageBiasOfArm, ...]) or ()
    by_target: dict[str, _Entries] = {}
    for entry in entries:
        key = (folder.arm(entry.arm).name, entry.language, entry.pool_language)
        of_target = by_target.setdefault(folder.target(entry.target).name, {})
        if key in of_target:
            raise DataError(f"{path} holds {entry.target}, {key} twice", "each once", RUN_AGAIN)
        of_target[key] = entry
    tables = [
        _table(folder, target, by_target[target.name])
        for target in folder.run.targets
        if target.name in by_target
    ]
    return BiasSection(tuple(tables)) if tables else None


def _table(folder: RunFolder, target: TargetFacts, entries: _Entries) -> BiasTable:
    names = {arm for arm, _, _ in entries}
    arms = tuple(arm for arm in folder.run.arms if arm.name in names)
    codes = list(dict.fromkeys(language for _, language, _ in entries if language != EVERY_QUERY))
    means = [_row(entries, arm, EVERY_QUERY, OWN_LANGUAGE, "all") for arm in arms]
    languages = [_row(entries, arm, code, code, name_of(code)) for code in codes for arm in arms]
    return BiasTable(
        target,
        arms,
        tuple(row for row in means if row is not None),
        tuple(row for row in languages if row is not None),
        _shares(entries, arms, codes),
    )


def _row(entries: _Entries, arm: ArmFacts, language: str, own: str, words: str) -> BiasRow | None:
    of_own, others = (entries.get((arm.name, language, name)) for name in (own, OTHERS))
    if of_own is None or others is None:
        return None
    return BiasRow(
        arm,
        words,
        BiasCell(percent(of_own.top_share), _span(of_own.top_low, of_own.top_high)),
        percent(of_own.pool_share),
        _percent(others.found_own),
        _percent(others.found),
        _points(others),
        BiasCell(_percent(others.closer), _span(others.closer_low, others.closer_high)),
    )


def _shares(
    entries: _Entries, arms: Sequence[ArmFacts], codes: Sequence[str]
) -> tuple[ShareRow, ...]:
    """The languages of the pool; with queries in one language, those of its queries."""
    queries = EVERY_QUERY if len(codes) > 1 else codes[0]
    names = (OWN_LANGUAGE, OTHERS)
    pool = dict.fromkeys(p for _, q, p in entries if q == queries and p not in names)
    rows = []
    for code in pool:
        cells = [entries[arm.name, queries, code] for arm in arms]
        tops = (BiasCell(percent(c.top_share), _span(c.top_low, c.top_high)) for c in cells)
        rows.append(ShareRow(name_of(code), percent(cells[0].pool_share), tuple(tops)))
    return tuple(rows)


def _points(entry: LanguageBiasOfArm) -> BiasCell:
    if entry.behind is None or entry.behind_low is None or entry.behind_high is None:
        return BiasCell("", "")
    return BiasCell(signed_points(entry.behind), interval(entry.behind_low, entry.behind_high))


def _percent(value: float | None) -> str:
    return "" if value is None else percent(value)


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{percent(low)}, {percent(high)}]"
