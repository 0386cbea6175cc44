"""The needs of a study and the effects that it could show, as `crosslift plan` writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from crosslift.analysis.judging import compared_with_baseline
from crosslift.engines.simulation import simulate
from crosslift.planning.outlook import Outlook
from crosslift.planning.plan import Plan
from crosslift.planning.sizes import ArmSteps, size_of_step, steps_by_arm, together
from crosslift.results.command_output import PlannedArm, PlannedSchedule, PlannedStep, StudyPlan
from crosslift.results.reference_noise import PlannedPower
from crosslift.results.run_folder import RunFolder
from crosslift.statistics.planned import (
    noise_of_run,
    planned_power,
    refuse_other_targets,
    shipped_noise,
)
from crosslift.steps.estimates import Estimates
from crosslift.steps.step import Step


def planned_study(
    outlook: Outlook, workers: int | None = None, price: float | None = None
) -> StudyPlan:
    """The steps of a study, the steps that each arm adds, and the schedule over workers; without its
    power.

    Args:
        outlook: outlook of the study.
        workers: number of an engine's workers; None: no schedule.
        price: price of a worker for an hour, in any currency; None: no cost.
    """
    to_run = {step.key for step in outlook.missing}
    return StudyPlan(
        study=outlook.plan.study.name,
        store=str(outlook.store.root),
        steps=tuple(_step(step, outlook, to_run) for step in outlook.steps),
        arms=tuple(_arm(arm, outlook.estimates, to_run) for arm in steps_by_arm(outlook.plan)),
        schedule=None if workers is None else _schedule(outlook, workers, price),
    )


def power_of_study(plan: Plan, like: Path | None = None) -> tuple[PlannedPower, ...]:
    """The effects that comparisons of trained arms with their baselines could show, on each target.

    Args:
        plan: plan of the study.
        like: folder of an earlier run with the expected noise; None: the noise of CrossLift's own runs.

    Raises:
        DataError: the run has no noise, or none of the study's targets.
    """
    study = plan.study
    pairs = compared_with_baseline(study)
    trained = [arm for arm, _ in pairs if study.arms[arm].stages]
    if not trained:
        return ()
    targets = {
        name: (loaded.target.metric, len(loaded.texts)) for name, loaded in plan.targets.items()
    }
    reference = shipped_noise()
    if like is not None:
        folder = RunFolder.read(like)
        reference = noise_of_run(folder.run, folder.verdicts)
        refuse_other_targets(reference, list(targets), str(like))
    return tuple(planned_power(reference, targets, len(study.seeds), len(pairs) * len(targets)))


def _step(step: Step, outlook: Outlook, to_run: Collection[str]) -> PlannedStep:
    reason = outlook.status.why_made(step) if step.key in to_run else None
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        label=step.label,
        inputs=tuple(before.key for before in step.inputs.values()),
        up_to_date=step.key not in to_run,
        reason=None if reason is None else reason.kind,
        why=None if reason is None else reason.words,
        modules=() if reason is None else reason.modules,
        expected_seconds=outlook.estimates.seconds(step) if step.key in to_run else 0.0,
    )


def _arm(arm: ArmSteps, estimates: Estimates, to_run: Collection[str]) -> PlannedArm:
    missing = [step for step in arm.steps if step.key in to_run]
    size = together(map(size_of_step, missing))
    return PlannedArm(
        arm=arm.arm,
        steps_to_run=len(missing),
        steps_up_to_date=len(arm.steps) - len(missing),
        expected_seconds=_expected_seconds(missing, estimates),
        memory_bytes=None if size.memory is None else round(size.memory),
        disk_bytes=None if size.disk is None else round(size.disk),
    )


def _expected_seconds(steps: Sequence[Step], estimates: Estimates) -> float | None:
    """Expected seconds of steps together; None: the speed of one of them is unknown."""
    if any(estimates.seconds(step) is None for step in steps):
        return None
    return estimates.total(steps)


def _schedule(outlook: Outlook, workers: int, price: float | None) -> PlannedSchedule:
    schedule = simulate(outlook.missing, lambda step: outlook.estimates.total([step]), workers)
    return PlannedSchedule(
        workers=workers,
        seconds=schedule.seconds,
        critical_path_seconds=schedule.critical_path,
        work_seconds=schedule.work,
        idle_share=schedule.idle_share,
        cost=None if price is None else schedule.cost(price),
    )
