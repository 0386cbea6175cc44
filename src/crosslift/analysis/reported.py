"""Whether the artifacts that a store holds are those that a run folder reports."""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError
from crosslift.results.run_folder import RunFolder
from crosslift.steps.step import Step


def refuse_unreported(folder: RunFolder, steps: Iterable[Step], store: Store) -> None:
    """Refuses artifacts that are not those of a run, byte for byte.

    Their keys are equal because the settings are: other code, or the same code with other inputs, has
    made them again since. The folder of an earlier version records no digests, so that nothing is
    refused.

    Args:
        folder: folder of the run.
        steps: steps that are made, or whose artifacts left a trace.
        store: with the artifacts.

    Raises:
        ArtifactError: an artifact has another digest than the folder reports.
    """
    reported = {step.key: step.digest for step in folder.run.steps if step.digest is not None}
    for step in steps:
        trace = store.trace(step.kind, step.key)
        if trace is None or step.key not in reported or trace.digest == reported[step.key]:
            continue
        raise ArtifactError(
            f"{store.place(step.kind, step.key)} ({step.kind}: {step.label}) is not what "
            f"{folder.path} reports: it was made again since, and its digest is {trace.digest}",
            f"the artifact with the digest {reported[step.key]}",
            "run the study again: what exists is then reported as it is now; or name another run",
        )
