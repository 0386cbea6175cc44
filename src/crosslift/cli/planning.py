"""`crosslift plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from crosslift.analysis.judging import compared_with_baseline
from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, write_json
from crosslift.cli.running import print_failures
from crosslift.metrics.table import described
from crosslift.planning.plan import ArmRun, Plan, plan_study
from crosslift.results.command_output import PlannedStep, StudyPlan
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
from crosslift.steps.run import missing_steps
from crosslift.steps.status import Status
from crosslift.steps.step import Step
from crosslift.studies.schema import Study
from crosslift.wording import about_duration, duration


def show(
    study: Study,
    store: Path | None,
    json_to: str | None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    like: Path | None = None,
) -> None:
    """Prints the tree of a study's steps, why steps that are not up to date would run, and what its
    comparisons could show.

    Args:
        study: the study.
        store: of artifacts; None: the one in the user's cache.
        json_to: where the plan is written as JSON.
        keep_going: leave out arms that cannot be planned.
        trust_code: count artifacts of other code as up to date.
        like: an earlier run, whose noise is expected; None: that of ours.
    """
    artifacts = Store(store)
    console = console_for(json_to)
    with console.status("reading the data and planning"):
        plan = plan_study(study, keep_going=keep_going)
        steps = plan.steps()
        status = Status(
            artifacts, trust_code=trust_code, asked_before=asked_before(plan, artifacts)
        )
        missing = missing_steps(steps, artifacts, status)
    estimates = Estimates(artifacts)
    to_run = {step.key for step in missing}
    drawing = _Drawing(console, status, estimates, to_run)
    drawing.draw(plan)
    unknown = " (some steps' speed is not known yet)" if _unknown(estimates, missing) else ""
    console.print(
        f"{len(steps)} steps: {len(steps) - len(missing)} up to date, {len(missing)} to run, "
        f"{about_duration(estimates.total(missing))}{unknown}. Store: {artifacts.root}",
    )
    _print_reasons(console, status, missing)
    print_failures(console, plan)
    power = _power(plan, like)
    _print_power(console, power)
    rows = tuple(_row(step, status, estimates, to_run) for step in steps)
    write_json(
        StudyPlan(study=study.name, store=str(artifacts.root), steps=rows, power=power), json_to
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


class _Drawing:
    """Draws the plan as a tree; a step that was drawn before is named, not drawn again."""

    def __init__(
        self, console: Console, status: Status, estimates: Estimates, to_run: set[str]
    ) -> None:
        self.console = console
        self.status = status
        self.estimates = estimates
        self.to_run = to_run
        self.drawn: set[str] = set()

    def draw(self, plan: Plan) -> None:
        root = Tree(Text(plan.study.name, style="bold"))
        overlaps = root.add("overlap of training texts with target texts")
        for step in plan.overlaps.values():
            self._add(overlaps, step)
        for run in plan.runs:
            self._add_run(root.add(Text(f"arm {run.arm}, seed {run.seed}", style="bold")), run)
        self.console.print(root)

    def _add_run(self, branch: Tree, run: ArmRun) -> None:
        for step in (*run.start_steps, *run.stage_steps):
            self._add(branch, step)
        for scored in run.evaluations.values():
            for step in scored.values():
                self._add(branch, step)
        for each in run.fine_tuned.values():
            for step in each.ends:
                if step.key not in self.drawn:
                    self._add(branch, step)
        for share, evaluations in run.path.items():
            if 0 < share < 1:
                way = branch.add(f"at {share:g} of the way from the start")
                for step in (each for scored in evaluations.values() for each in scored.values()):
                    self._add(way, step)

    def _add(self, branch: Tree, step: Step) -> None:
        again = step.key in self.drawn
        self.drawn.add(step.key)
        place = branch.add(self._line(step, again))
        for before in step.inputs.values():
            if before.key not in self.drawn:
                self._add(place, before)

    def _line(self, step: Step, again: bool) -> Text:
        text = Text(f"{step.kind}: {step.label} ")
        text.append(step.key[:8], style="dim")
        if again:
            return text.append("  shared, see above", style="dim")
        if step.key not in self.to_run:
            return text.append("  up to date", style="green")
        text.append(f"  to run, {duration(self.estimates.seconds(step))}", style="yellow")
        return text.append(f"  ({self.status.why_made(step).words})", style="dim")
