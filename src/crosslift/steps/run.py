"""Running a plan: every step that is not up to date is made, one after another, here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from crosslift.artifacts import progress
from crosslift.artifacts.environment import Environment, environment, peak_bytes
from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError, CrossLiftError
from crosslift.steps.graph import StepGraph
from crosslift.steps.past_plans import note_plan
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

Listener = progress.Listener[Step]
"""Hears of the steps of a run."""

Graph = TypeVar("Graph", bound=StepGraph)


@dataclass(frozen=True, slots=True)
class Made:
    """What a `Maker` did.

    Args:
        keys: of the steps that it made.
        failed: key of a step that cannot be made -> why.
    """

    keys: frozenset[str] = frozenset()
    failed: Mapping[str, CrossLiftError] = field(default_factory=dict)


class Maker(Protocol):
    """Makes many steps in its own way, such as several at once (see `crosslift.engines`)."""

    def make(
        self,
        steps: Sequence[Step],
        store: Store,
        listener: Listener,
        *,
        keep_going: bool,
        trust_code: bool,
        tracker: Tracker | None = None,
    ) -> Made:
        """Makes steps that are not up to date, each after its inputs.

        Raises:
            CrossLiftError: a step cannot be made, unless `keep_going`.
        """
        ...


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What became of a step in a run.

    Args:
        step: the step.
        manifest: of its artifact.
        reused: whether it was up to date before.
        other_code: the modules in which the code that made it differs from the present code; empty but
            where such artifacts are taken as they are.
    """

    step: Step
    manifest: Manifest
    reused: bool
    other_code: tuple[str, ...] = ()


@reading_once()
def run_plan(
    plan: Graph,
    store: Store,
    listener: Listener | None = None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    maker: Maker | None = None,
    tracker: Tracker | None = None,
) -> tuple[Graph, list[StepRecord]]:
    """Makes every step of a plan that is not up to date in the store.

    Killed at any moment, it resumes when it is called again.

    Args:
        plan: such as that of a study.
        store: of the artifacts.
        listener: receives the progress of the run. None: no reports.
        keep_going: the run continues without the arms that need a step that cannot be made.
        trust_code: artifacts that other code made are taken as they are.
        maker: makes the steps that are not up to date; None: one after another in this process.
        tracker: shows training steps while they train. None: nothing does.

    Returns:
        The plan as it could be carried out, and what became of its steps.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it are kept. With `keep_going`, the
            baseline cannot be measured, or no arm can.
    """
    steps = plan.steps()
    note_plan(plan, store)
    _read_code(steps)
    status = Status(store, trust_code=trust_code)
    with store.using(step.key for step in steps):
        made = Made()
        if maker is not None and (missing := missing_steps(steps, store, status)):
            made = maker.make(
                missing,
                store,
                listener or Silent(),
                keep_going=keep_going,
                trust_code=trust_code,
                tracker=tracker,
            )
            status.forget()
        hears = listener or Silent()
        workplace = Workplace(store, report=hears.advance, note=hears.note, tracker=tracker)
        records, failed = _run_steps(steps, workplace, hears, status, keep_going, made)
    done = plan.without(failed) if failed else plan
    return done, [records[step.key] for step in done.steps() if step.key in records]


def _run_steps(
    steps: Sequence[Step],
    workplace: Workplace,
    listener: Listener,
    status: Status,
    keep_going: bool,
    made: Made,
) -> tuple[dict[str, StepRecord], dict[str, CrossLiftError]]:
    """Key of a step -> what became of it, and of those that could not be made -> why."""
    store = workplace.store
    passing = Passing(steps, store, status)
    records: dict[str, StepRecord] = {}
    failed = dict(made.failed)
    for step in steps:
        if step.key in failed:
            continue
        if not passing.wanted(step):
            if (trace := store.trace(step.kind, step.key)) and status.other_code(step):
                records[step.key] = StepRecord(step, trace, True, status.other_code(step))
            passing.note(step)
            continue
        cause = next((failed[s.key] for s in step.inputs.values() if s.key in failed), None)
        if cause is not None:
            failed[step.key] = cause
            continue
        reused = not passing.to_make(step)
        try:
            if not reused:
                make_passing(step, workplace, listener, passing)
        except CrossLiftError as error:
            if not keep_going:
                raise
            failed[step.key] = error
            listener.fail(step, error)
            continue
        manifest = store.manifest(step.kind, step.key)
        reused = reused and step.key not in made.keys
        records[step.key] = StepRecord(step, manifest, reused, status.other_code(step))
        passing.note(step)
    return records, failed


@reading_once()
def make_steps(
    ends: Sequence[Step], store: Store, listener: Listener, *, trust_code: bool = False
) -> list[StepRecord]:
    """Makes some steps and what they read, where they are not up to date.

    Args:
        ends: the steps that are wanted.
        store: of the artifacts.
        listener: receives the progress of the work.
        trust_code: artifacts that other code made are taken as they are.

    Returns:
        What became of the steps and of what they read; of an artifact that was deleted after use, by
        the manifest that it left.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it are kept.
    """
    steps = list({step.key: step for end in ends for step in end.with_inputs()}.values())
    _read_code(steps)
    status = Status(store, trust_code=trust_code)
    passing = Passing(steps, store, status)
    workplace = Workplace(store, report=listener.advance, note=listener.note)
    made: set[str] = set()
    with contextlib.ExitStack() as stack:
        if any(map(passing.to_make, steps)):  # else nothing is written: the store may be read-only
            for step in filter(passing.to_make, steps):
                step.check_needs()
            stack.enter_context(store.using(step.key for step in steps))
            status.forget()
        for step in steps:
            if passing.to_make(step):
                make_passing(step, workplace, listener, passing)
                made.add(step.key)
            passing.note(step)
    traces = [(step, store.trace(step.kind, step.key)) for step in steps]
    return [
        StepRecord(step, trace, step.key not in made, status.other_code(step))
        for step, trace in traces
        if trace is not None
    ]


def _read_code(steps: Sequence[Step]) -> None:
    """Reads the code of steps now, while it is the code that this process has loaded: files may change
    during a long run."""
    for step in steps:
        step.code  # noqa: B018 (read once and kept)


class Passing:
    """Steps whose artifacts are not kept: which of them are wanted, and when they go.

    An artifact goes only where it was made to go: one that another study made to be kept, or wants to
    keep, stays.

    Args:
        steps: of a plan. A step that any of them wants to keep is kept.
        store: of the artifacts.
        status: of the store.
    """

    def __init__(self, steps: Sequence[Step], store: Store, status: Status) -> None:
        self._store = store
        self.status = status
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
        return not self.passes(step) or any(map(self.to_make, self._readers.get(step.key, ())))

    def to_make(self, step: Step) -> bool:
        """Whether a run would make the step."""
        made = self.status.up_to_date(step) and step.exists(self._store)
        return not made and self.wanted(step)

    def note(self, step: Step) -> None:
        """Takes account of a step that is made: what it was the last to read is deleted, and what an
        earlier run left to be deleted."""
        if not self.passes(step):
            self._store.keep(step.kind, step.key)
        elif not self.wanted(step):
            self._store.discard(step.kind, step.key)
        for before in step.inputs.values():
            if self.passes(before) and not self.wanted(before):
                self._store.discard(before.kind, before.key)

    @contextlib.contextmanager
    def held(self, step: Step, make: Callable[[Step], object]) -> Iterator[None]:
        """Makes what a step reads and does not exist; no other process deletes it meanwhile."""
        with contextlib.ExitStack() as stack:
            for before in step.inputs.values():
                if not self.passes(before):
                    continue
                while True:
                    if not (before.exists(self._store) and self.status.up_to_date(before)):
                        make(before)
                    with contextlib.ExitStack() as reading:
                        reading.enter_context(self._store.reading(before.key))
                        if before.exists(self._store):
                            stack.enter_context(reading.pop_all())
                            break
                    # another process deleted it in between
            yield


def missing_steps(steps: Sequence[Step], store: Store, status: Status) -> list[Step]:
    """The steps of a plan that a run would make; those after an input that comes out as it was are
    not made in fact."""
    passing = Passing(steps, store, status)
    return [step for step in steps if passing.to_make(step)]


def check_needs(plan: Graph, missing: Sequence[Step], *, keep_going: bool = False) -> Graph:
    """Finds what steps that are to be made would fail on, before any is made.

    Args:
        plan: such as that of a study.
        missing: its steps that a run would make.
        keep_going: the plan continues without the arms that need a step that would fail.

    Returns:
        The plan as it can be carried out.

    Raises:
        CrossLiftError: the first reason. With `keep_going`, the baseline cannot be measured, or no arm
            can.
    """
    failed: dict[str, CrossLiftError] = {}
    for step in missing:
        try:
            step.check_needs()
        except CrossLiftError as error:
            if not keep_going:
                raise
            failed[step.key] = error
    return plan.without(failed) if failed else plan


def make_passing(step: Step, workplace: Workplace, listener: Listener, passing: Passing) -> None:
    """Makes a step; what it reads and was deleted after use is made again before.

    Args:
        step: not up to date.
        workplace: what it is made with.
        listener: receives the progress.
        passing: of the plan.

    Raises:
        CrossLiftError: it cannot be made.
    """

    def make(each: Step) -> None:
        listener.begin(each)
        began = time.monotonic()
        make_step(each, workplace, passing.status, not passing.passes(each))
        listener.end(each, time.monotonic() - began)

    with passing.held(step, make):
        make(step)


def make_step(
    step: Step, workplace: Workplace, status: Status | None = None, kept: bool = True
) -> Path:
    """Makes one step's artifact, unless it is up to date; its inputs must exist.

    Args:
        step: the step.
        workplace: what it is made with.
        status: of the store, which records that the step is made. None: a new one.
        kept: False: its artifact may be deleted when other steps have read it.
    """
    own = status or Status(workplace.store)
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
        code=step.code,
        read=step.read(workplace.store),
        devices=step.devices,
    )

    def measured() -> Manifest:
        if step.read(workplace.store) != manifest.read:
            raise ArtifactError(
                f"an input of {step.kind}: {step.label} was replaced while it was made",
                "one version of the code in all processes that use a store",
                "give the command again",
            )
        return replace(
            manifest,
            seconds=time.monotonic() - began,
            peak_bytes=peak_bytes(),
            other_environments=_other_environments(step, workplace.store, here),
        )

    def write(folder: Path) -> None:
        step.make(step, workplace, folder)

    def serves(made: Manifest) -> bool:
        return own.serves(step, made)

    place = workplace.store.make(manifest, write, measured, serves, keep=kept)
    own.forget()
    return place


def _other_environments(step: Step, store: Store, here: Environment) -> list[Environment]:
    """Environments but this one that a step was made in: before it was interrupted, and those of
    inputs whose manifests go with their artifacts."""
    passing = [before for before in step.inputs.values() if before.passing]
    took_part = [
        *store.attempt_environments(step.attempt(store)),
        *(e for i in passing for e in store.manifest(i.kind, i.key).environments),
    ]
    return [e for number, e in enumerate(took_part) if e not in (here, *took_part[:number])]
