"""How each arm was made and what it spent, and what the tasks read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from crosslift.reports.choices import ChoiceTable, choice_tables, edge_sentences, tries_words
from crosslift.reports.prompts import prompt_sentences
from crosslift.reports.stages import StageWords, TaskRow, setting_words, stage_words, task_rows
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.wording import count, duration, large


@dataclass(frozen=True)
class BudgetRow:
    """The budget of an arm; ``tries`` is the cost of all tries of its choice together, and ``unequal``
    names the arms with another budget that it was compared with."""

    arm: ArmFacts
    cells: tuple[str, ...]
    tries: str
    unequal: tuple[str, ...]


@dataclass(frozen=True)
class ArmRow:
    """How an arm was made: its stages, and its settings of phase three, in words."""

    arm: ArmFacts
    stages: tuple[StageWords, ...]
    fine_tune: str


@dataclass(frozen=True)
class ArmSection:
    """What the section of the report shows.

    Args:
        prompts: which prompts the texts had, in sentences.
        budgets: what each arm spent.
        choices: which settings arms chose, and what they tried.
        edges: which chosen values lie at the edge of their grid, in sentences.
        arms: how each arm was made.
        tasks: what the tasks read.
    """

    prompts: tuple[str, ...]
    budgets: tuple[BudgetRow, ...]
    choices: tuple[ChoiceTable, ...]
    edges: tuple[str, ...]
    arms: tuple[ArmRow, ...]
    tasks: tuple[TaskRow, ...]


def arm_section(folder: RunFolder) -> ArmSection:
    """The section of the report; every run has it."""
    return ArmSection(
        prompts=prompt_sentences(folder.run),
        budgets=tuple(budget_rows(folder)),
        choices=tuple(choice_tables(folder.run.arms)),
        edges=tuple(edge_sentences(folder.run.arms)),
        arms=tuple(map(_arm_row, folder.run.arms)),
        tasks=tuple(task_rows(folder.run.arms)),
    )


def _arm_row(arm: ArmFacts) -> ArmRow:
    return ArmRow(arm, tuple(map(stage_words, arm.stages)), setting_words(arm.fine_tune))


def budget_rows(folder: RunFolder) -> list[BudgetRow]:
    """Updates, examples, tokens, TFLOP and time of each arm."""
    unequal: dict[str, dict[str, None]] = defaultdict(dict)
    for verdict in folder.verdicts:
        if not verdict.budget_equal:
            note = f": {verdict.budget_note}" if verdict.budget_note else ""
            unequal[verdict.arm][f"{verdict.against}{note}"] = None
    return [
        BudgetRow(arm, _budget_cells(arm), tries_words(arm), tuple(unequal[arm.name]))
        for arm in folder.run.arms
    ]


def _budget_cells(arm: ArmFacts) -> tuple[str, ...]:
    budget = arm.budget
    if not arm.stages and not budget.updates:
        return ("\u2013",) * 5
    return (
        count(budget.updates),
        count(budget.examples),
        count(budget.tokens),
        large(budget.flops / 1e12),
        duration(budget.seconds),
    )
