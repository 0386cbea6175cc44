"""What a worker needs of its machine."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.errors import StudyError

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Needs:
    """What each worker needs, for the largest of its steps.

    Args:
        memory: bytes; 0: not known.
        devices: accelerators.
        step: the step that needs the most, in words.
    """

    memory: float = 0.0
    devices: int = 0
    step: str = ""

    def check(
        self, place: str, threads: int, processors: float, memory: float, devices: float
    ) -> None:
        """Raises if a worker does not fit.

        Args:
            place: what has the resources, in words.
            threads: of a worker.
            processors, memory, devices: that one worker could have there at most; memory in bytes.

        Raises:
            StudyError: which resource is too small, for which step, and what would do.
        """
        if threads > processors:
            raise StudyError(
                f"a worker of {threads} threads does not fit: {place} has {processors:g} processors",
                remedy=f"--threads {max(1, int(processors))}",
            )
        if self.devices > devices:
            raise StudyError(
                f"{self.step} needs {self.devices} devices: {place} has {devices:g}",
                remedy=f"machines with {self.devices}, or `devices: {int(devices)}` in the study",
            )
        if self.memory > memory:
            raise StudyError(
                f"{self.step} needs about {self.memory / GIB:.1f} GB of memory: {place} has "
                f"{memory / GIB:.1f} GB for each worker",
                remedy="fewer --workers on each machine, machines with more memory, or a smaller batch",
            )
