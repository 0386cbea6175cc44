"""Makes one step: its artifact and its manifest."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from crosslift.artifacts.environment import Environment, environment, peak_bytes
from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.progress import Listener
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError
from crosslift.steps.passing import Passing
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace


def make_passing(
    step: Step, workplace: Workplace, listener: Listener[Step], passing: Passing
) -> None:
    """Makes a step. Inputs that were deleted after use are made again first.

    Args:
        step: step that is not up to date.
        workplace: workplace of the step.
        listener: receives the progress.
        passing: passing steps of the plan.

    Raises:
        CrossLiftError: the step cannot be made.
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
        workplace: workplace of the step.
        status: status of the store, which records that the step is made. None: a new one.
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
    """Other environments that took part in a step: those of interrupted attempts, and those of inputs
    whose manifests are deleted with their artifacts."""
    passing = [before for before in step.inputs.values() if before.passing]
    took_part = [
        *store.attempt_environments(step.attempt(store)),
        *(e for i in passing for e in store.manifest(i.kind, i.key).environments),
    ]
    return [e for number, e in enumerate(took_part) if e not in (here, *took_part[:number])]
