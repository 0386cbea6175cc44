"""The process that starts an engine's workers: it relays their progress, replaces those that die, and
stops them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from crosslift.artifacts.progress import Listener
from crosslift.artifacts.store import Store
from crosslift.engines.frontier import Frontier, ranks
from crosslift.engines.job import Event, Job, JobFolder
from crosslift.engines.needs import Needs
from crosslift.errors import ArtifactError, CrossLiftError, StudyError
from crosslift.steps.before_run import missing_steps
from crosslift.steps.estimates import Estimates
from crosslift.steps.run import Made
from crosslift.steps.status import Status
from crosslift.steps.step import Step

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

_LOOK_SECONDS = 0.2
_MOST_DEATHS = 3
"""Number of workers that may die at one step, or before they join, until the run ends."""
_AT_A_STEP = (
    "look for a lack of memory: fewer workers on a machine need less; what is made is kept, and the "
    "same command resumes"
)
_STOPPING = "\nstopping all workers at their next checkpoint; Ctrl-C again to stop now\n"


class Ended(NamedTuple):
    """How a worker ended.

    Args:
        words: why it died or is refused; empty if it ended normally.
        refused: whether it is refused.
    """

    words: str = ""
    refused: bool = False


class WorkerHandle(Protocol):
    """A worker that an engine started."""

    def ended(self) -> Ended | None:
        """How it ended; None: it runs, or waits for its place."""
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
        """Number of workers."""
        ...

    @property
    def threads(self) -> int:
        """Number of threads of each worker."""
        ...

    def open(self, folder: JobFolder, needs: Needs) -> AbstractContextManager[Start]:
        """A context with a function that starts workers on a job. No worker runs after the block.

        Args:
            folder: folder of the job.
            needs: needs of each worker.

        Raises:
            CrossLiftError: the engine cannot be reached, or has too few resources.
        """
        ...


def _no_needs(steps: Sequence[Step]) -> Needs:
    del steps
    return Needs()


@dataclass(frozen=True, slots=True)
class Crew:
    """Makes the steps of a plan with the workers of an engine (a `crosslift.steps.run.Maker`).

    Args:
        engine: engine that starts the workers.
        needs: needs of a worker that may make any of some steps.
    """

    engine: Engine
    needs: Callable[[Sequence[Step]], Needs] = _no_needs

    def make(
        self,
        steps: Sequence[Step],
        store: Store,
        listener: Listener[Step],
        *,
        keep_going: bool,
        trust_code: bool,
        tracker: Tracker | None = None,
    ) -> Made:
        """Makes steps that are not up to date.

        Args:
            steps: steps to make, each after its inputs; other inputs exist.
            store: store of the artifacts, which all workers see.
            listener: receives the progress of every worker.
            keep_going: other steps continue if a step cannot be made.
            trust_code: use artifacts that other code made.
            tracker: shows training steps while they train. None: nothing does.

        Raises:
            CrossLiftError: a step cannot be made, or no worker can work; what is made is kept.
            KeyboardInterrupt: Ctrl-C; all workers have stopped at a checkpoint.
        """
        estimates = Estimates(store)
        root = store.root.absolute()
        job = Job(
            steps=tuple(steps),
            ranks=ranks(steps, lambda step: estimates.total([step])),
            store=str(root),
            keep_going=keep_going,
            trust_code=trust_code,
            threads=self.engine.threads,
            code=_code(steps),
            tracker=tracker,
        )
        with JobFolder.new(root) as folder:
            folder.write(job)
            with self.engine.open(folder, self.needs(steps)) as start:
                return _Watch(self.engine.workers, start, job, folder, listener).to_the_end()


def _code(steps: Sequence[Step]) -> dict[str, str]:
    code = {name: digest for step in steps for name, digest in step.code.items()}
    if "__main__" in code:
        raise StudyError(
            "workers cannot import what the script itself defines",
            "tasks, forms, targets and metrics in a module that the script imports",
            "move them to a module, or leave out the engine",
        )
    return code


@dataclass
class _Member:
    """The state of a worker in the crew.

    Args:
        handle: handle of the worker.
        joined: whether it has begun to work.
        step: step that it makes.
        share: share of the step that is done.
    """

    handle: WorkerHandle
    joined: bool = False
    step: Step | None = None
    share: float = 0.0


class _Deaths:
    """Counts deaths of workers without progress since the previous death, at a step or before they
    join."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._shares: dict[str, float] = {}

    def too_many(self, member: _Member) -> bool:
        """Counts a death; returns whether the run must end. The death of an idle worker counts for no
        step."""
        if member.joined and member.step is None:
            return False
        place = "" if member.step is None else member.step.key
        if member.share > self._shares.get(place, 0.0):  # it was further than the one before
            self._counts[place] = 0
        self._shares[place] = max(member.share, self._shares.get(place, 0.0))
        self._counts[place] += 1
        return self._counts[place] >= _MOST_DEATHS

    def none_before_joining(self) -> None:
        """A worker has joined."""
        self._counts[""] = 0


class _Watch:
    """Watches the workers of a job."""

    def __init__(
        self, workers: int, start: Start, job: Job, folder: JobFolder, listener: Listener[Step]
    ) -> None:
        self._start, self._job, self._folder, self._listener = start, job, folder, listener
        self._steps = {each.key: each for step in job.steps for each in step.inputs.values()}
        self._steps |= {step.key: step for step in job.steps}
        self._workers = workers
        self._crew: dict[str, _Member] = {}
        self._made: set[str] = set()
        self._failed: dict[str, CrossLiftError] = {}
        self._deaths = _Deaths()
        self._refusals: list[str] = []
        self._number = 0
        self._finished = self._stopping = False

    def to_the_end(self) -> Made:
        """Watches until no step is left."""
        try:
            self._work()
        except KeyboardInterrupt:
            self._stop_at_checkpoints()
            raise
        finally:
            for member in self._crew.values():
                member.handle.kill()
        if self._failed and not self._job.keep_going:
            raise next(iter(self._failed.values()))
        return Made(frozenset(self._made), dict(self._failed))

    def _work(self) -> None:
        left = list(self._job.steps)
        while left:
            made, self._finished = len(self._made), False
            for _ in range(min(self._workers, len(left))):
                self._begin_worker()
            self._watch()
            left = self._left()
            if left and len(self._made) == made and not (self._failed and not self._job.keep_going):
                raise self._nothing_made(len(left))
            if self._failed and not self._job.keep_going:
                return

    def _left(self) -> list[Step]:
        """The steps that no worker has made, without those that need a failed step."""
        store = Store(self._job.store)
        frontier = Frontier(self._job.steps, self._job.ranks)
        for key in self._failed:
            frontier.drop(self._steps[key])
        steps = [step for step in self._job.steps if step.key in frontier]
        if all(step.key in self._made for step in steps):
            return []
        return missing_steps(steps, store, Status(store, trust_code=self._job.trust_code))

    def _nothing_made(self, left: int) -> CrossLiftError:
        if self._refusals:
            return ArtifactError(
                f"no worker can work on this study: {self._refusals[0]}",
                remedy="install the same version of CrossLift and its packages everywhere, and put the "
                "store where all machines see it",
            )
        return ArtifactError(
            f"all workers have ended, and {left} steps are left",
            remedy="give the command again: it resumes",
        )

    def _stop_at_checkpoints(self) -> None:
        self._stopping = True
        self._folder.stop.touch()
        sys.stderr.write(_STOPPING)
        sys.stderr.flush()
        self._watch()

    def _watch(self) -> None:
        """Relays the progress of workers until none is left."""
        while self._crew:
            time.sleep(_LOOK_SECONDS)
            self._relay()
            for name, member in list(self._crew.items()):
                if (self._finished or self._stopping) and not member.joined:
                    member.handle.kill()  # it has no place yet, and needs none
                    del self._crew[name]
                    continue
                ended = member.handle.ended()
                if ended is not None:
                    self._relay()  # what it said last
                    del self._crew[name]
                    self._take_leave(name, member, ended)
        self._relay()

    def _begin_worker(self) -> None:
        self._number += 1
        name = f"w{self._number}"
        self._crew[name] = _Member(self._start(name))

    def _take_leave(self, name: str, member: _Member, ended: Ended) -> None:
        """Processes the end of a worker, and replaces a worker that died."""
        self._listener.of_worker(name).leave()
        if ended.refused:
            self._refusals.append(ended.words)
            self._listener.warn(ended.words)
        elif ended.words:
            place = "between steps" if member.step is None else f"at {_title(member.step)}"
            place = place if member.joined else "before it began"
            self._listener.warn(f"worker {name} died {place}: {ended.words}")
            if self._stopping or self._finished:
                return
            if self._deaths.too_many(member):
                self._folder.stop.touch()
                raise ArtifactError(
                    f"{_MOST_DEATHS} workers died {place}; the last: {ended.words}",
                    remedy=_AT_A_STEP if member.step else None,
                )
            self._begin_worker()

    def _relay(self) -> None:
        for event in self._folder.new_events():
            member = self._crew.get(event.worker, _Member(_GONE))
            _HEARD[event.happened](self, event, member)

    def _heard_join(self, event: Event, member: _Member) -> None:
        del event
        member.joined = True
        self._deaths.none_before_joining()

    def _heard_begin(self, event: Event, member: _Member) -> None:
        member.step, member.share = self._steps[event.key], 0.0
        self._listener.of_worker(event.worker).begin(member.step)

    def _heard_advance(self, event: Event, member: _Member) -> None:
        member.share = event.share
        lane = self._listener.of_worker(event.worker)
        if event.words:
            lane.note(event.words)
        lane.advance(event.share)

    def _heard_end(self, event: Event, member: _Member) -> None:
        member.step, member.share = None, 0.0
        self._made.add(event.key)
        self._listener.of_worker(event.worker).end(self._steps[event.key], event.seconds)

    def _heard_failure(self, event: Event, member: _Member) -> None:
        member.step = None
        error = self._folder.failures()[event.key]
        self._failed[event.key] = error
        if self._job.keep_going:
            self._listener.of_worker(event.worker).fail(self._steps[event.key], error)
        else:
            self._folder.stop.touch()

    def _heard_leave(self, event: Event, member: _Member) -> None:
        member.step = None
        self._finished = self._finished or not event.words


class _Gone:
    """The handle of a worker that has ended."""

    def ended(self) -> Ended | None:
        """A normal end."""
        return Ended()

    def kill(self) -> None:
        """Does nothing: it has ended."""


_GONE = _Gone()


def _title(step: Step) -> str:
    return f"{step.kind}: {step.label}"


_HEARD = {
    "join": _Watch._heard_join,
    "begin": _Watch._heard_begin,
    "advance": _Watch._heard_advance,
    "end": _Watch._heard_end,
    "fail": _Watch._heard_failure,
    "leave": _Watch._heard_leave,
}
