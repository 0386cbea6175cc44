"""`crosslift plan`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, duration, write_json
from crosslift.cli.running import tell_failures
from crosslift.studies.estimates import Estimates
from crosslift.studies.plan import ArmRun, Plan, plan_study
from crosslift.studies.run import missing_steps
from crosslift.studies.schema import Study
from crosslift.studies.steps import Step


def show(
    study: Study, store: Path | None, json_to: str | None, *, keep_going: bool = False
) -> None:
    """Prints the tree of steps of a study."""
    kept = Store(store)
    console = console_for(json_to)
    with console.status("reading the data and planning"):
        plan = plan_study(study, keep_going=keep_going)
        steps = plan.steps()
    estimates = Estimates(kept)
    missing = missing_steps(steps, kept)
    _Drawing(console, kept, estimates).draw(plan)
    unknown = " (some steps' speed is not known yet)" if _unknown(estimates, missing) else ""
    console.print(
        f"{len(steps)} steps: {len(steps) - len(missing)} stand, {len(missing)} to run, "
        f"about {duration(estimates.total(missing))}{unknown}. Store: {kept.root}",
    )
    tell_failures(console, plan)
    rows = [_row(step, kept, estimates) for step in steps]
    write_json({"study": study.name, "store": str(kept.root), "steps": rows}, json_to)


def _unknown(estimates: Estimates, steps: list[Step]) -> bool:
    return any(estimates.seconds(step) is None for step in steps)


def _row(step: Step, store: Store, estimates: Estimates) -> dict[str, object]:
    return {
        "key": step.key,
        "kind": step.kind,
        "label": step.label,
        "inputs": [before.key for before in step.inputs.values()],
        "stands": step.stands(store),
        "expected_seconds": 0.0 if step.stands(store) else estimates.seconds(step),
    }


class _Drawing:
    """Draws the plan as a tree; a step that was drawn before is named, not drawn again."""

    def __init__(self, console: Console, store: Store, estimates: Estimates) -> None:
        self.console = console
        self.store = store
        self.estimates = estimates
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
        for step in (*run.start_steps, *run.stage_steps, *run.evaluations.values()):
            self._add(branch, step)
        for each in run.fine_tuned.values():
            for step in each.ends:
                if step.key not in self.drawn:
                    self._add(branch, step)
        for share, steps in run.path.items():
            if 0 < share < 1:
                way = branch.add(f"at {share:g} of the way from the start")
                for step in steps.values():
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
        if step.stands(self.store):
            return text.append("  stands", style="green")
        return text.append(f"  to run, {duration(self.estimates.seconds(step))}", style="yellow")
