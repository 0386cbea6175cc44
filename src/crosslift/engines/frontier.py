"""The next step: steps that use what the worker has in memory come first, then those with the longest
way to the end.

The rank of a step is its expected time and that of the longest chain of steps after it ("upward rank";
Topcuoglu, Hariri and Wu 2002, https://doi.org/10.1109/71.993206). Ranks within a quarter of each other
count as equal; such steps keep the order of the plan, so all arms of a seed come before the next seed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

from crosslift.steps.step import Step

_EQUAL = math.log(1.25)

_Place = tuple[int, int, str]
"""Sort key of a ready step: minus its rank, its number in the plan, its key."""


def ranks(steps: Sequence[Step], seconds: Callable[[Step], float]) -> dict[str, float]:
    """Key of a step -> seconds from its start to the end of the longest chain of steps after it.

    Args:
        steps: steps, each after its inputs.
        seconds: expected seconds of a step.
    """
    after: dict[str, float] = {}
    rank_of: dict[str, float] = {}
    for step in reversed(steps):
        rank_of[step.key] = rank = seconds(step) + after.get(step.key, 0.0)
        for before in step.inputs.values():
            after[before.key] = max(after.get(before.key, 0.0), rank)
    return rank_of


def in_memory(step: Step) -> Hashable:
    """The encoder that a worker has in memory after a step, and may use again. None: nothing."""
    encoder = step.settings.get("encoder")
    if not isinstance(encoder, Mapping):
        return None
    stages = tuple(b.key for role, b in step.inputs.items() if role.startswith("encoder"))
    return encoder.get("files"), (*stages, step.key) if step.kind == "train" else stages


class Frontier:
    """The steps that are left, and those of them that are ready because their inputs exist.

    Args:
        steps: steps to make, each after its inputs. Inputs that are not among them exist.
        rank_of: key of a step -> its rank.
    """

    def __init__(self, steps: Sequence[Step], rank_of: Mapping[str, float]) -> None:
        self._left = {step.key: step for step in steps}
        self._places = {
            step.key: (-round(math.log(max(rank_of[step.key], 1e-3)) / _EQUAL), number, step.key)
            for number, step in enumerate(self._left.values())
        }
        self._before = {step.key: self._inputs_left(step) for step in self._left.values()}
        self._after: dict[str, list[Step]] = {}
        for step in self._left.values():
            for key in self._before[step.key]:
                self._after.setdefault(key, []).append(step)
        self._ready: list[_Place] = []
        self._ready_by_memory: dict[Hashable, list[_Place]] = {}
        for step in self._left.values():
            if not self._before[step.key]:
                self._make_ready(step)

    def __bool__(self) -> bool:
        return bool(self._left)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def ready(self, memory: Hashable = None) -> Iterator[Step]:
        """The steps whose inputs exist: those that use what is in memory first, then by rank."""
        first = list(self._ready_by_memory.get(memory, ())) if memory is not None else []
        for _, _, key in first:
            yield self._left[key]
        skipped = {key for _, _, key in first}
        for _, _, key in list(self._ready):
            if key not in skipped:
                yield self._left[key]

    def take(self, memory: Hashable = None) -> Step | None:
        """Removes the first of `ready` and returns it; None if there is none."""
        places = (memory is not None and self._ready_by_memory.get(memory)) or self._ready
        if not places:
            return None
        step = self._left[places[0][2]]
        self._take_from_ready(step)
        return step

    def settle(self, step: Step) -> None:
        """Notes that the artifact of a step exists."""
        if self._left.pop(step.key, None) is None:
            return
        self._take_from_ready(step)
        for later in self._after.get(step.key, ()):
            if later.key in self._left:
                self._before[later.key].discard(step.key)
                if not self._before[later.key]:
                    self._make_ready(later)

    def drop(self, step: Step) -> list[Step]:
        """Leaves out a step that cannot be made, and all that need it.

        Returns:
            The steps that need it.
        """
        dropped: list[Step] = []
        pending = [step]
        while pending:
            each = pending.pop()
            if self._left.pop(each.key, None) is not None:
                self._take_from_ready(each)
                dropped.append(each)
                pending += self._after.get(each.key, ())
        return dropped[1:]

    def downstream(self, step: Step) -> Iterator[str]:
        """Keys of the steps that are left and need a step."""
        seen: set[str] = set()
        pending = list(self._after.get(step.key, ()))
        while pending:
            each = pending.pop()
            if each.key not in seen:
                seen.add(each.key)
                yield each.key
                pending += self._after.get(each.key, ())

    def _inputs_left(self, step: Step) -> set[str]:
        return {before.key for before in step.inputs.values() if before.key in self._left}

    def _make_ready(self, step: Step) -> None:
        insort(self._ready, self._places[step.key])
        memory = in_memory(step)
        if memory is not None:
            insort(self._ready_by_memory.setdefault(memory, []), self._places[step.key])

    def _take_from_ready(self, step: Step) -> None:
        for places in (self._ready, self._ready_by_memory.get(in_memory(step), [])):
            at = bisect_left(places, self._places[step.key])
            if at < len(places) and places[at] == self._places[step.key]:
                del places[at]
