"""Turns: every contender does the same work once, and again, so that all meet the same noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from benchmarks.measuring.load import CoreTime, others_since

Result = TypeVar("Result")


class Contender(Protocol):
    """One side of a comparison."""

    def turn(self) -> Turn:
        """Does the work once."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of one contender.

    Args:
        seconds: that it took.
        elsewhere: processor seconds that it used in another process than this one.
        peak_bytes: most memory that its process ever had; 0: not measured.
    """

    seconds: float
    elsewhere: float = 0.0
    peak_bytes: int = 0


class LocalContender(Generic[Result]):
    """A contender in this process.

    Args:
        work: done in each turn; ``result`` is what it returned last.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self.result: Result

    def turn(self) -> Turn:
        """Does the work once."""
        began = time.perf_counter()
        self.result = self._work()
        return Turn(time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Turns:
    """All turns of all contenders.

    Args:
        seconds: of each contender, in each turn.
        peak_bytes: of each contender.
        others: share of the cores that other processes took.
    """

    seconds: list[list[float]]
    peak_bytes: list[int]
    others: float


def take_turns(contenders: Sequence[Contender], repeats: int, warm_ups: int = 1) -> Turns:
    """Lets contenders work in turn.

    Args:
        contenders: in their order.
        repeats: turns of each.
        warm_ups: turns of each before, which do not count.
    """
    for _ in range(warm_ups):
        for contender in contenders:
            contender.turn()
    begin = CoreTime.now()
    rounds = [[contender.turn() for contender in contenders] for _ in range(repeats)]
    others = others_since(begin, sum(turn.elsewhere for turns in rounds for turn in turns))
    by_contender = list(zip(*rounds, strict=True))
    seconds = [[turn.seconds for turn in turns] for turns in by_contender]
    return Turns(seconds, [max(t.peak_bytes for t in turns) for turns in by_contender], others)
