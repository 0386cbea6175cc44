"""The tree of a plan's steps, as `crosslift plan --tree` prints it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from crosslift.planning.outlook import Outlook
from crosslift.planning.plan import ArmRun
from crosslift.steps.step import Step
from crosslift.wording import duration


class PlanTree:
    """Draws the plan as a tree; a step that was drawn before is named, not drawn again."""

    def __init__(self, console: Console, outlook: Outlook) -> None:
        self._console = console
        self._outlook = outlook
        self._to_run = {step.key for step in outlook.missing}
        self._drawn: set[str] = set()

    def draw(self) -> None:
        """Prints the tree."""
        plan = self._outlook.plan
        root = Tree(Text(plan.study.name, style="bold"))
        overlaps = root.add("overlap of training texts with target texts")
        for step in plan.overlaps.values():
            self._add(overlaps, step)
        for run in plan.runs:
            self._add_run(root.add(Text(f"arm {run.arm}, seed {run.seed}", style="bold")), run)
        self._console.print(root)

    def _add_run(self, branch: Tree, run: ArmRun) -> None:
        for step in (*run.start_steps, *run.stage_steps):
            self._add(branch, step)
        for scored in run.evaluations.values():
            for step in scored.values():
                self._add(branch, step)
        for each in run.fine_tuned.values():
            for step in each.ends:
                if step.key not in self._drawn:
                    self._add(branch, step)
        for share, evaluations in run.path.items():
            if 0 < share < 1:
                way = branch.add(f"at {share:g} of the way from the start")
                for step in (each for scored in evaluations.values() for each in scored.values()):
                    self._add(way, step)

    def _add(self, branch: Tree, step: Step) -> None:
        again = step.key in self._drawn
        self._drawn.add(step.key)
        place = branch.add(self._line(step, again))
        for before in step.inputs.values():
            if before.key not in self._drawn:
                self._add(place, before)

    def _line(self, step: Step, again: bool) -> Text:
        text = Text(f"{step.kind}: {step.label} ")
        text.append(step.key[:8], style="dim")
        if again:
            return text.append("  shared, see above", style="dim")
        if step.key not in self._to_run:
            return text.append("  up to date", style="green")
        text.append(f"  to run, {duration(self._outlook.estimates.seconds(step))}", style="yellow")
        return text.append(f"  ({self._outlook.status.why_made(step).words})", style="dim")
