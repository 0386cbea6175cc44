"""Steps: the nodes of a study's plan. The settings and inputs of a step decide its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from crosslift.artifacts.code import code_of, import_closure
from crosslift.artifacts.environment import environment
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.store import Store
from crosslift.steps.attempts import note_attempt
from crosslift.steps.code_behind import modules_behind

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

Shared = TypeVar("Shared")

Kind = Literal[
    "pictures",
    "features",
    "overlap",
    "translate",
    "train",
    "choose",
    "encode",
    "embed-pictures",
    "evaluate",
    "mteb",
    "answer",
    "diagnose",
    "sweep",
    "search",
]
SCORED: tuple[Kind, ...] = ("evaluate", "mteb")
"""Kinds of steps whose artifact has outcomes of a target that vectors score."""


@dataclass(frozen=True)
class Workplace:
    """The environment in which a step is made: its store, progress and shared objects.

    Args:
        store: store of all artifacts.
        report: function that is called with the finished share of the step, in [0, 1].
        note: function that is called before it with a note of the step, such as its update and loss.
        shared: class -> its object that one step after another uses, such as a loaded encoder.
        tracker: tracker that shows training steps while they train; None: no tracker.
    """

    store: Store
    report: Callable[[float], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    shared: dict[type, Any] = field(default_factory=dict)
    tracker: Tracker | None = None

    def the(self, kind: type[Shared]) -> Shared:
        """The object of a class that all steps share, made at its first use."""
        if kind not in self.shared:
            self.shared[kind] = kind()
        shared: Shared = self.shared[kind]
        return shared

    def counting(self, total: int) -> Callable[[int], None]:
        """A function that takes the number of parts done since the last call, and reports the finished
        share of the step."""
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            self.report(min(1.0, done / max(1, total)))

        return advance

    def unfinished(self, step: Step) -> Path:
        """The folder in which a step keeps its unfinished work; the folder notes the environments that
        took part, the code and the inputs."""
        folder = self.store.resume(step.attempt(self.store), environment())
        read = step.read(self.store)
        inputs = [(step.inputs[role].kind, step.inputs[role].key, read[role]) for role in read]
        note_attempt(folder, step.code, inputs)
        return folder


Make = Callable[["Step", Workplace, Path], None]
Job = TypeVar("Job")


@dataclass(frozen=True, eq=False)
class Step:
    """One node of the plan.

    Args:
        kind: kind of work; also the folder of its artifact in the store.
        label: purpose of the step, in words.
        settings: everything that decides the artifact, besides the inputs; JSON-like.
        inputs: role -> step whose artifact the step reads.
        make: function that writes the artifact's files into an empty folder. The modules that the
            function's module imports, and the modules that define the content of `job`, are the step's
            code.
        work: size of the job, in the unit of its kind (see `estimates`).
        job: object that `make` needs beyond the settings, of the class that it passes to `job_as`; not
            part of the key, as the settings decide all of it.
        passing: whether the artifact is large and only other steps need it: then it is made only if one
            of them must be made, and deleted once they all exist.
        group: name that steps with a common line of progress share; empty: the label.
        devices: number of devices that make it together; a fact of the machine, not part of the key.
    """

    kind: Kind
    label: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Step]
    make: Make
    work: float
    job: object = None
    passing: bool = False
    group: str = ""
    devices: int = 1

    @cached_property
    def made_from(self) -> dict[str, Any]:
        """The value that the key is a hash of: settings and inputs, whatever code makes the step."""
        return {
            "kind": self.kind,
            "settings": dict(self.settings),
            "inputs": {role: step.key for role, step in self.inputs.items()},
        }

    @cached_property
    def key(self) -> str:
        """The artifact's key."""
        return key_of(self.made_from)

    @cached_property
    def code(self) -> dict[str, str]:
        """Module that takes part in making the artifact -> hash of its code."""
        modules = {self.make.__module__, *modules_behind(self.job, skip=Step)}
        return code_of(import_closure(modules))

    def read(self, store: Store) -> dict[str, str]:
        """Role of an input -> digest of its present artifact, or of its artifact before deletion;
        inputs that were never made are absent."""
        traces = {role: store.trace(s.kind, s.key) for role, s in self.inputs.items()}
        return {role: trace.digest for role, trace in traces.items() if trace is not None}

    def attempt(self, store: Store) -> str:
        """The name of an attempt to make the artifact: its key, and a hash of code and inputs."""
        return f"{self.key}-{key_of({'code': self.code, 'read': self.read(store)})[:12]}"

    def with_inputs(self) -> Iterator[Step]:
        """The step with all inputs behind it, each after its inputs; some steps come several times."""
        for before in self.inputs.values():
            yield from before.with_inputs()
        yield self

    def job_as(self, kind: type[Job]) -> Job:
        """The job, as an object of its class.

        Raises:
            TypeError: the job has another class.
        """
        if not isinstance(self.job, kind):
            raise TypeError(
                f"the job of {self.kind}: {self.label} is a {type(self.job).__name__}, not a "
                f"{kind.__name__}"
            )
        return self.job

    def check_needs(self) -> None:
        """Raises if something that its job needs from outside the plan is missing.

        A job checks this in a method ``check_needs``, which downloads nothing and takes seconds at
        most.

        Raises:
            CrossLiftError: the reason, as making the step would raise it.
        """
        check: Callable[[], None] | None = getattr(self.job, "check_needs", None)
        if check is not None:
            check()

    def exists(self, store: Store) -> bool:
        """Whether the artifact is in the store, whatever code made it."""
        return store.exists(self.kind, self.key)

    def open(self, store: Store) -> Path:
        """The artifact's folder, checked."""
        return store.open(self.kind, self.key)
