"""Rows as text: a line when one is measured, tables at the end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.measuring.floor import Speeds
from benchmarks.measuring.load import BUSY, is_busy
from benchmarks.measuring.rows import Row, Times

_COLUMNS = (
    *("CrossLift: median", "least, spread", "peer: median", "least, spread"),
    *("ratio", "range", "ratio at the floor", "needs", "floor", "reached"),
)


def line(row: Row) -> str:
    """A row in one line."""
    ratio = f"{row.ratio.medians:.2f} ({row.ratio.lowest:.2f} to {row.ratio.highest:.2f})"
    rates = " and ".join(f"{row.work.items / t.median:,.3g}" for t in (row.ours, row.theirs))
    parts = [
        f"{row.work.name}, {row.work.size}: {duration(row.ours.median)}, {row.work.peer} "
        f"{duration(row.theirs.median)}",
        f"{rates} {row.work.unit}/s",
        f"{ratio} times as fast",
        f"{share(row.share_of_floor)} of the floor",
    ]
    return "; ".join(parts) + (f"; busy: others took {row.others:.0%}" if row.busy else "")


def show(rows: Sequence[Row], speeds: Speeds, console: Console | None = None) -> None:
    """Prints all rows, where the time goes, and the speeds behind the floors."""
    console = console or Console()
    console.print(_rows_table(rows))
    if any(row.shares for row in rows):
        console.print(_shares_table([row for row in rows if row.shares]))
    for precision, peak in speeds.peaks.items():
        console.print(f"Matrix products in {precision}: at most {peak / 1e9:,.0f} GFLOP/s.")
    console.print(f"Copies in memory: at most {speeds.bandwidth / 1e9:,.1f} GB/s.")
    if is_busy(speeds.others):
        console.print(
            f"Other processes took {speeds.others:.0%} of the cores while these speeds were measured: "
            "they may be too low, and the floors too long."
        )
    busy = [row for row in rows if row.busy]
    if busy:
        console.print(
            f"{len(busy)} of {len(rows)} rows are marked busy: other processes took more than "
            f"{BUSY:.0%} of the cores. Measure again on a quiet machine."
        )


def _rows_table(rows: Sequence[Row]) -> Table:
    table = Table(title="CrossLift beside the libraries of the field")
    table.add_column("")
    for title in _COLUMNS:
        table.add_column(title, justify="right")
    for row in rows:
        mark = f" [busy {row.others:.0%}]" if row.busy else ""
        title = f"{row.work.name}: {row.work.size}, beside {row.work.peer}{mark}"
        extra = "".join(f"; {part}" for part in (_memory(row), row.note) if part)
        table.add_row(_escaped(title + extra), *_numbers(row))
    return table


def _numbers(row: Row) -> list[str]:
    ratio = row.ratio
    return [
        *(duration(row.ours.median), _spread(row.ours)),
        *(duration(row.theirs.median), _spread(row.theirs)),
        *(f"{ratio.medians:.2f}", f"{ratio.lowest:.2f} to {ratio.highest:.2f}"),
        *(f"{row.highest_ratio:,.1f}", _needs(row), duration(row.floor), share(row.share_of_floor)),
    ]


def _shares_table(rows: Sequence[Row]) -> Table:
    table = Table(title="Where our time goes (profiled apart from the timed turns)")
    table.add_column("")
    for row in rows:
        table.add_column(_escaped(row.work.name), justify="right")
    for kind in dict.fromkeys(kind for row in rows for kind in row.shares):
        values = [f"{row.shares[kind]:.0%}" if kind in row.shares else "" for row in rows]
        table.add_row(kind, *values)
    return table


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:,.3g} us"
    return f"{seconds * 1e3:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"


def share(value: float) -> str:
    """A share in percent; one digit more where it is small."""
    return f"{value:.0%}" if value >= 0.1 else f"{value:.2%}"


def _spread(times: Times) -> str:
    return f"{duration(times.minimum)}, {times.spread:.0%}"


def _needs(row: Row) -> str:
    needs = row.work.needs
    parts = [f"{needs.operations / 1e9:,.3g} GFLOP" if needs.operations else ""]
    parts += [f"{needs.bytes / 1e6:,.3g} MB" if needs.bytes else ""]
    return ", ".join(part for part in parts if part)


def _memory(row: Row) -> str:
    if row.memory is None:
        return ""
    ours, theirs = (f"{size / 1e6:,.0f} MB" for size in row.memory)
    return f"peak memory {ours} against {theirs}"


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
