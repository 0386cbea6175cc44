"""A row of the comparison: times of both sides, their ratio, and the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.measuring.floor import Needs, Speeds
from benchmarks.measuring.load import is_busy

Shares = Mapping[str, float]
"""Kind of work -> its share of the time."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the turns of one side.

    Args:
        minimum: seconds of the fastest turn.
        median: seconds.
        spread: the slowest turn less the fastest, over the median.
        repeats: number of turns.
    """

    minimum: float
    median: float
    spread: float
    repeats: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """From the seconds of each turn, one or more."""
        middle = float(median(seconds))
        spread = (max(seconds) - min(seconds)) / middle
        return cls(float(min(seconds)), middle, float(spread), len(seconds))


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast ours is.

    Args:
        medians: their median over ours.
        lowest, highest: ratio of two turns that followed each other; the range is the noise.
    """

    medians: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        """From the seconds of both sides' turns, in the order in which they ran."""
        pairs = [float(b / a) for a, b in zip(ours, theirs, strict=True)]
        return cls(float(median(theirs) / median(ours)), min(pairs), max(pairs))


@dataclass(frozen=True, slots=True)
class Work:
    """What a row measures.

    Args:
        name: of the row; the same in every run, whatever the size.
        peer: what ours is compared with.
        items: number of units in a turn.
        unit: in the plural, such as ``texts``.
        needs: of a turn.
        detail: what else makes up the size, such as ``in batches of 64``.
    """

    name: str
    peer: str
    items: int
    unit: str
    needs: Needs
    detail: str = ""

    @property
    def size(self) -> str:
        """The work of a turn, in words."""
        return f"{self.items:,} {self.unit} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Row:
    """One measured comparison.

    Args:
        work: what was measured.
        floor: seconds that a turn takes at least.
        ours, theirs: of CrossLift and of the peer.
        ratio: of both.
        others: share of the cores that other processes took meanwhile.
        memory: peak bytes of both sides; None: not measured.
        shares: kind of work -> share of our time, measured apart; empty: not measured.
        note: what else a reader must know, such as scores of both sides.
    """

    work: Work
    floor: float
    ours: Times
    theirs: Times
    ratio: Ratio
    others: float
    memory: tuple[int, int] | None = None
    shares: Shares = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(
        cls,
        work: Work,
        seconds: tuple[Sequence[float], Sequence[float]],
        speeds: Speeds,
        others: float,
        **more: Any,
    ) -> Row:
        """A row from the seconds of our turns and of theirs."""
        ours, theirs = seconds
        times = Times.of(ours), Times.of(theirs), Ratio.of(ours, theirs)
        return cls(work, speeds.floor(work.needs), *times, others, **more)

    @property
    def share_of_floor(self) -> float:
        """The floor over our median: 1 where nothing could be faster."""
        return self.floor / self.ours.median

    @property
    def highest_ratio(self) -> float:
        """The ratio that ours would have at the floor."""
        return self.theirs.median / self.floor

    @property
    def busy(self) -> bool:
        """Whether other processes disturbed the row."""
        return is_busy(self.others)

    def to_json(self) -> dict[str, Any]:
        """Plain values of all fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Row:
        """The row of ``to_json``."""
        work = values["work"]
        memory = values["memory"]
        return cls(
            **{
                **values,
                "work": Work(**{**work, "needs": Needs(**work["needs"])}),
                "ours": Times(**values["ours"]),
                "theirs": Times(**values["theirs"]),
                "ratio": Ratio(**values["ratio"]),
                "memory": None if memory is None else (int(memory[0]), int(memory[1])),
            }
        )
