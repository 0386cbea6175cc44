"""The environments and steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.reports.environments import EnvironmentSection, environment_section
from crosslift.results.run_folder import RunFolder
from crosslift.results.step_facts import StepFacts
from crosslift.wording import duration, memory


@dataclass(frozen=True)
class StepRow:
    """One step of the plan, or several of one group that belong to the same arm and seed.

    Args:
        step: the step, or the first of them.
        name: in words.
        time: time that the steps took together.
        peak: highest memory peak of the steps.
    """

    step: StepFacts
    name: str
    time: str
    peak: str


@dataclass(frozen=True)
class StepKind:
    """All steps of one kind together."""

    kind: str
    made: int
    reused: int
    time: str


@dataclass(frozen=True)
class StepSection:
    """What the section of the report shows."""

    made_on: EnvironmentSection
    kinds: tuple[StepKind, ...]
    count: int
    steps: tuple[StepRow, ...]


def step_section(folder: RunFolder) -> StepSection:
    """The section of the report; every run has it."""
    return StepSection(
        made_on=environment_section(folder.run),
        kinds=tuple(step_kinds(folder)),
        count=len(folder.run.steps),
        steps=tuple(step_rows(folder)),
    )


def step_rows(folder: RunFolder) -> list[StepRow]:
    """Every step with its time and its peak of memory, in the order of the plan; steps of one group,
    such as the languages of a target, have one row for each arm and seed."""
    rows: dict[tuple[object, ...], list[StepFacts]] = {}
    for step in folder.run.steps:
        alike = (step.kind, step.group or step.key, step.arm, step.seed, step.reused)
        rows.setdefault((*alike, step.environments), []).append(step)
    return [_row(steps) for steps in rows.values()]


def _row(steps: Sequence[StepFacts]) -> StepRow:
    first, count = steps[0], len(steps)
    name = first.label if count == 1 else f"{first.group} ({count} parts)"
    peaks = [step.peak_bytes for step in steps if step.peak_bytes is not None]
    time = duration(sum(step.seconds for step in steps))
    return StepRow(first, f"{first.kind}: {name}", time, memory(max(peaks, default=None)))


def step_kinds(folder: RunFolder) -> list[StepKind]:
    """The steps of each kind: how many were made, how many reused, and the time of making."""
    kinds: dict[str, list[StepFacts]] = {}
    for step in folder.run.steps:
        kinds.setdefault(step.kind, []).append(step)
    return [_step_kind(kind, steps) for kind, steps in kinds.items()]


def _step_kind(kind: str, steps: Sequence[StepFacts]) -> StepKind:
    made = [step for step in steps if not step.reused]
    time = duration(sum(step.seconds for step in made))
    return StepKind(kind, len(made), len(steps) - len(made), time)
