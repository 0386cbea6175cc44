"""Live progress of a run, with the time that remains; plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from crosslift.artifacts.progress import Phase, Silent
from crosslift.cli.output import ShowsBar, bar_for
from crosslift.errors import CrossLiftError
from crosslift.steps.estimates import Estimates
from crosslift.steps.step import Step
from crosslift.wording import about_duration, duration
from crosslift.wording import share as share_words

_SECONDS_BETWEEN_LINES = 60.0
"""Seconds between lines of a log: a step that takes longer prints its progress."""
_FEW_SECONDS = 5.0
"""Expected seconds of work after which the measured pace counts."""


class LiveProgress(ShowsBar):
    """Shows the step that runs, its arm and seed, its progress, and the time that remains.

    A terminal shows a bar for each worker; elsewhere it prints lines, at least one per minute. Steps of
    one group that are made one after another, such as the languages of a target, end with one line. The
    remaining time is the sum of the steps' expected seconds, corrected by the ratio of real to expected
    seconds so far, and divided by the number of workers.

    Args:
        console: console to show it on.
        steps: steps that will run.
        estimates: estimates of their seconds.
        owners: key of a step -> the arms and seeds that need it, in words.
    """

    def __init__(
        self,
        console: Console,
        steps: Sequence[Step],
        estimates: Estimates,
        owners: Mapping[str, Sequence[str]],
    ) -> None:
        self.console = console
        self._owners = owners
        self._expected = {step.key: max(0.05, estimates.total([step])) for step in steps}
        self._remaining = dict(self._expected)
        self._left = self._total = sum(self._expected.values())
        self._done_expected = self._done_seconds = 0.0
        self._count = 0
        self._bar = bar_for(console, TimeElapsedColumn(), TextColumn("{task.fields[remaining]}"))
        self._whole = self._bar.add_task("", total=self._total or 1, remaining="")
        self._lanes: dict[str, _Lane] = {}

    def of_worker(self, name: str) -> _Lane:
        """The progress of one worker; the steps of this process have the empty name."""
        if name not in self._lanes:
            line = self._bar.add_task("", total=1.0, remaining="") if name else None
            self._lanes[name] = _Lane(self, name, line)
        return self._lanes[name]

    def show(self, line: TaskID | None, words: str, share: float, done: float, left: str) -> None:
        """Shows a step that runs, and the whole.

        Args:
            line: line of the worker; None: the words are shown in the line of the whole.
            words: label of the step.
            share: share of the step that is done.
            done: finished work of all steps, in expected seconds.
            left: time that remains, in words.
        """
        if line is not None:
            self._bar.update(line, completed=share, description=words)
            words = f"{len(self._expected) - len(self._remaining)}/{len(self._expected)} steps"
        self._bar.update(self._whole, completed=done, description=words, remaining=left)

    def hide(self, line: TaskID | None) -> None:
        """Removes the line of a worker."""
        if line is not None:
            self._bar.update(line, visible=False)

    def begin(self, work: Step) -> None:
        """A step is about to be made in this process."""
        self.of_worker("").begin(work)

    def advance(self, done: float) -> None:
        """This share of the step is done."""
        self.of_worker("").advance(done)

    def note(self, words: str) -> None:
        """The step has a note, besides the share that is done."""
        self.of_worker("").note(words)

    def end(self, work: Step, seconds: float) -> None:
        """The step is made."""
        self.of_worker("").end(work, seconds)

    def fail(self, work: Step, error: CrossLiftError) -> None:
        """The step failed, and the run continues."""
        self.of_worker("").fail(work, error)

    def leave(self) -> None:
        """Does nothing: this process shows the progress."""

    def warn(self, words: str) -> None:
        """The user should read a message."""
        self.console.print(Text.assemble(("warning", "yellow"), f" {words}"), soft_wrap=True)

    def __exit__(self, *error: Any) -> None:
        for lane in self._lanes.values():
            lane.leave()
        super().__exit__(*error)

    def count(self) -> int:
        """Counts a step that begins, and returns its number."""
        self._count += 1
        return self._count

    def place(self, step: Step, number: int) -> str:
        """Label of a step, such as ``[13/82] image, seed 1 (and 3 more): train: masked-lm``."""
        return f"[{number}/{len(self._expected)}] {self.whose(step)}{_name(step)}"

    def places(self, steps: Sequence[Step], numbers: Sequence[int]) -> str:
        """Label of a group, such as ``[13-20/82] image, seed 1: encode: texts of tatoeba (8
        parts)``."""
        first, last = min(numbers), max(numbers)
        words = f"{self.whose(steps[0])}{steps[0].kind}: {steps[0].group or steps[0].label}"
        return f"[{first}-{last}/{len(self._expected)}] {words} ({len(steps)} parts)"

    def whose(self, step: Step) -> str:
        """Owners of a step, such as ``image, seed 1 (and 3 more): ``."""
        owners = self._owners.get(step.key, ())
        more = f" (and {len(owners) - 1} more)" if len(owners) > 1 else ""
        return f"{owners[0]}{more}: " if owners else ""

    def settle(self, step: Step, seconds: float | None) -> None:
        """A step is made in this number of seconds; None: it failed."""
        expected = self._remaining.pop(step.key, 0.0)
        self._left -= expected
        if seconds is not None:
            self._done_expected += expected
            self._done_seconds += seconds

    def left(self, step: Step, share: float, seconds: float) -> tuple[float, str]:
        """The finished work in expected seconds, and the time that remains, in words.

        Args:
            step: step that runs.
            share: share of the step that is done.
            seconds: seconds that the step has taken.
        """
        here = share * self._remaining.get(step.key, 0.0)
        remaining = max(0.0, self._left - here)
        expected = self._done_expected + here
        pace = (self._done_seconds + seconds) / expected if expected > _FEW_SECONDS else 1.0
        at_once = max(1, sum(lane.works for lane in self._lanes.values()))
        return self._total - remaining, f"{about_duration(remaining * pace / at_once)} left"


class _Lane(Silent[Step]):
    """The progress of one worker, or of this process.

    Args:
        progress: progress of the run.
        name: name of the worker.
        line: line of the display; None: the line of the whole.
    """

    def __init__(self, progress: LiveProgress, name: str, line: TaskID | None) -> None:
        self.works = True
        self._progress = progress
        self._name = f"{name} " if name else ""
        self._line = line
        self._began = self._printed = 0.0
        self._note = ""
        self._step: Step | None = None
        self._number = 0
        self._ended: list[tuple[int, Step]] = []
        self._ended_seconds = 0.0

    def begin(self, work: Step) -> None:
        """A step is about to be made."""
        self._began = time.monotonic()
        if not (self._ended and self._words(self._ended[0][1]) == self._words(work)):
            self._print_ended()
            self._printed = self._began
        self._step, self._note = work, ""
        self._number = self._progress.count()
        self._show(0.0)

    def advance(self, done: float) -> None:
        """This share of the step is done."""
        self._show(done)

    def note(self, words: str) -> None:
        """The step has a note, besides the share that is done."""
        self._note = words

    def end(self, work: Step, seconds: float) -> None:
        """The step is made."""
        self._progress.settle(work, seconds)
        self._ended.append((self._number, work))
        self._ended_seconds += seconds
        if not work.group:
            self._print_ended()

    def fail(self, work: Step, error: CrossLiftError) -> None:
        """The step failed, and the run continues."""
        self._progress.settle(work, None)
        self._print_ended()
        failure = f" {self._progress.place(work, self._number)}: {error}"
        self._progress.console.print(Text.assemble(("failed", "red"), failure), soft_wrap=True)

    def leave(self) -> None:
        """The worker has ended."""
        self._print_ended()
        self.works = False
        self._progress.hide(self._line)

    def _print_ended(self) -> None:
        """Prints the line of the steps that ended since the last line."""
        if not self._ended:
            return
        numbers, steps = [n for n, _ in self._ended], [step for _, step in self._ended]
        words = f" {self._progress.place(steps[0], numbers[0])}{self._noted()} "
        if len(steps) > 1:
            words = f" {self._progress.places(steps, numbers)} "
        time_words = (duration(self._ended_seconds), "dim")
        line = Text.assemble(("done", "green"), words, time_words)
        self._progress.console.print(line, soft_wrap=True)
        self._ended, self._ended_seconds = [], 0.0

    def _show(self, share: float) -> None:
        if self._step is None:
            return
        now = time.monotonic()
        done, left = self._progress.left(self._step, share, now - self._began)
        words = f"{self._name}{self._progress.place(self._step, self._number)}{self._noted()}"
        self._progress.show(self._line, words, share, done, left)
        console = self._progress.console
        if not console.is_terminal and now - self._printed >= _SECONDS_BETWEEN_LINES:
            self._printed = now
            console.print(f"{words}, {share_words(share)}, {left}", soft_wrap=True)

    def _words(self, step: Step) -> str:
        """The name that steps with a common line share."""
        return f"{self._progress.whose(step)}{step.kind}: {step.group or step.label}"

    def _noted(self) -> str:
        return f", {self._note}" if self._note else ""


def _name(step: Step) -> str:
    return f"{step.kind}: {step.label}"


class StatusLine(Silent[Step]):
    """Shows on one line the step that runs and its progress.

    Args:
        console: console to show it on.
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
        """Shows the progress."""
        self.status.update(Text(f"{self._doing}, {share_words(done)}"))


class PhaseBar(Silent[Phase]):
    """Shows the name of a phase, and a bar with the share of it that is done.

    Args:
        console: console to show it on.
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
        """Shows the progress."""
        self.bar.update(self._task, completed=done)
