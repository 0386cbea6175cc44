"""``python -m benchmarks.compare [A B]``: what changed between two runs, beside the noise.

A and B are numbers of lines in the history, 1 being the oldest; -1 is the last. Without them the last
run is compared with the last one before on the same processor, with as many threads and equally quick.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.history import PATH, Run, pair_to_compare, read
from benchmarks.measuring.rows import Row
from benchmarks.measuring.table import duration, share

_EXAMPLE = "python -m benchmarks.compare 3 -1"


@dataclass(frozen=True, slots=True)
class Change:
    """How one row changed.

    Args:
        factor: time before over time after: above 1 where it is faster now.
        noise: of the factor, as the size of its logarithm: half the spread of both runs, squared,
            added, and rooted; or what the peer changed, if that is more.
        resized: whether the turns held different amounts of work; then times are those of an
            operation, not those of a turn.
    """

    factor: float
    noise: float
    resized: bool

    @classmethod
    def between(cls, before: Row, after: Row) -> Change:
        """The change of our median."""
        resized = before.work.size != after.work.size
        size = _amount(after) / _amount(before) if resized else 1.0
        factor = size * before.ours.median / after.ours.median
        of_peer = size * before.theirs.median / after.theirs.median
        within = math.hypot(before.ours.spread / 2, after.ours.spread / 2)
        return cls(factor, max(within, abs(math.log(of_peer))), resized)

    @property
    def beyond_noise(self) -> bool:
        """Whether the change is larger than the noise."""
        return abs(math.log(self.factor)) > self.noise

    @property
    def words(self) -> str:
        """The change in words."""
        note = " (other size)" if self.resized else ""
        if not self.beyond_noise:
            return f"no change beyond noise{note}"
        size = max(self.factor, 1 / self.factor)
        direction = "faster" if self.factor > 1 else "slower"
        return f"{size:.2f} x {direction}, {self._times_noise()}{note}"

    def _times_noise(self) -> str:
        if self.noise == 0:
            return "no noise measured"
        return f"{abs(math.log(self.factor)) / self.noise:.2g} x the noise"


def _amount(row: Row) -> float:
    return row.work.needs.operations or row.work.needs.bytes


def show(before: Run, after: Run, console: Console) -> None:
    """Prints a table of the rows of both runs."""
    console.print(f"Before: {before.title}, on {before.machine.title}", markup=False)
    console.print(f"After:  {after.title}, on {after.machine.title}", markup=False)
    if not before.machine.computes_like(after.machine):
        console.print("The two runs are on different machines.")
    console.print(_table(before, after))
    new = {row.work.name for row in after.rows} - {row.work.name for row in before.rows}
    gone = {row.work.name for row in before.rows} - {row.work.name for row in after.rows}
    for title, names in (("Only in the run after", new), ("Only in the run before", gone)):
        if names:
            console.print(f"{title}: {'; '.join(sorted(names))}.", markup=False)


def _table(before: Run, after: Run) -> Table:
    table = Table()
    for title in ("", "before", "after", "change", "of the floor", "ratio to the peer"):
        table.add_column(title)
    earlier = {row.work.name: row for row in before.rows}
    for row in after.rows:
        if row.work.name in earlier:
            table.add_row(*_cells(earlier[row.work.name], row))
    return table


def _cells(before: Row, after: Row) -> list[str]:
    busy = " (busy)" if before.busy or after.busy else ""
    return [
        after.work.name + busy,
        duration(before.ours.median),
        duration(after.ours.median),
        Change.between(before, after).words,
        f"{share(before.share_of_floor)} -> {share(after.share_of_floor)}",
        f"{before.ratio.medians:.2f} -> {after.ratio.medians:.2f}",
    ]


def chosen(runs: list[Run], first: int, second: int) -> tuple[Run, Run]:
    """Two runs by the numbers of their lines; negative ones count from the end.

    Raises:
        ValueError: there is no such line.
    """
    return _at(runs, first), _at(runs, second)


def _at(runs: list[Run], number: int) -> Run:
    if number == 0 or abs(number) > len(runs):
        raise ValueError(f"no line {number}: the history has {len(runs)}, see `{_EXAMPLE}`")
    return runs[number - 1 if number > 0 else number]


def main() -> None:
    """Compares two runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("lines", type=int, nargs="*", help="numbers of two lines of the history")
    parser.add_argument("--history", type=Path, default=PATH, help="file of the runs")
    options = parser.parse_args()
    lines = options.lines
    if len(lines) not in (0, 2):
        parser.error(f"{len(lines)} lines: expected none or two, as in `{_EXAMPLE}`")
    try:
        runs = read(options.history)
        before, after = chosen(runs, *lines) if lines else pair_to_compare(runs)
    except ValueError as error:
        sys.exit(str(error))
    console = Console()
    show(before, after, Console(width=max(console.width, 150)))


if __name__ == "__main__":
    main()
