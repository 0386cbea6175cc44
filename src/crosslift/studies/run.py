"""Running a plan: every step that does not stand is made, one after another, here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from crosslift.artifacts import progress
from crosslift.artifacts.environment import Environment, environment, peak_bytes
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Manifest, Store
from crosslift.errors import CrossLiftError
from crosslift.studies.plan import Plan
from crosslift.studies.steps import Step, Workplace

Listener = progress.Listener[Step]
"""Hears of the steps of a run."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What became of a step in a run.

    Args:
        step: the step.
        manifest: of its artifact.
        reused: whether it stood before.
    """

    step: Step
    manifest: Manifest
    reused: bool


def run_plan(
    plan: Plan, store: Store, listener: Listener | None = None, *, keep_going: bool = False
) -> tuple[Plan, list[StepRecord]]:
    """Makes every step of a plan that does not stand in the store.

    Killed at any moment, it resumes when it is called again.

    Args:
        plan: of a study.
        store: of the artifacts.
        listener: told of the run as it goes; None: nobody.
        keep_going: a step that cannot be made takes the arms out that need it, and the rest goes on.

    Returns:
        The plan as it could be carried out, and what became of its steps.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it stand. With `keep_going`, the
            baseline cannot be measured, or no arm can.
    """
    heard = listener or Silent()
    workplace = Workplace(store, report=heard.advance)
    records: dict[str, StepRecord] = {}
    failed: dict[str, CrossLiftError] = {}
    steps = plan.steps()
    passing = Passing(steps, store)
    for step in steps:
        if not passing.wanted(step):
            passing.note(step)
            continue
        cause = next((failed[s.key] for s in step.inputs.values() if s.key in failed), None)
        if cause is not None:
            failed[step.key] = cause
            continue
        reused = step.stands(store)
        try:
            if not reused:
                _make_passing(step, workplace, heard, passing)
        except CrossLiftError as error:
            if not keep_going:
                raise
            failed[step.key] = error
            heard.fail(step, error)
            continue
        records[step.key] = StepRecord(step, store.manifest(step.kind, step.key), reused)
        passing.note(step)
    done = plan.without(failed) if failed else plan
    return done, [records[step.key] for step in done.steps() if step.key in records]


def make_steps(ends: Sequence[Step], store: Store, listener: Listener) -> None:
    """Makes some steps and what they read, where they do not stand.

    Args:
        ends: the steps that are wanted.
        store: of the artifacts.
        listener: told of the work as it goes.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it stand.
    """
    steps = list({step.key: step for end in ends for step in end.with_inputs()}.values())
    passing = Passing(steps, store)
    workplace = Workplace(store, report=listener.advance)
    for step in missing_steps(steps, store):
        if not step.stands(store):
            _make_passing(step, workplace, listener, passing)
        passing.note(step)


class Passing:
    """Steps whose artifacts are not kept: which of them are wanted, and when they go.

    An artifact goes only where it was made to go: one that another study made to be kept, or wants to
    keep, stays.

    Args:
        steps: of a plan. A step that any of them wants to keep is kept.
        store: of the artifacts.
    """

    def __init__(self, steps: Sequence[Step], store: Store) -> None:
        self._store = store
        self._readers: dict[str, list[Step]] = {}
        every = [*steps, *(before for step in steps for before in step.inputs.values())]
        self._kept = {step.key for step in every if not step.passing}
        for step in steps:
            for before in step.inputs.values():
                self._readers.setdefault(before.key, []).append(step)

    def passes(self, step: Step) -> bool:
        """Whether its artifact is not to be kept."""
        return step.key not in self._kept

    def wanted(self, step: Step) -> bool:
        """Whether it has to be made or opened: of a step that passes, whether one that reads it has
        yet to be made."""
        readers = self._readers.get(step.key, ())
        return not self.passes(step) or not all(r.stands(self._store) for r in readers)

    def note(self, step: Step) -> None:
        """Takes account of a step that stands: what it was the last to read goes, and what an earlier
        run left to go."""
        if not self.passes(step):
            self._store.keep(step.kind, step.key)
        elif not self.wanted(step):
            self._store.discard(step.kind, step.key)
        for before in step.inputs.values():
            if self.passes(before) and not self.wanted(before):
                self._store.discard(before.kind, before.key)

    @contextlib.contextmanager
    def held(self, step: Step, make: Callable[[Step], object]) -> Iterator[None]:
        """Makes what a step reads and does not stand; no other process takes it out meanwhile."""
        with contextlib.ExitStack() as stack:
            for before in step.inputs.values():
                if not self.passes(before):
                    continue
                while True:
                    if not before.stands(self._store):
                        make(before)
                        self._store.let_go(before.kind, before.key)
                    lock = self._store.lock(before.key)
                    lock.acquire()
                    if before.stands(self._store):
                        stack.callback(lock.release)
                        break
                    lock.release()  # another process took it out in between
            yield


def missing_steps(steps: Sequence[Step], store: Store) -> list[Step]:
    """The steps of a plan that a run would make."""
    passing = Passing(steps, store)
    return [step for step in steps if not step.stands(store) and passing.wanted(step)]


def _make_passing(step: Step, workplace: Workplace, heard: Listener, passing: Passing) -> None:
    """Makes a step; what it reads and was taken out is made again before."""

    def make(before: Step) -> None:
        _make_heard(before, workplace, heard)

    with passing.held(step, make):
        _make_heard(step, workplace, heard)
    if passing.passes(step):
        workplace.store.let_go(step.kind, step.key)


def _make_heard(step: Step, workplace: Workplace, heard: Listener) -> None:
    heard.begin(step)
    began = time.monotonic()
    make_step(step, workplace)
    heard.end(step, time.monotonic() - began)


def make_step(step: Step, workplace: Workplace) -> Path:
    """Makes one step's artifact, unless it stands; its inputs must stand."""
    began = time.monotonic()
    here = environment()
    manifest = Manifest(
        kind=step.kind,
        key=step.key,
        label=step.label,
        made_from=step.made_from,
        environment=here,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        work=step.work,
    )

    def measured() -> Manifest:
        return replace(
            manifest,
            seconds=time.monotonic() - began,
            peak_bytes=peak_bytes(),
            other_environments=_other_environments(step, workplace.store, here),
        )

    def write(folder: Path) -> None:
        step.make(step, workplace, folder)

    return workplace.store.make(manifest, write, measured)


def _other_environments(step: Step, store: Store, here: Environment) -> list[Environment]:
    """Environments but this one that a step was made in: before it was interrupted, and those of
    inputs whose manifests go with their artifacts."""
    passing = [before for before in step.inputs.values() if before.passing]
    took_part = [
        *store.took_part(step.key),
        *(e for i in passing for e in store.manifest(i.kind, i.key).environments),
    ]
    return [e for number, e in enumerate(took_part) if e not in (here, *took_part[:number])]
