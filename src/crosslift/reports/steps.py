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
    """One step of the plan."""

    step: StepFacts
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
    steps: tuple[StepRow, ...]


def step_section(folder: RunFolder) -> StepSection:
    """The section of the report; every run has it."""
    return StepSection(
        made_on=environment_section(folder.run),
        kinds=tuple(step_kinds(folder)),
        steps=tuple(step_rows(folder)),
    )


def step_rows(folder: RunFolder) -> list[StepRow]:
    """Every step with its time and its peak of memory, in the order of the plan."""
    return [StepRow(s, duration(s.seconds), memory(s.peak_bytes)) for s in folder.run.steps]


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
