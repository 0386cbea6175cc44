"""Before a run: finds the steps that it would make, and the errors that they would fail with."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.artifacts.store import Store
from crosslift.errors import CrossLiftError
from crosslift.steps.graph import Graph
from crosslift.steps.passing import Passing
from crosslift.steps.status import Status
from crosslift.steps.step import Step


def missing_steps(steps: Sequence[Step], store: Store, status: Status) -> list[Step]:
    """The steps of a plan that a run would make.

    The run makes fewer steps if an input is made again with the same bytes.

    Args:
        steps: steps of the plan.
        store: store of the artifacts.
        status: status of the store.
    """
    passing = Passing(steps, store, status)
    return [step for step in steps if passing.to_make(step)]


def check_needs(plan: Graph, missing: Sequence[Step], *, keep_going: bool = False) -> Graph:
    """Finds the errors that steps would fail with, before any step is made.

    Args:
        plan: graph of steps, such as the plan of a study.
        missing: steps of the plan that a run would make.
        keep_going: leave out the arms that need a step that would fail.

    Returns:
        The plan, without parts that cannot be carried out.

    Raises:
        CrossLiftError: the first reason. With `keep_going`, the baseline cannot be measured, or no arm
            can.
    """
    failed: dict[str, CrossLiftError] = {}
    for step in missing:
        try:
            step.check_needs()
        except CrossLiftError as error:
            if not keep_going:
                raise
            failed[step.key] = error
    return plan.without(failed) if failed else plan
