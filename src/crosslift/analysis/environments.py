"""Which environments the steps of a run were made in, as ``run.json`` lists them."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.artifacts.environment import Environment, differing_facts, environment
from crosslift.artifacts.manifest import Manifest
from crosslift.planning.plan import Plan
from crosslift.results.step_facts import RunEnvironment
from crosslift.steps.run import StepRecord


class RunEnvironments:
    """The distinct environments of a run: those of its steps, and that of this process.

    A step whose artifact was in the store has the environment of the process that made it.

    Args:
        plan: plan of the run.
        records: records of its steps.
    """

    def __init__(self, plan: Plan, records: Sequence[StepRecord]) -> None:
        self._plan = plan
        self._records = records
        self._distinct: list[Environment] = []
        for record in records:
            for facts in record.manifest.environments:
                self._number(facts)
        self._of_steps = len(self._distinct)
        self.written_in = self._number(environment())
        """Index of the environment of this process."""

    def _number(self, facts: Environment) -> int:
        if facts not in self._distinct:
            self._distinct.append(facts)
        return self._distinct.index(facts)

    def of_step(self, manifest: Manifest) -> tuple[int, ...]:
        """Indices of the environments that a step was made in; the environment of the last process
        comes first."""
        return tuple(self._number(facts) for facts in manifest.environments)

    def entries(self) -> tuple[RunEnvironment, ...]:
        """Every environment, with the steps that were made in it."""
        return tuple(self._entry(number, facts) for number, facts in enumerate(self._distinct))

    def differing(self) -> tuple[str, ...]:
        """The facts that can change a number and that are not the same for all steps."""
        return tuple(differing_facts(self._distinct[: self._of_steps]))

    def _entry(self, number: int, facts: Environment) -> RunEnvironment:
        keys = {r.step.key for r in self._records if number in self.of_step(r.manifest)}
        runs = [run for run in self._plan.runs if any(step.key in keys for step in run.steps())]
        arms = tuple(dict.fromkeys(run.arm for run in runs))
        return RunEnvironment(facts=facts, steps=len(keys), arms=arms)
