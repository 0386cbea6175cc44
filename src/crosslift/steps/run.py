"""Runs a plan: makes every step that is not up to date, one after another in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from crosslift.artifacts import progress
from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.errors import CrossLiftError
from crosslift.steps.before_run import missing_steps
from crosslift.steps.graph import Graph
from crosslift.steps.make_step import make_passing
from crosslift.steps.passing import Passing
from crosslift.steps.past_plans import note_plan
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

Listener = progress.Listener[Step]
"""Receives the progress of the steps of a run."""


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a `Maker`.

    Args:
        keys: keys of the steps that it made.
        failed: key of a step that cannot be made -> reason.
    """

    keys: frozenset[str] = frozenset()
    failed: Mapping[str, CrossLiftError] = field(default_factory=dict)


class Maker(Protocol):
    """Makes many steps, for example several at once (see `crosslift.engines`)."""

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
    """The outcome of a step in a run.

    Args:
        step: the step.
        manifest: manifest of its artifact.
        reused: whether the step was up to date before the run.
        other_code: modules in which the code that made the artifact differs from the present code;
            empty unless such artifacts are used as they are.
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

    After a kill at any moment, the next call resumes the run.

    Args:
        plan: graph of steps, such as the plan of a study.
        store: store of the artifacts.
        listener: receives the progress of the run. None: no reports.
        keep_going: continue without the arms that need a step that cannot be made.
        trust_code: use artifacts that other code made as they are.
        maker: makes the steps that are not up to date; None: one after another in this process.
        tracker: shows training steps while they train. None: nothing does.

    Returns:
        The plan, without parts that could not be carried out, and the outcomes of its steps.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it are kept. With `keep_going`, the
            baseline cannot be measured, or no arm can.
    """
    steps = plan.steps()
    note_plan(plan, store)
    _read_code(steps)
    status = Status(store, trust_code=trust_code)
    listener = listener or Silent()
    with store.using(step.key for step in steps):
        made = Made()
        if maker is not None and (missing := missing_steps(steps, store, status)):
            made = maker.make(
                missing,
                store,
                listener,
                keep_going=keep_going,
                trust_code=trust_code,
                tracker=tracker,
            )
            status.forget()
        workplace = Workplace(store, report=listener.advance, note=listener.note, tracker=tracker)
        records, failed = _run_steps(steps, workplace, listener, status, keep_going, made)
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
    """Key of a step -> its outcome; and key of a step that could not be made -> reason."""
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
    """Makes some steps and their inputs, unless they are up to date.

    Args:
        ends: steps to make.
        store: store of the artifacts.
        listener: receives the progress of the work.
        trust_code: use artifacts that other code made as they are.

    Returns:
        The outcomes of the steps and of their inputs. For an artifact that was deleted after use, the
        outcome has the manifest that it left.

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
    """Reads the code of steps now, while the files are the same as the loaded code: they may change
    during a long run."""
    for step in steps:
        step.code  # noqa: B018 (read once and kept)
