"""`crosslift plan`: prints its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosslift.api.planned_study import planned_study, power_of_study
from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, write_json
from crosslift.cli.plan_tree import PlanTree
from crosslift.cli.printed_plan import print_failures, print_prompt_notes
from crosslift.metrics.table import described
from crosslift.planning.outlook import Outlook, outlook_of
from crosslift.results.command_output import PlannedArm, PlannedSchedule, PlannedStep
from crosslift.results.reference_noise import PlannedPower
from crosslift.statistics.power import POWER
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
        store: store of artifacts; None: the store in the user's cache.
        json_to: path for the plan as JSON, see `write_json`.
        keep_going: leave out arms that cannot be planned.
        trust_code: count artifacts of other code as up to date.
        like: earlier run with the expected noise; None: the noise of CrossLift's own runs.
        tree: also print every step.
        workers: number of an engine's workers, to print their schedule; None: no schedule.
        price: price of a worker for an hour, in any currency; None: no cost is printed.

    Raises:
        CrossLiftError: the study cannot be planned, or a step would fail.
    """
    console = console_for(json_to)
    with console.status("reading the data and planning"):
        outlook = outlook_of(study, Store(store), keep_going=keep_going, trust_code=trust_code)
    if tree:
        PlanTree(console, outlook).draw()
    planned = planned_study(outlook, workers, price)
    _print_arms(console, planned.arms)
    _print_total(console, outlook)
    _print_schedule(console, planned.schedule)
    _print_reasons(console, planned.steps)
    print_failures(console, outlook.plan)
    print_prompt_notes(console, outlook.plan)
    power = power_of_study(outlook.plan, like)
    _print_power(console, power)
    write_json(planned.model_copy(update={"power": power}), json_to)


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


def _print_total(console: Console, outlook: Outlook) -> None:
    """Prints how many steps would run, and how long they take together."""
    steps, missing, estimates = outlook.steps, outlook.missing, outlook.estimates
    is_unknown = any(estimates.seconds(step) is None for step in missing)
    unknown = " (some steps' speed is not known yet)" if is_unknown else ""
    console.print(
        f"{len(steps)} steps: {len(steps) - len(missing)} up to date, {len(missing)} to run, "
        f"{about_duration(estimates.total(missing))}{unknown}. Store: {outlook.store.root}",
    )


def _print_schedule(console: Console, schedule: PlannedSchedule | None) -> None:
    """Prints how long workers take, and the share of the time in which they are idle."""
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


def _print_reasons(console: Console, steps: Sequence[PlannedStep]) -> None:
    """Prints how many steps would run for each reason, and what can be done about it."""
    reasons = Counter(step.reason for step in steps if step.reason is not None)
    if reasons:
        counts = ", ".join(f"{kind}: {count}" for kind, count in reasons.items())
        console.print(f"Why they would run: {counts}.")
    if reasons["input made again"]:
        console.print("A step whose new input is the same, byte for byte, does not run again.")
    if reasons["other code"]:
        console.print("`crosslift run --trust-code` uses artifacts that other code made.")


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
