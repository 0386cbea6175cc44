"""A worker of an engine: takes one free step after another until none is left."""

from __future__ import annotations

import _thread
import contextlib
import os
import platform
import sys
import threading
import time
from collections.abc import Hashable, Iterator
from pathlib import Path

from crosslift.artifacts.leases import LEASE_SECONDS, LeaseLostError
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.engines.frontier import Frontier, in_memory
from crosslift.engines.job import Job, JobFolder, WorkerLog
from crosslift.errors import ArtifactError, CrossLiftError
from crosslift.steps.make_step import make_passing
from crosslift.steps.passing import Passing
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

_LOOK_SECONDS = 0.25
"""Seconds between checks of what others made and of whether to stop."""
_LONGEST_PAUSE = 2.0
_REPORT_SECONDS = 0.5
REFUSED = 3
"""Exit status of a worker that is refused; standard error says why."""


def work(folder: str, name: str) -> str:
    """Works on a job until no step is left, or until the crew stops its workers.

    Args:
        folder: folder of the job (see `crosslift.engines.job`).
        name: name of the worker.

    Returns:
        Why the worker is refused; empty if it is not.
    """
    place = JobFolder(Path(folder))
    try:
        job = place.read()
        refusal = job.refusal()
    except (ArtifactError, ModuleNotFoundError) as error:
        refusal = str(error)
    if refusal is not None:
        return f"worker {name} on {platform.node()} is refused: {refusal}"
    log = place.log(name)
    _use_threads(job.threads)
    why = "stopped"
    with contextlib.suppress(KeyboardInterrupt), _stopped_by(place), reading_once():
        worker = _Worker(job, place, log)
        log.write("join")
        worker.to_the_end()
        why = ""
    log.write("leave", words=why)
    return ""


def _use_threads(threads: int) -> None:
    import torch  # seconds

    torch.set_num_threads(threads)


@contextlib.contextmanager
def _stopped_by(place: JobFolder) -> Iterator[None]:
    """Ctrl-C in the block when the crew stops its workers, or is gone."""
    ended, deciding = threading.Event(), threading.Lock()

    def watch() -> None:
        changed, since = -1, time.monotonic()
        while not ended.wait(_LOOK_SECONDS):
            with contextlib.suppress(OSError):  # a network file system may fail for a while
                written = place.lease.stat().st_mtime_ns
                if written != changed:
                    changed, since = written, time.monotonic()
            gone = time.monotonic() - since > LEASE_SECONDS
            with deciding:
                if not ended.is_set() and (gone or _exists(place.stop)):
                    _thread.interrupt_main()
                    return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with deciding:
            ended.set()


def _exists(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.exists()
    return False


class _Worker:
    """Takes steps of a job.

    Args:
        job: the job.
        place: the job's folder.
        log: its log.
    """

    def __init__(self, job: Job, place: JobFolder, log: WorkerLog) -> None:
        self._job = job
        self._place = place
        self._log = log
        self._store = Store(job.store)
        self._status = Status(self._store, trust_code=job.trust_code)
        self._passing = Passing(job.steps, self._store, self._status)
        self._frontier = Frontier(job.steps, job.ranks)
        self._listener = _Reports(log)
        self._workplace = Workplace(
            self._store,
            report=self._listener.advance,
            note=self._listener.note,
            tracker=job.tracker,
        )
        self._memory: Hashable = None
        self._failed: set[str] = set()
        self._look_at: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        for step in job.steps:
            step.code  # noqa: B018 (the code that this process has loaded)

    def to_the_end(self) -> None:
        """Makes steps until none is left."""
        while self._frontier:
            self._note_failures()
            if not any(map(self._take, self._frontier.ready(self._memory))):
                time.sleep(_LOOK_SECONDS)

    def _note_failures(self) -> None:
        new = self._place.failed_keys() - self._failed
        self._failed |= new
        for step in self._job.steps:
            if new and step.key in new:
                self._frontier.drop(step)

    def _take(self, step: Step) -> bool:
        """Makes a step unless another worker makes it; returns whether it exists now, or failed."""
        self._forget(step)
        if self._exists(step):
            self._settle(step)
            return True
        if time.monotonic() < self._look_at.get(step.key, 0.0):
            return False
        with self._store.lock_if_free(step.key) as free:
            if not free or step.key in self._place.failed_keys():
                self._look_later(step)
                return False
            self._look_at.pop(step.key, None)
            self._store.look_again(step.kind)
            self._forget(step)
            if not self._make(step):
                return True
        self._settle(step)
        return True

    def _exists(self, step: Step) -> bool:
        """Whether another worker has made a step."""
        return step.exists(self._store) and self._status.up_to_date(step)

    def _look_later(self, step: Step) -> None:
        """Waits longer and longer for a step that another worker makes."""
        pause = self._pauses[step.key] = min(
            2 * self._pauses.get(step.key, _LOOK_SECONDS / 2), _LONGEST_PAUSE
        )
        self._look_at[step.key] = time.monotonic() + pause

    def _make(self, step: Step) -> bool:
        """Makes a step that may be needed; returns whether it did not fail."""
        if not self._passing.to_make(step):
            return True
        try:
            make_passing(step, self._workplace, self._listener, self._passing)
        except LeaseLostError:
            return False  # its new owner makes it
        except CrossLiftError as error:
            self._place.note_failure(step.key, error)
            self._log.write("fail", key=step.key)
            return False
        self._memory = in_memory(step) or self._memory
        return True

    def _settle(self, step: Step) -> None:
        self._forget(step)
        self._frontier.settle(step)
        self._passing.note(step)

    def _forget(self, step: Step) -> None:
        self._status.forget([step.key, *self._frontier.downstream(step)])


class _Reports(Silent[Step]):
    """Writes the progress of a worker's steps, at most twice a second.

    Args:
        log: log of the worker.
    """

    def __init__(self, log: WorkerLog) -> None:
        self._log = log
        self._words = ""
        self._written = 0.0

    def begin(self, work: Step) -> None:
        """A step begins."""
        self._words = ""
        self._log.write("begin", key=work.key)

    def advance(self, done: float) -> None:
        """Reports the finished share of the step."""
        now = time.monotonic()
        if now - self._written >= _REPORT_SECONDS:
            self._written = now
            self._log.write("advance", share=done, words=self._words)

    def note(self, words: str) -> None:
        """Reports a note of the step."""
        self._words = words

    def end(self, work: Step, seconds: float) -> None:
        """The step ends."""
        if self._words:
            self._log.write("advance", share=1.0, words=self._words)
        self._log.write("end", key=work.key, seconds=seconds)


def main() -> None:
    """``python -m crosslift.engines.work FOLDER NAME``: a worker that ends when its input is closed."""

    def end_with_the_crew() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(1)  # the process that started it is gone: what is made so far can be resumed

    threading.Thread(target=end_with_the_crew, daemon=True).start()
    refusal = work(*sys.argv[1:3])
    if refusal:
        sys.stderr.write(refusal)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
