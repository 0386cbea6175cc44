"""The arms of a run, ready to read queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosslift.analysis.reported import refuse_unreported
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError, CrossLiftError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.planning.plan import ArmRun
from crosslift.planning.plan_study import plan_study
from crosslift.results.run_folder import RunFolder
from crosslift.studies.reading import saved_study


@dataclass(frozen=True)
class LiveArm:
    """An arm with the weights of its first seed.

    Args:
        name: name of the arm.
        baseline: the arm that it is compared with; possibly itself.
        run: its steps.
        notes: remarks for readers of its results.
    """

    name: str
    baseline: str
    run: ArmRun
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LiveRun:
    """A run whose arms can search.

    Args:
        folder: folder of the run.
        store: store with its artifacts.
        arms: arms whose weights the store holds, in the order of the run.
        missing: arm -> why it cannot search.
        targets: targets of the run, with their data.
    """

    folder: RunFolder
    store: Store
    arms: tuple[LiveArm, ...]
    missing: Mapping[str, str]
    targets: Mapping[str, LoadedTarget]


def open_run(path: Path, store: Store | None = None) -> LiveRun:
    """A run with the arms whose weights exist; nothing is trained.

    Args:
        path: folder of the run.
        store: with its artifacts; None: the one that the run used.

    Raises:
        DataError, StudyError: the folder, or the data of a target, cannot be read.
        ArtifactError: the store has the weights of no arm, or weights that have changed since the run.
    """
    folder = RunFolder.read(path)
    store = store or Store(Path(folder.run.store))
    study = saved_study(path)
    reported = {arm.name: arm for arm in folder.run.arms}
    plan = plan_study(study.without([name for name in study.arms if name not in reported]))
    arms: list[LiveArm] = []
    missing: dict[str, str] = {}
    for name, facts in reported.items():
        run = next(r for r in plan.runs if r.arm == name and r.seed == facts.seeds[0])
        try:
            _check_trained(folder, run, store)
        except CrossLiftError as error:
            missing[name] = error.what
            continue
        arms.append(
            LiveArm(name, facts.baseline, run, _notes(run, study.arms[name].postprocessing))
        )
    if not arms:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        raise ArtifactError(
            f"no arm of {path} can search: {reasons}",
            "the weights of its arms in the store",
            "run the study again: what exists is not made again",
        )
    return LiveRun(folder, store, tuple(arms), missing, plan.targets)


def _check_trained(folder: RunFolder, run: ArmRun, store: Store) -> None:
    trained = (*run.start_steps, *run.stage_steps)
    for step in trained:
        step.open(store)
    refuse_unreported(folder, trained, store)


def _notes(run: ArmRun, postprocessing: tuple[str, ...]) -> tuple[str, ...]:
    """The remarks on an arm."""
    notes = [f"seed {run.seed}"]
    if postprocessing:
        notes.append(
            f"without its post-processing ({', '.join(postprocessing)}), which is fitted on all texts "
            "of a target"
        )
    return tuple(notes)
