"""The schedule of a plan over n workers, from the expected time of each step."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from crosslift.engines.frontier import Frontier, in_memory, ranks
from crosslift.steps.step import Step

START_SECONDS = 6.0
"""Seconds of a worker until its first step: it loads torch and the plan."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of a plan on several workers.

    Args:
        workers: number of workers.
        seconds: seconds from the start to the end of the last step.
        critical_path: seconds of the longest chain of steps; no number of workers is faster.
        work: seconds of all steps together.
    """

    workers: int
    seconds: float
    critical_path: float
    work: float

    @property
    def idle_share(self) -> float:
        """Share of the workers' time in which they have no step."""
        return 1 - self.work / (self.workers * self.seconds) if self.seconds else 0.0

    def cost(self, price: float) -> float:
        """Cost of all workers until the end of the last step.

        Args:
            price: price of a worker for an hour.
        """
        return self.workers * self.seconds / 3600 * price


def simulate(
    steps: Sequence[Step],
    seconds: Callable[[Step], float],
    workers: int,
    *,
    start_seconds: float = START_SECONDS,
) -> Schedule:
    """Gives each free worker its next step, as the workers of an engine do.

    Args:
        steps: steps to make, each after its inputs.
        seconds: expected seconds of a step.
        workers: number of workers.
        start_seconds: seconds that a worker needs before its first step.
    """
    rank_of = ranks(steps, seconds)
    frontier = Frontier(steps, rank_of)
    free: list[int] = list(range(workers))
    memory: dict[int, Hashable] = {}
    running: list[tuple[float, int, int, Step]] = []
    now, number = start_seconds if steps else 0.0, 0
    while frontier:
        while free and (step := frontier.take(memory.get(free[0]))) is not None:
            worker = heapq.heappop(free)
            memory[worker] = in_memory(step) or memory.get(worker)
            number += 1
            heapq.heappush(running, (now + seconds(step), number, worker, step))
        now, _, worker, step = heapq.heappop(running)
        frontier.settle(step)
        heapq.heappush(free, worker)
    return Schedule(
        workers=workers,
        seconds=now,
        critical_path=max(rank_of.values(), default=0.0),
        work=sum(map(seconds, steps)),
    )
