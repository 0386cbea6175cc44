"""Progress of work: of the steps of a run, and of the phases of mining and of a word pilot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from crosslift.errors import CrossLiftError

Work = TypeVar("Work", contravariant=True)
"""What is done: a step of a study, or a `Phase`."""


class Listener(Protocol[Work]):
    """Receives the progress of work."""

    def begin(self, work: Work) -> None:
        """A piece of work begins."""

    def advance(self, done: float) -> None:
        """This much of it is done: of a step a share in [0, 1], of a phase a count in its unit."""

    def note(self, words: str) -> None:
        """What the work says of itself, such as its update and loss; before `advance`."""

    def end(self, work: Work, seconds: float) -> None:
        """The piece of work is done."""

    def fail(self, work: Work, error: CrossLiftError) -> None:
        """It failed; the rest continues without it."""

    def of_worker(self, name: str) -> Listener[Work]:
        """The listener of one of several workers at once."""

    def leave(self) -> None:
        """The worker of this listener has ended."""

    def warn(self, words: str) -> None:
        """Something that people should know, such as the death of a worker."""


class Silent(Generic[Work]):
    """Receives progress and shows nothing."""

    def begin(self, work: Work) -> None:
        """Nothing."""

    def advance(self, done: float) -> None:
        """Nothing."""

    def note(self, words: str) -> None:
        """Nothing."""

    def end(self, work: Work, seconds: float) -> None:
        """Nothing."""

    def fail(self, work: Work, error: CrossLiftError) -> None:
        """Nothing: the outcome of the run names what failed."""

    def of_worker(self, name: str) -> Self:
        """The same for all workers."""
        del name
        return self

    def leave(self) -> None:
        """Nothing."""

    def warn(self, words: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of some work that is not a step of a study.

    Args:
        name: such as ``searching``.
        unit: what is counted, in the plural, such as ``pairs``.
        total: how many there are in all; 0: not known.
        done: how many of them an earlier run did.
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
