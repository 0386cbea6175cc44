"""Which environments the steps of a run were made in, as ``run.json`` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosslift.artifacts.environment import Environment, differing_facts, environment
from crosslift.artifacts.store import Manifest
from crosslift.planning.plan import Plan
from crosslift.steps.run import StepRecord


class RunEnvironments:
    """The distinct environments of a run: those of its steps, and that of this process.

    A step that was taken from the store has the environment of the process that made it.

    Args:
        plan: of the run.
        records: what became of its steps.
    """

    def __init__(self, plan: Plan, records: Sequence[StepRecord]) -> None:
        self._plan = plan
        self._records = records
        self._distinct: list[Environment] = []
        for record in records:
            for facts in record.manifest.environments:
                self._number(facts)
        self._of_steps = len(self._distinct)
        self._written_in = self._number(environment())

    def _number(self, facts: Environment) -> int:
        if facts not in self._distinct:
            self._distinct.append(facts)
        return self._distinct.index(facts)

    def of_step(self, manifest: Manifest) -> list[int]:
        """Places in the list of the environments that a step was made in, the last process's first."""
        return [self._number(facts) for facts in manifest.environments]

    def to_json(self) -> dict[str, Any]:
        """The entries of ``run.json`` that are not of a single step (docs/json.md)."""
        return {
            "environments": [
                {"facts": facts, **self._uses(number)}
                for number, facts in enumerate(self._distinct)
            ],
            "written_in": self._written_in,
            "differing": differing_facts(self._distinct[: self._of_steps]),
        }

    def _uses(self, number: int) -> dict[str, Any]:
        keys = {r.step.key for r in self._records if number in self.of_step(r.manifest)}
        runs = [run for run in self._plan.runs if any(step.key in keys for step in run.steps())]
        return {"steps": len(keys), "arms": list(dict.fromkeys(run.arm for run in runs))}
