"""Makes the steps that a submission reads, and checks that they equal those of the run."""

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
    """Makes steps in the store of a run, and refuses steps that differ from what the run reports.

    Args:
        folder: folder of the run.
        store: store of the run.
        listener: receives the progress of the work.
        trust_code: use artifacts that other code made.
        records: key -> record of each step made so far.
    """

    folder: RunFolder
    store: Store
    listener: Listener
    trust_code: bool = False
    records: dict[str, StepRecord] = field(default_factory=dict)

    def make(self, ends: Sequence[Step]) -> None:
        """Makes steps and their inputs, unless they are up to date.

        Raises:
            ArtifactError: a new artifact differs from the one that the run reports.
            CrossLiftError: a step fails; the store keeps all finished steps.
        """
        made = make_steps(ends, self.store, self.listener, trust_code=self.trust_code)
        self.records.update((record.step.key, record) for record in made)
        refuse_unreported(self.folder, [record.step for record in made], self.store)

    @property
    def by_other_code(self) -> list[StepRecord]:
        """The steps whose artifacts other code made, and which were used nevertheless."""
        return [record for record in self.records.values() if record.other_code]
