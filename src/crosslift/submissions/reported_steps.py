"""The steps that a submission reads, made as those of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crosslift.analysis.reported import refuse_unreported
from crosslift.artifacts.store import Store
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import Listener, StepRecord, make_steps
from crosslift.steps.step import Step


@dataclass(frozen=True)
class ReportedSteps:
    """Makes steps in the store of a run, and refuses those that differ from what the run reports.

    Args:
        folder: of the run.
        store: of the run.
        listener: told of the work as it goes.
        trust_code: artifacts that other code made are taken as they are.
        records: key -> what became of each step so far.
    """

    folder: RunFolder
    store: Store
    listener: Listener
    trust_code: bool = False
    records: dict[str, StepRecord] = field(default_factory=dict)

    def make(self, ends: Sequence[Step]) -> None:
        """Makes some steps and what they read, where they are not up to date.

        Raises:
            ArtifactError: what is made now has other bytes than the run reports.
            CrossLiftError: a step cannot be made; all steps made before it are kept.
        """
        made = make_steps(ends, self.store, self.listener, trust_code=self.trust_code)
        self.records.update((record.step.key, record) for record in made)
        refuse_unreported(self.folder, [record.step for record in made], self.store)

    @property
    def by_other_code(self) -> list[StepRecord]:
        """The steps whose artifacts other code made, taken as they are."""
        return [record for record in self.records.values() if record.other_code]
