"""The resources that a worker needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from crosslift.errors import StudyError

GIB = 2**30


class Room(NamedTuple):
    """The resources that one worker could have at most.

    Args:
        processors: number of logical processors.
        memory: bytes.
        devices: accelerators.
    """

    processors: float
    memory: float
    devices: float


@dataclass(frozen=True, slots=True)
class Needs:
    """The resources that each worker needs, for the largest of its steps.

    Args:
        memory: bytes; 0: not known.
        step: the step that needs the most memory, in words.
        devices: accelerators that a training step uses at once, where workers have any.
    """

    memory: float = 0.0
    step: str = ""
    devices: int = 1

    def check(self, place: str, threads: int, devices: int, room: Room) -> None:
        """Raises if a worker does not fit.

        Args:
            place: the machine or cluster, in words.
            threads: threads of a worker.
            devices: accelerators of a worker; 0: it computes on processors.
            room: resources for one worker.

        Raises:
            StudyError: it names the resource that is too small, the step, and a remedy.
        """
        if threads > room.processors:
            raise StudyError(
                f"a worker of {threads} threads does not fit: {place} has {room.processors:g} "
                "processors",
                remedy=f"--threads {max(1, int(room.processors))}",
            )
        if devices > room.devices:
            raise StudyError(
                f"a worker with {devices} devices does not fit: {place} has {room.devices:g}",
                remedy=f"--devices {int(room.devices)}",
            )
        if 0 < devices < self.devices:
            raise StudyError(
                f"the study trains on {self.devices} devices at once, and a worker has {devices}",
                remedy=f"--devices {self.devices}, or `devices: {devices}` in the study",
            )
        if self.memory > room.memory:
            raise StudyError(
                f"{self.step} needs about {self.memory / GIB:.1f} GB of memory: {place} has "
                f"{room.memory / GIB:.1f} GB for each worker",
                remedy="fewer --workers on each machine, machines with more memory, or a smaller batch",
            )
