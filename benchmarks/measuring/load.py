"""How much of the machine other processes take while a row is measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

BUSY = 0.1
"""Share of the cores from which a row counts as measured on a busy machine."""
_STAT = Path("/proc/stat")
_IDLE = (3, 4)  # columns of the cpu line: idle, and waiting for a disk
_COLUMNS = 8  # those after it (guests) are in the first ones already


@dataclass(frozen=True, slots=True)
class CoreTime:
    """A moment: the clock, and the processor time used so far.

    Args:
        clock: seconds.
        process: processor seconds of this process.
        all: core seconds that all processes used; None on a system without ``/proc/stat``.
    """

    clock: float
    process: float
    all: float | None

    @classmethod
    def now(cls) -> CoreTime:
        """This moment."""
        text = _STAT.read_text(encoding="ascii") if _STAT.is_file() else None
        used = None if text is None else used_core_seconds(text, os.sysconf("SC_CLK_TCK"))
        return cls(time.perf_counter(), time.process_time(), used)


def is_busy(others: float) -> bool:
    """Whether other processes took enough of the cores to disturb a measurement."""
    return others > BUSY


def others_since(begin: CoreTime, elsewhere: float) -> float:
    """The share of the cores that other processes took since a moment.

    Args:
        begin: the moment.
        elsewhere: processor seconds that further processes of the benchmark used since.
    """
    end, cores = CoreTime.now(), os.cpu_count() or 1
    wall, ours = end.clock - begin.clock, end.process - begin.process + elsewhere
    if begin.all is None or end.all is None:
        return share_by_load(os.getloadavg()[0], ours, wall, cores)
    return share_of_others(end.all - begin.all, ours, wall, cores)


def used_core_seconds(stat: str, ticks: int) -> float:
    """Core seconds that were used, those taken by other virtual machines included.

    Args:
        stat: text of ``/proc/stat``.
        ticks: of its clock in a second.
    """
    columns = [int(value) for value in stat.splitlines()[0].split()[1 : 1 + _COLUMNS]]
    return sum(value for i, value in enumerate(columns) if i not in _IDLE) / ticks


def share_of_others(used: float, ours: float, wall: float, cores: int) -> float:
    """The share of the cores that others took: from 0 to 1.

    Args:
        used: core seconds of all processes.
        ours: core seconds of the benchmark.
        wall: seconds.
        cores: of the machine.
    """
    return min(1.0, max(0.0, (used - ours) / (wall * cores)))


def share_by_load(load: float, ours: float, wall: float, cores: int) -> float:
    """The same from the load average, where the system counts no core seconds.

    Args:
        load: mean number of processes that ran or waited to run in the last minute.
        ours: core seconds of the benchmark.
        wall: seconds.
        cores: of the machine.
    """
    return min(1.0, max(0.0, (load - ours / wall) / cores))
