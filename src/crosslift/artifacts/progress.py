"""Progress of work: the steps of a run, and the phases of mining and of a word pilot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from crosslift.errors import CrossLiftError

Work = TypeVar("Work", contravariant=True)
"""A piece of work: a step of a study, or a `Phase`."""


class Listener(Protocol[Work]):
    """Receives the progress of work."""

    def begin(self, work: Work) -> None:
        """A piece of work begins."""

    def advance(self, done: float) -> None:
        """The work has come this far: for a step a share in [0, 1], for a phase a count in its unit."""

    def note(self, words: str) -> None:
        """The work has a note, such as its update and loss; it comes before `advance`."""

    def end(self, work: Work, seconds: float) -> None:
        """The piece of work is done."""

    def fail(self, work: Work, error: CrossLiftError) -> None:
        """A step failed; the rest continues without it."""

    def of_worker(self, name: str) -> Listener[Work]:
        """The listener of one of several workers at once."""

    def leave(self) -> None:
        """The worker of this listener has ended."""

    def warn(self, words: str) -> None:
        """The user should read a message, for example that a worker died."""


class Silent(Generic[Work]):
    """Receives progress and shows nothing."""

    def begin(self, work: Work) -> None:
        """Does nothing."""

    def advance(self, done: float) -> None:
        """Does nothing."""

    def note(self, words: str) -> None:
        """Does nothing."""

    def end(self, work: Work, seconds: float) -> None:
        """Does nothing."""

    def fail(self, work: Work, error: CrossLiftError) -> None:
        """Does nothing: the outcome of the run names the failed steps."""

    def of_worker(self, name: str) -> Self:
        """The same listener for all workers."""
        del name
        return self

    def leave(self) -> None:
        """Does nothing."""

    def warn(self, words: str) -> None:
        """Does nothing."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of some work that is not a step of a study.

    Args:
        name: name of the phase, such as ``searching``.
        unit: counted things, in the plural, such as ``pairs``.
        total: number of all things; 0: unknown.
        done: number of things that an earlier run did.
    """

    name: str
    unit: str
    total: float = 0.0
    done: float = 0.0


@contextmanager
def in_phase(listener: Listener[Phase], phase: Phase) -> Iterator[None]:
    """Tells a listener that a phase begins and, unless an error is raised, that it ends."""
    listener.begin(phase)
    began = time.monotonic()
    yield
    listener.end(phase, time.monotonic() - began)
