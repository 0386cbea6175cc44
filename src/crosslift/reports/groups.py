"""The effect of each arm by language family and by script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.errors import DataError
from crosslift.reports.language_names import name_of
from crosslift.reports.outcomes import mark_of
from crosslift.reports.score_tables import EffectCell
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.group_effect import GROUPS_FILE, GroupEffect
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import interval, listed, signed_points


@dataclass(frozen=True)
class GroupRow:
    """A family or script.

    Args:
        group: its name.
        size: number of its languages.
        languages: their names.
        cells: the effect of each arm; None if it has none.
    """

    group: str
    size: int
    languages: str
    cells: tuple[EffectCell | None, ...]


@dataclass(frozen=True)
class GroupTable:
    """The effects of the arms of one start on one target, by family or by script."""

    grouping: str
    target: TargetFacts
    baseline: str
    start: str
    arms: tuple[ArmFacts, ...]
    rows: tuple[GroupRow, ...]

    @property
    def several(self) -> tuple[GroupRow, ...]:
        """The groups of more than one language."""
        return tuple(row for row in self.rows if row.size > 1)

    @property
    def alone(self) -> tuple[GroupRow, ...]:
        """The groups of one language, which say something of that language alone."""
        return tuple(row for row in self.rows if row.size == 1)


@dataclass(frozen=True)
class GroupTarget:
    """The tables of one target: of each start, by family and by script."""

    target: TargetFacts
    tables: tuple[GroupTable, ...]


@dataclass(frozen=True)
class GroupSection:
    """What the section of the report shows."""

    targets: tuple[GroupTarget, ...]


def group_section(folder: RunFolder) -> GroupSection | None:
    """Read ``groups.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        The section; None if the folder lacks the file or nothing was compared.

    Raises:
        DataError: the file is malformed, or the arms of a table differ in the languages of a group.
        UnknownNameError: it names an arm or a target that the run does not have.
    """
    effects = read_optional_json_file(folder.path / GROUPS_FILE, tuple[GroupEffect, ...])
    if not effects:
        return None
    by_table: dict[tuple[str, str, str], list[GroupEffect]] = {}
    for entry in effects:
        key = (folder.target(entry.target).name, folder.arm(entry.against).name, entry.grouping)
        by_table.setdefault(key, []).append(entry)
    order = {name: place for place, name in enumerate(folder.baselines)}
    tables = [
        _table(folder, key, by_table[key])
        for key in sorted(by_table, key=lambda key: (order.get(key[1], len(order)), key[2]))
    ]
    by_target = [(t, tuple(x for x in tables if x.target == t)) for t in folder.run.targets]
    return GroupSection(tuple(GroupTarget(target, some) for target, some in by_target if some))


def _table(
    folder: RunFolder, key: tuple[str, str, str], entries: Sequence[GroupEffect]
) -> GroupTable:
    target, baseline, grouping = key
    arm_names = {folder.arm(entry.arm).name for entry in entries}
    arms = tuple(arm for arm in folder.run.arms if arm.name in arm_names)
    groups: dict[str, dict[str, GroupEffect]] = {}
    for entry in entries:
        groups.setdefault(entry.group, {})[entry.arm] = entry
    rows = (_row(folder, group, arms, of_group) for group, of_group in sorted(groups.items()))
    start = folder.arm(baseline).start
    return GroupTable(grouping, folder.target(target), baseline, start, arms, tuple(rows))


def _row(
    folder: RunFolder, group: str, arms: Sequence[ArmFacts], effects: dict[str, GroupEffect]
) -> GroupRow:
    languages = {entry.languages for entry in effects.values()}
    if len(languages) > 1:
        raise DataError(
            f"{folder.path / GROUPS_FILE}: arms were measured on different languages of {group}: "
            f"{listed([' '.join(codes) for codes in sorted(languages)])}",
            "the same languages of a group for every arm of a target",
            "run the study again with this version; finished steps are not repeated",
        )
    codes = languages.pop()
    cells = tuple(_cell(effects.get(arm.name)) for arm in arms)
    return GroupRow(group, len(codes), ", ".join(sorted(map(name_of, codes))), cells)


def _cell(entry: GroupEffect | None) -> EffectCell | None:
    if entry is None:
        return None
    span = interval(entry.low, entry.high)
    return EffectCell(signed_points(entry.effect), span, mark_of(entry.verdict))
