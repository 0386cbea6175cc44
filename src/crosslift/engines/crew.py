"""The process that starts an engine's workers: it relays their progress, replaces those that die, and
stops them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from crosslift.artifacts.progress import Listener
from crosslift.artifacts.store import Store
from crosslift.engines.frontier import ranks
from crosslift.engines.job import Event, Job, JobFolder
from crosslift.engines.needs import Needs
from crosslift.errors import ArtifactError, CrossLiftError
from crosslift.steps.estimates import Estimates
from crosslift.steps.run import Made
from crosslift.steps.step import Step

_LOOK_SECONDS = 0.2
_MOST_DEATHS = 3
"""Workers that may die at one step before the run ends: it is the step that kills them."""
_AT_A_STEP = (
    "look for a lack of memory: fewer workers on a machine need less; what is made is kept, and the "
    "same command resumes"
)
_STOPPING = "\nstopping all workers at their next checkpoint; Ctrl-C again to stop now\n"


class WorkerHandle(Protocol):
    """A worker that an engine started."""

    def ended(self) -> str | None:
        """None: it runs or waits for its place. Else how it ended, in words; empty: as it should."""
        ...

    def kill(self) -> None:
        """Ends it at once."""
        ...


class Start(Protocol):
    """Starts a worker."""

    def __call__(self, name: str) -> WorkerHandle:
        """Starts the worker with a name.

        Raises:
            CrossLiftError: it cannot be started.
        """
        ...


class Engine(Protocol):
    """Starts workers somewhere.

    Every engine starts processes that call `crosslift.engines.work.work`.
    """

    @property
    def workers(self) -> int:
        """How many there are."""
        ...

    @property
    def threads(self) -> int:
        """Of each worker."""
        ...

    def open(self, folder: JobFolder, needs: Needs) -> AbstractContextManager[Start]:
        """What starts workers on a job. None of them runs after the block.

        Args:
            folder: of the job.
            needs: of each worker.

        Raises:
            CrossLiftError: the engine cannot be reached, or has too few resources.
        """
        ...


@dataclass
class _Member:
    """A worker as the crew sees it."""

    handle: WorkerHandle
    step: Step | None = None


@dataclass
class Crew:
    """Makes the steps of a plan with the workers of an engine (a `crosslift.steps.run.Maker`).

    Args:
        engine: that starts the workers.
        needs: what each worker needs, for the largest of its steps.
    """

    engine: Engine
    needs: Needs = field(default_factory=Needs)

    def make(
        self,
        steps: Sequence[Step],
        store: Store,
        listener: Listener[Step],
        *,
        keep_going: bool,
        trust_code: bool,
    ) -> Made:
        """Makes steps that are not up to date.

        Args:
            steps: to be made, each after its inputs; other inputs exist.
            store: of the artifacts, which all workers see.
            listener: receives the progress of every worker.
            keep_going: the others continue if a step cannot be made.
            trust_code: artifacts that other code made are taken as they are.

        Raises:
            CrossLiftError: a step cannot be made, or no worker can work; what is made is kept.
            KeyboardInterrupt: Ctrl-C; all workers have stopped at a checkpoint.
        """
        estimates = Estimates(store)
        job = Job(
            steps=tuple(steps),
            ranks=ranks(steps, lambda step: estimates.total([step])),
            store=str(store.root.resolve()),
            keep_going=keep_going,
            trust_code=trust_code,
            threads=self.engine.threads,
            code={name: digest for step in steps for name, digest in step.code.items()},
        )
        with JobFolder.new(store.root.resolve()) as folder:
            folder.write(job)
            with self.engine.open(folder, self.needs) as start:
                return _Watch(self.engine.workers, start, job, folder, listener).to_the_end()


class _Watch:
    """Watches the workers of a job."""

    def __init__(
        self, workers: int, start: Start, job: Job, folder: JobFolder, listener: Listener[Step]
    ) -> None:
        self._start, self._job, self._folder, self._listener = start, job, folder, listener
        self._steps = {step.key: step for step in job.steps}
        self._wanted = min(workers, len(job.steps))
        self._crew: dict[str, _Member] = {}
        self._made: set[str] = set()
        self._failed: dict[str, CrossLiftError] = {}
        self._deaths: Counter[str] = Counter()
        self._refusals: list[str] = []
        self._number = 0
        self._stopping = False

    def to_the_end(self) -> Made:
        """Watches until no worker is left."""
        try:
            for _ in range(self._wanted):
                self._begin_worker()
            self._watch()
        except KeyboardInterrupt:
            self._stop_at_checkpoints()
            raise
        finally:
            for member in self._crew.values():
                member.handle.kill()
        left = set(self._steps) - self._made - set(self._failed)
        if not self._failed and left and self._refusals:
            raise ArtifactError(
                f"no worker can work on this study: {self._refusals[0]}",
                "the same versions on all machines",
                "install the same version of CrossLift and its packages everywhere",
            )
        if self._failed and not self._job.keep_going:
            raise next(iter(self._failed.values()))
        return Made(frozenset(self._made), dict(self._failed))

    def _stop_at_checkpoints(self) -> None:
        self._folder.stop.touch()
        sys.stderr.write(_STOPPING)
        sys.stderr.flush()
        self._stopping = True
        self._watch()

    def _watch(self) -> None:
        while self._crew:
            time.sleep(_LOOK_SECONDS)
            self._relay()
            for name, member in list(self._crew.items()):
                words = member.handle.ended()
                if words is not None:
                    self._relay()  # what it said last
                    del self._crew[name]
                    if words:
                        self._replace(name, member, words)
        self._relay()

    def _begin_worker(self) -> None:
        self._number += 1
        name = f"w{self._number}"
        self._crew[name] = _Member(self._start(name))

    def _replace(self, name: str, member: _Member, words: str) -> None:
        """Starts a worker in the place of one that died, unless its step killed several."""
        step = member.step
        place = "between steps" if step is None else f"at {step.kind}: {step.label}"
        self._listener.warn(f"worker {name} died {place}: {words}")
        self._deaths[step.key if step else ""] += 1
        if self._stopping:
            return
        if self._deaths[step.key if step else ""] >= _MOST_DEATHS:
            self._folder.stop.touch()
            raise ArtifactError(
                f"{_MOST_DEATHS} workers died {place}; the last: {words}",
                remedy=_AT_A_STEP if step else None,
            )
        self._begin_worker()

    def _relay(self) -> None:
        for event in self._folder.new_events():
            _HEARD[event.happened](self, event)

    def _heard_begin(self, event: Event) -> None:
        step = self._steps[event.key]
        if event.worker in self._crew:
            self._crew[event.worker].step = step
        self._listener.of_worker(event.worker).begin(step)

    def _heard_advance(self, event: Event) -> None:
        lane = self._listener.of_worker(event.worker)
        if event.words:
            lane.note(event.words)
        lane.advance(event.share)

    def _heard_end(self, event: Event) -> None:
        if event.worker in self._crew:
            self._crew[event.worker].step = None
        self._made.add(event.key)
        self._listener.of_worker(event.worker).end(self._steps[event.key], event.seconds)

    def _heard_failure(self, event: Event) -> None:
        error = self._folder.failures()[event.key]
        self._failed[event.key] = error
        if self._job.keep_going:
            self._listener.of_worker(event.worker).fail(self._steps[event.key], error)
        else:
            self._folder.stop.touch()

    def _heard_refusal(self, event: Event) -> None:
        self._refusals.append(event.words)
        self._listener.warn(event.words)

    def _heard_stop(self, event: Event) -> None:
        self._listener.of_worker(event.worker).leave()


_HEARD = {
    "begin": _Watch._heard_begin,
    "advance": _Watch._heard_advance,
    "end": _Watch._heard_end,
    "fail": _Watch._heard_failure,
    "refuse": _Watch._heard_refusal,
    "stop": _Watch._heard_stop,
}
