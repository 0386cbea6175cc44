"""`crosslift plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosslift.analysis.judging import compared_with_baseline
from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, write_json
from crosslift.cli.plan_tree import PlanTree
from crosslift.cli.printed_plan import print_failures, print_prompt_notes
from crosslift.engines.simulation import simulate
from crosslift.metrics.table import described
from crosslift.planning.plan import Plan, plan_study
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
from crosslift.statistics.power import POWER
from crosslift.steps.estimates import Estimates
from crosslift.steps.past_plans import asked_before
from crosslift.steps.run import check_needs, missing_steps
from crosslift.steps.status import Status
from crosslift.steps.step import Step
from crosslift.studies.schema import Study
from crosslift.wording import about_duration, duration, memory

_COMPARED = "(overlap of data)"


def show(
    study: Study,
    store: Path | None,
    json_to: str | None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    like: Path | None = None,
    tree: bool = False,
    workers: int | None = None,
    price: float | None = None,
) -> None:
    """Prints what each arm of a study needs, why steps that are not up to date would run, and what its
    comparisons could show.

    Args:
        study: the study.
        store: of artifacts; None: the one in the user's cache.
        json_to: where the plan is written as JSON.
        keep_going: leave out arms that cannot be planned.
        trust_code: count artifacts of other code as up to date.
        like: an earlier run, whose noise is expected; None: that of ours.
        tree: print every step, too.
        workers: of an engine, whose schedule is printed; None: none.
        price: of a worker for an hour, in any currency; None: no cost is printed.

    Raises:
        CrossLiftError: the study cannot be planned, or a step would fail.
    """
    artifacts = Store(store)
    console = console_for(json_to)
    with console.status("reading the data and planning"):
        plan = plan_study(study, keep_going=keep_going)
        status = Status(
            artifacts, trust_code=trust_code, asked_before=asked_before(plan, artifacts)
        )
        missing = missing_steps(plan.steps(), artifacts, status)
        plan = check_needs(plan, missing, keep_going=keep_going)
        steps = plan.steps()
        missing = missing_steps(steps, artifacts, status)
    estimates = Estimates(artifacts)
    to_run = {step.key for step in missing}
    if tree:
        PlanTree(console, status, estimates, to_run).draw(plan)
    arms = tuple(_arm_row(each, estimates, to_run) for each in steps_by_arm(plan))
    _print_arms(console, arms)
    unknown = " (some steps' speed is not known yet)" if _unknown(estimates, missing) else ""
    console.print(
        f"{len(steps)} steps: {len(steps) - len(missing)} up to date, {len(missing)} to run, "
        f"{about_duration(estimates.total(missing))}{unknown}. Store: {artifacts.root}",
    )
    schedule = _schedule(missing, estimates, workers, price)
    _print_schedule(console, schedule)
    _print_reasons(console, status, missing)
    print_failures(console, plan)
    print_prompt_notes(console, plan)
    power = _power(plan, like)
    _print_power(console, power)
    rows = tuple(_row(step, status, estimates, to_run) for step in steps)
    write_json(
        StudyPlan(
            study=study.name,
            store=str(artifacts.root),
            steps=rows,
            arms=arms,
            power=power,
            schedule=schedule,
        ),
        json_to,
    )


def _arm_row(arm: ArmSteps, estimates: Estimates, to_run: set[str]) -> PlannedArm:
    missing = [step for step in arm.steps if step.key in to_run]
    size = together(map(size_of_step, missing))
    return PlannedArm(
        arm=arm.arm,
        steps_to_run=len(missing),
        steps_up_to_date=len(arm.steps) - len(missing),
        expected_seconds=None if _unknown(estimates, missing) else estimates.total(missing),
        memory_bytes=None if size.memory is None else round(size.memory),
        disk_bytes=None if size.disk is None else round(size.disk),
    )


def _print_arms(console: Console, arms: Sequence[PlannedArm]) -> None:
    """Prints a row for each arm. A step that several arms need counts at the first of them."""
    table = Table("arm", "to run", "up to date", "time", "memory", "disk")
    for column in table.columns[1:]:
        column.justify = "right"
    for arm in arms:
        counts = (str(arm.steps_to_run), str(arm.steps_up_to_date))
        if arm.steps_to_run == 0:
            table.add_row(escape(arm.arm or _COMPARED), *counts, "", "", "")
            continue
        table.add_row(
            escape(arm.arm or _COMPARED),
            *counts,
            duration(arm.expected_seconds),
            memory(arm.memory_bytes),
            memory(arm.disk_bytes),
        )
    console.print(table)
    if any(arm.steps_to_run for arm in arms):
        console.print(
            "Time, memory and disk are estimates: memory of the largest step, disk of what all steps "
            "leave. A step that several arms need counts at the first.",
            style="dim",
            soft_wrap=True,
        )


def _schedule(
    missing: Sequence[Step], estimates: Estimates, workers: int | None, price: float | None
) -> PlannedSchedule | None:
    """The schedule over the workers of an engine; None without them."""
    if workers is None:
        return None
    schedule = simulate(missing, lambda step: estimates.total([step]), workers)
    return PlannedSchedule(
        workers=workers,
        seconds=schedule.seconds,
        critical_path_seconds=schedule.critical_path,
        work_seconds=schedule.work,
        idle_share=schedule.idle_share,
        cost=None if price is None else schedule.cost(price),
    )


def _print_schedule(console: Console, schedule: PlannedSchedule | None) -> None:
    """Prints how long workers take, and how much of their time they have nothing to do."""
    if schedule is None:
        return
    count = f"{schedule.workers} worker{'' if schedule.workers == 1 else 's'}"
    cost = "" if schedule.cost is None else f"; they cost {schedule.cost:.2f}"
    console.print(
        f"With {count} (--engine): {about_duration(schedule.seconds)}, of which the longest chain of "
        f"steps takes {duration(schedule.critical_path_seconds)}; {schedule.idle_share:.0%} of the "
        f"workers' time is idle{cost}. Each is taken to be as fast as this machine.",
        soft_wrap=True,
    )


def _power(plan: Plan, like: Path | None) -> tuple[PlannedPower, ...]:
    """What comparisons of trained arms with their baselines could show, on each target."""
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


def _print_power(console: Console, power: Sequence[PlannedPower]) -> None:
    """Prints the smallest effect that each target could show."""
    if not power:
        return
    seeds, comparisons = power[0].seeds, power[0].comparisons
    if seeds == 1:
        console.print("With one seed, comparisons of trained arms give no verdict.")
        return
    console.print(
        f"What could be shown with {seeds} seeds, corrected among {comparisons} comparisons with a "
        f"baseline (the true difference that {POWER:.0%} of such runs find):",
        soft_wrap=True,
    )
    for each in power:
        if each.detectable is None or each.reference is None:
            console.print(f"  {each.target}: not known; give an earlier run with --like")
        else:
            amount = _amount(each.metric, each.detectable)
            console.print(
                f"  {each.target}: {amount} (noise of {each.reference.source})", soft_wrap=True
            )
    if seeds == 2:
        console.print(
            "Two seeds hardly show how far seeds vary: unless they agree, effects must be several "
            "times as large as with three. Plan with three at least, better five.",
            soft_wrap=True,
        )


def _amount(metric: str, detectable: float) -> str:
    if described(metric).unit.of_differences == "points" and detectable > 1:
        return "no difference at all"
    return described(metric).amount(detectable)


def _unknown(estimates: Estimates, steps: list[Step]) -> bool:
    return any(estimates.seconds(step) is None for step in steps)


def _print_reasons(console: Console, status: Status, missing: list[Step]) -> None:
    reasons = Counter(status.why_made(step).kind for step in missing)
    if reasons:
        counts = ", ".join(f"{kind}: {count}" for kind, count in reasons.items())
        console.print(f"Why they would run: {counts}.")
    if reasons["input made again"]:
        console.print("A step whose new input is the same, byte for byte, does not run again.")
    if reasons["other code"]:
        console.print("`crosslift run --trust-code` uses artifacts that other code made.")


def _row(step: Step, status: Status, estimates: Estimates, to_run: set[str]) -> PlannedStep:
    reason = status.why_made(step) if step.key in to_run else None
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        label=step.label,
        inputs=tuple(before.key for before in step.inputs.values()),
        up_to_date=step.key not in to_run,
        reason=None if reason is None else reason.kind,
        why=None if reason is None else reason.words,
        modules=() if reason is None else reason.modules,
        expected_seconds=estimates.seconds(step) if step.key in to_run else 0.0,
    )
