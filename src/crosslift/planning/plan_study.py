"""Makes the plan of a study."""

from __future__ import annotations

from collections.abc import Mapping

from crosslift.artifacts.read_once import reading_once
from crosslift.errors import CrossLiftError, StudyError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.planning.arm_runs import FineTuned, arm_runs
from crosslift.planning.choice_steps import Choices
from crosslift.planning.load_target import load_target
from crosslift.planning.picture_steps import picture_overlap_step
from crosslift.planning.plan import ArmRun, Plan, refuse_hollow
from crosslift.planning.study_tasks import StudyTasks
from crosslift.planning.target_steps import overlap_step
from crosslift.steps.step import Step
from crosslift.studies.schema import Study


@reading_once()
def plan_study(study: Study, *, keep_going: bool = False) -> Plan:
    """The plan of a study. Its data is read, and nothing is computed.

    Args:
        study: the study.
        keep_going: leave out arms whose data or encoder cannot be used, and name them in `failures`.

    Raises:
        CrossLiftError: data or an encoder's files cannot be used.
    """
    targets = {settings.name: load_target(settings) for settings in study.targets}
    tasks = StudyTasks()
    choices = Choices(study, targets, load_target)
    _refuse_unlabelled(targets)
    tuned = {
        name: FineTuned.of(study, loaded)
        for name, loaded in targets.items()
        if loaded.target.fine_tuned
    }
    runs: list[ArmRun] = []
    reasons: dict[str, CrossLiftError] = {}
    for name in study.arms:
        try:
            runs += arm_runs(study, name, targets, tasks, choices, tuned)
        except CrossLiftError as error:
            if not keep_going:
                raise
            reasons[name] = error
    refuse_hollow(study, reasons)
    return Plan(
        study.without(reasons),
        tuple(runs),
        targets,
        _overlaps(study, targets, tasks, tuned),
        _picture_overlaps(targets, tasks),
        {arm: str(error) for arm, error in reasons.items()},
    )


def arm_run(study: Study, arm: str, seed: int) -> ArmRun:
    """An arm of a study with a seed, without any target."""
    only = study.model_copy(update={"arms": {arm: study.arms[arm]}, "targets": (), "sweep": None})
    by_seed = {run.seed: run for run in plan_study(only).runs}
    return by_seed.get(seed) or next(iter(by_seed.values()))


def _refuse_unlabelled(targets: Mapping[str, LoadedTarget]) -> None:
    if targets and not any(loaded.data.can_be_scored for loaded in targets.values()):
        raise StudyError(
            f"no target of the study has labels: {', '.join(targets)}",
            "a target that can be scored",
            "score `split: dev` of one, for example; `crosslift xtreme predict` answers test sets",
        )


def _overlaps(
    study: Study,
    targets: Mapping[str, LoadedTarget],
    tasks: StudyTasks,
    tuned: Mapping[str, FineTuned],
) -> dict[tuple[str, str], Step]:
    """(task, target) -> the step that compares their texts, also for the task that fine-tunes on a
    target."""
    overlaps = {
        (title, name): overlap_step(run, loaded, study.overlap_threshold)
        for title, run in tasks.of_texts().items()
        for name, loaded in targets.items()
    }
    overlaps |= {
        (f"{each.english.task.name} (fine-tuning)", name): overlap_step(
            each.english, each.loaded, study.overlap_threshold
        )
        for name, each in tuned.items()
    }
    return overlaps


def _picture_overlaps(
    targets: Mapping[str, LoadedTarget], tasks: StudyTasks
) -> dict[tuple[str, str], Step]:
    """(task, target) -> the step that compares their pictures."""
    return {
        (title, name): picture_overlap_step(
            run, name, loaded.data.pictures, loaded.picture_facts, loaded
        )
        for title, run in tasks.titled().items()
        for name, loaded in targets.items()
        if run.task.pictures and loaded.data.pictures
    }
