"""The interface of graphs that the step engine runs, such as the plan of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, Self, TypeVar

from crosslift.errors import CrossLiftError
from crosslift.steps.step import Step


class StepGraph(Protocol):
    """Steps that are run together."""

    @property
    def name(self) -> str:
        """Name of the study that needs the steps."""
        ...

    @property
    def incomplete(self) -> bool:
        """Whether a part of the study could not be planned."""
        ...

    def steps(self) -> list[Step]:
        """Every distinct step, each after its inputs, in the order they are run."""
        ...

    def places(self) -> Iterator[tuple[str, Step]]:
        """Every place of a step, in words that do not change with the settings, with the step there.

        The inputs of a step have separate places (see `with_input_places`).
        """
        ...

    def without(self, failed: Mapping[str, CrossLiftError]) -> Self:
        """The graph without the parts that need a step that failed.

        Args:
            failed: key of a step -> reason why it could not be made.

        Raises:
            CrossLiftError: no useful part remains.
        """
        ...


Graph = TypeVar("Graph", bound=StepGraph)


def inputs_first(steps: Sequence[Step]) -> Iterator[Step]:
    """The inputs of some steps with all their inputs, role by role, then the steps themselves; some
    steps come several times."""
    roles = dict.fromkeys(role for step in steps for role in step.inputs)
    for role in roles:
        for step in steps:
            if role in step.inputs:
                yield from step.inputs[role].with_inputs()
    yield from steps


def with_input_places(place: str, step: Step) -> Iterator[tuple[str, Step]]:
    """A step at its place, and all its inputs at places below it."""
    yield place, step
    for role, before in step.inputs.items():
        yield from with_input_places(f"{place}/{role}", before)
