"""Steps: the nodes of a study's plan. What a step is made of decides its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from crosslift.artifacts.environment import environment
from crosslift.artifacts.keys import code_version, key_of
from crosslift.artifacts.store import Store
from crosslift.encoders.lend import LentEncoder

Kind = Literal[
    "pictures",
    "features",
    "overlap",
    "translate",
    "train",
    "encode",
    "embed-pictures",
    "evaluate",
    "answer",
    "diagnose",
    "sweep",
]


@dataclass(frozen=True)
class Workplace:
    """What the making of a step works with.

    Args:
        store: of all artifacts.
        encoders: one loaded encoder, lent to one step after another.
        report: called with the share of the step that is done, in [0, 1].
    """

    store: Store
    encoders: LentEncoder = field(default_factory=LentEncoder)
    report: Callable[[float], None] = lambda _: None

    def unfinished(self, step: Step) -> Path:
        """The folder in which a step keeps what it resumes from; it notes who took part in it."""
        return self.store.resume(step.key, environment())


Make = Callable[["Step", Workplace, Path], None]


@dataclass(frozen=True, eq=False)
class Step:
    """One node of the plan.

    Args:
        kind: of work; also the folder of its artifact in the store.
        label: what it is for, in words.
        settings: everything that decides its artifact, beside its inputs and its code; JSON-like.
        inputs: role -> step whose artifact it reads.
        code: modules and packages that compute it.
        make: writes the artifact's files into an empty folder.
        work: size of the job, in the unit of its kind (see `estimates`).
        context: what `make` needs beyond the settings; no part of the key, as all of it follows
            from the settings.
        passing: its artifact is large and wanted by other steps alone: it is made only where one of
            them has to be made, and taken out of the store once they all stand.
    """

    kind: Kind
    label: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Step]
    code: tuple[str, ...]
    make: Make
    work: float
    context: Any = None
    passing: bool = False

    @cached_property
    def made_from(self) -> dict[str, Any]:
        """What the key is the hash of."""
        return {
            "kind": self.kind,
            "settings": dict(self.settings),
            "inputs": {role: step.key for role, step in self.inputs.items()},
            "code": code_version(*self.code),
        }

    @cached_property
    def key(self) -> str:
        """The artifact's key."""
        return key_of(self.made_from)

    def with_inputs(self) -> Iterator[Step]:
        """Every step it is made of, each after its inputs, itself last; some come several times."""
        for before in self.inputs.values():
            yield from before.with_inputs()
        yield self

    def stands(self, store: Store) -> bool:
        """Whether the artifact is in the store."""
        return store.stands(self.kind, self.key)

    def open(self, store: Store) -> Path:
        """The artifact's folder, checked."""
        return store.open(self.kind, self.key)
