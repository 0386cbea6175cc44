"""How much work a turn holds: what this machine does in a given time."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.measuring.floor import Speeds

_REACHED = 0.25
"""Share of the float32 peak that a peer usually reaches."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Chooses sizes from the measured speed of the machine.

    Args:
        repeats: turns of each side.
        operations: that a peer does in the time of a turn.
    """

    repeats: int
    operations: float

    @classmethod
    def of(cls, speeds: Speeds, *, quick: bool) -> Sizes:
        """Three turns of a second, or five of six."""
        repeats, seconds = (3, 1.0) if quick else (5, 6.0)
        return cls(repeats, seconds * _REACHED * speeds.peaks["float32"])

    def count(self, operations: float, least: int, most: int) -> int:
        """How many items a turn holds: a power of two times ``least``, so that runs are comparable.

        Args:
            operations: of one item.
            least: items, even if they take longer than a turn should.
            most: items.
        """
        count = least
        while 2 * count <= most and 2 * count * operations <= self.operations:
            count *= 2
        return count
