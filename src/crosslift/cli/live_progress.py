"""Live progress of a run, with the time that remains; plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import TextColumn, TimeElapsedColumn
from rich.text import Text

from crosslift.artifacts.progress import Phase, Silent
from crosslift.cli.output import ShowsBar, bar_for
from crosslift.errors import CrossLiftError
from crosslift.steps.estimates import Estimates
from crosslift.steps.step import Step
from crosslift.wording import about_duration, duration
from crosslift.wording import share as share_words

_SECONDS_BETWEEN_LINES = 60.0
"""Of a log: a step that takes longer prints how far it is."""


class LiveProgress(ShowsBar, Silent[Step]):
    """Shows which step of which arm and seed runs, how far it is, and how much time remains.

    On a terminal in a bar; elsewhere in lines, at least one a minute. Steps of one group that are made
    one after another, such as the languages of a target, end with one line. The remaining time is the
    sum of the steps' expected seconds, corrected by the ratio of real to expected seconds so far.

    Args:
        console: to show it on.
        steps: the steps that will run.
        estimates: of their seconds.
        owners: key of a step -> the arms and seeds that need it, in words.
    """

    def __init__(
        self,
        console: Console,
        steps: Sequence[Step],
        estimates: Estimates,
        owners: Mapping[str, Sequence[str]],
    ) -> None:
        self._console = console
        self._owners = owners
        self._expected = {step.key: max(0.05, estimates.total([step])) for step in steps}
        self._remaining = dict(self._expected)
        self._done_expected = self._done_seconds = 0.0
        self._count = 0
        self._began = self._printed = 0.0
        self._note = ""
        self._step: Step | None = None
        self._ended: list[Step] = []
        self._ended_seconds = 0.0
        self._bar = bar_for(console, TimeElapsedColumn(), TextColumn("{task.fields[remaining]}"))
        self._task = self._bar.add_task("", total=sum(self._expected.values()) or 1, remaining="")

    def begin(self, work: Step) -> None:
        """A step is about to be made."""
        self._began = time.monotonic()
        if not (self._ended and self._words(self._ended[0]) == self._words(work)):
            self._print_ended()
            self._printed = self._began
        self._step, self._note = work, ""
        self._count += 1
        self._show(0.0)

    def advance(self, done: float) -> None:
        """This share of the step is done."""
        self._show(done)

    def note(self, words: str) -> None:
        """What the step says of itself, beside the share that is done."""
        self._note = words

    def end(self, work: Step, seconds: float) -> None:
        """The step is made."""
        self._done_expected += self._remaining.pop(work.key, 0.0)
        self._done_seconds += seconds
        self._ended.append(work)
        self._ended_seconds += seconds
        if not work.group:
            self._print_ended()

    def fail(self, work: Step, error: CrossLiftError) -> None:
        """The step failed, and the run continues."""
        self._remaining.pop(work.key, None)
        self._print_ended()
        failure = Text.assemble(("failed", "red"), f" {self._place(work)}: {error}")
        self._console.print(failure, soft_wrap=True)

    def __exit__(self, *error: Any) -> None:
        self._print_ended()
        super().__exit__(*error)

    def _print_ended(self) -> None:
        """Prints the line of the steps that ended since the last line."""
        if not self._ended:
            return
        first, count = self._ended[0], len(self._ended)
        words = f" {self._place(first)}{self._noted()} "
        if count > 1:
            words = f" {self._number(count)} {self._words(first)} ({count} parts) "
        time_words = (duration(self._ended_seconds), "dim")
        self._console.print(Text.assemble(("done", "green"), words, time_words), soft_wrap=True)
        self._ended, self._ended_seconds = [], 0.0

    def _show(self, share: float) -> None:
        if self._step is None:
            return
        step_expected = self._remaining.get(self._step.key, 0.0)
        remaining = sum(self._remaining.values()) - share * step_expected
        total = sum(self._expected.values())
        pace = self._pace(share * step_expected)
        words = f"{self._place(self._step)}{self._noted()}"
        left = f"{about_duration(remaining * pace)} left"
        self._bar.update(self._task, completed=total - remaining, description=words, remaining=left)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._printed >= _SECONDS_BETWEEN_LINES:
            self._printed = now
            self._console.print(f"{words}, {share_words(share)}, {left}", soft_wrap=True)

    def _place(self, step: Step) -> str:
        """``[13/82] image, seed 1 (and 3 more): train: masked-lm``."""
        return f"{self._number(1)} {self._whose(step)}{_name(step)}"

    def _number(self, count: int) -> str:
        """Of the last steps: ``[13/82]``, or ``[13-20/82]`` of several."""
        first = f"{self._count - count + 1}-" if count > 1 else ""
        return f"[{first}{self._count}/{len(self._expected)}]"

    def _whose(self, step: Step) -> str:
        owners = self._owners.get(step.key, ())
        more = f" (and {len(owners) - 1} more)" if len(owners) > 1 else ""
        return f"{owners[0]}{more}: " if owners else ""

    def _words(self, step: Step) -> str:
        """What steps that share a line have in common."""
        return f"{self._whose(step)}{step.kind}: {step.group or step.label}"

    def _noted(self) -> str:
        return f", {self._note}" if self._note else ""

    def _pace(self, expected_here: float) -> float:
        """Real seconds for each expected second so far; 1 until enough steps are done."""
        expected = self._done_expected + expected_here
        seconds = self._done_seconds + time.monotonic() - self._began
        return seconds / expected if expected > 5 else 1.0


def _name(step: Step) -> str:
    return f"{step.kind}: {step.label}"


class StatusLine(Silent[Step]):
    """Shows on one line which step runs and how far it is.

    Args:
        console: to show it on.
        first: text before the first step.
    """

    def __init__(self, console: Console, first: str) -> None:
        self.status = console.status(first)
        self._doing = ""

    def begin(self, work: Step) -> None:
        """Shows the step."""
        self._doing = _name(work)
        self.status.update(Text(self._doing))

    def advance(self, done: float) -> None:
        """Shows how far it is."""
        self.status.update(Text(f"{self._doing}, {share_words(done)}"))


class PhaseBar(Silent[Phase]):
    """Shows the name of a phase, and a bar with the share of it that is done.

    Args:
        console: to show it on.
        first: text before the first phase.
    """

    def __init__(self, console: Console, first: str) -> None:
        self.bar = bar_for(console, transient=True)
        self._task = self.bar.add_task(first, total=1.0)

    def begin(self, work: Phase) -> None:
        """Shows the phase."""
        self.bar.reset(
            self._task, total=work.total or None, completed=int(work.done), description=work.name
        )

    def advance(self, done: float) -> None:
        """Shows how far it is."""
        self.bar.update(self._task, completed=done)
