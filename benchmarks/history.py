"""The history of the benchmark: one line of JSON for each run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring.floor import Speeds
from benchmarks.measuring.load import is_busy
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.rows import Row

PATH = Path(__file__).with_name("history.jsonl")


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Args:
        date: when it began, in UTC, as ``2026-11-29T21:00:00Z``.
        quick: whether it took small sizes.
        parts: that were measured; empty: all.
        machine: that it ran on.
        speeds: behind the floors.
        rows: what was measured.
    """

    date: str
    quick: bool
    parts: tuple[str, ...]
    machine: Machine
    speeds: Speeds
    rows: tuple[Row, ...]

    @property
    def busy(self) -> bool:
        """Whether other processes disturbed any row, or the speeds."""
        return is_busy(self.speeds.others) or any(row.busy for row in self.rows)

    @property
    def title(self) -> str:
        """The run in words."""
        kind = "quick" if self.quick else "full"
        parts = f", only {', '.join(self.parts)}" if self.parts else ""
        busy = ", busy" if self.busy else ""
        return f"{self.date} ({self.machine.commit[:8]}, {kind}{parts}{busy})"

    def to_json(self) -> dict[str, Any]:
        """Plain values of all fields."""
        return {
            "date": self.date,
            "quick": self.quick,
            "parts": list(self.parts),
            "busy": self.busy,
            "machine": asdict(self.machine),
            "speeds": asdict(self.speeds),
            "rows": [row.to_json() for row in self.rows],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Run:
        """The run of ``to_json``."""
        return cls(
            date=values["date"],
            quick=values["quick"],
            parts=tuple(values["parts"]),
            machine=Machine.from_json(values["machine"]),
            speeds=Speeds(**values["speeds"]),
            rows=tuple(Row.from_json(row) for row in values["rows"]),
        )


def append(run: Run, path: Path = PATH) -> None:
    """Adds a run at the end."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run.to_json()) + "\n")


def read(path: Path = PATH) -> list[Run]:
    """All runs, the oldest first; none where there is no file.

    Raises:
        ValueError: a line is no run; the message has its number.
    """
    if not path.is_file():
        return []
    return [
        _parsed(line, number, path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]


def _parsed(line: str, number: int, path: Path) -> Run:
    try:
        return Run.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"line {number} of {path.name} is no run: {error!r}") from error


def pair_to_compare(runs: Sequence[Run]) -> tuple[Run, Run]:
    """The last run, and the last one before that can be compared with it.

    That is one on the same processor with as many threads, equally quick, with a row in common.

    Raises:
        ValueError: there is no such pair.
    """
    if not runs:
        raise ValueError("the history is empty: run `make bench`")
    last = runs[-1]
    for before in reversed(runs[:-1]):
        if _comparable(before, last):
            return before, last
    raise ValueError(f"no earlier run like {last.title} on {last.machine.title}")


def _comparable(before: Run, last: Run) -> bool:
    common = {row.work.name for row in before.rows} & {row.work.name for row in last.rows}
    same = before.machine.computes_like(last.machine) and before.quick == last.quick
    return same and bool(common)
