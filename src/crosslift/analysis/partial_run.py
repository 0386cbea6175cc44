"""The folder of a run that was stopped: what is finished, read from the store.

``unfinished.json`` lies in the folder of a run from its start to its end. It holds what is needed to
write results and report of the part that is finished.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.store import Store
from crosslift.planning.finished_part import finished_part
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.results.partial_run import UNFINISHED_FILE, PartialRun, UnfinishedRun
from crosslift.results.result_record import read_optional_json_file, write_json_file
from crosslift.steps.run import StepRecord
from crosslift.steps.status import Status
from crosslift.studies.reading import study_of
from crosslift.studies.registration import Lock, Registered
from crosslift.studies.schema import Study


@contextmanager
def unfinished(
    folder: Path,
    study: Study,
    store: Store,
    registered: Registered | None,
    *,
    trust_code: bool,
) -> Iterator[None]:
    """Marks the folder of a run as unfinished while the block runs, and afterwards if it fails.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    make_folder(folder)
    mark = UnfinishedRun(
        study=study.model_dump(mode="json"),
        store=str(store.root),
        trust_code=trust_code,
        lock_place=str(registered.place) if registered else None,
        lock=registered.lock.model_dump(mode="json") if registered else None,
        differences=registered.differences if registered else (),
    )
    write_json_file(folder / UNFINISHED_FILE, mark)
    yield
    with disk_errors_explained(folder):
        (folder / UNFINISHED_FILE).unlink(missing_ok=True)


def write_partial_run(folder: Path) -> PartialRun | None:
    """Writes results and report of the finished part of a run that was stopped or is still running.

    Args:
        folder: folder of the run.

    Returns:
        The part that is left out; None if the folder is not that of an unfinished run, or too little is
        finished to compare two arms. Then nothing is written.

    Raises:
        CrossLiftError: the data of the study cannot be read, or the folder cannot be written.
    """
    mark = read_optional_json_file(folder / UNFINISHED_FILE, UnfinishedRun)
    if mark is None:
        return None
    store = Store(Path(mark.store))
    plan = plan_study(study_of(mark.study, str(folder / UNFINISHED_FILE)), keep_going=True)
    status = Status(store, trust_code=mark.trust_code)
    part = finished_part(plan, store, status)
    if part is None:
        return None
    from crosslift.analysis.write_run_folder import write_run_folder  # loads matplotlib

    finished, facts = part
    records = list(_records(finished, store, status))
    write_run_folder(finished, store, records, folder, _registered(mark, facts), facts)
    return facts


def _records(plan: Plan, store: Store, status: Status) -> Iterator[StepRecord]:
    for step in plan.steps():
        trace = store.trace(step.kind, step.key)
        if trace is not None:
            yield StepRecord(step, trace, True, status.other_code(step))


def _registered(mark: UnfinishedRun, facts: PartialRun) -> Registered | None:
    """The lock of the study, with what is not finished among the differences."""
    if mark.lock is None or mark.lock_place is None:
        return None
    missing = [f"arm {name}: registered, not finished" for name in facts.arms]
    if facts.seeds:
        missing.append(f"seeds {', '.join(map(str, facts.seeds))}: registered, not finished")
    lock = Lock.model_validate(mark.lock)
    return Registered(Path(mark.lock_place), lock, (*mark.differences, *missing))
