"""The rows of the comparison: shown as a table, kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Args:
        name: what was compared.
        ours, theirs: of CrossLift and of the other side: sentence-transformers, faiss for mining,
            sentence-transformers with MTEB's task class for evaluation, transformers for pictures
            (their share of a training step is set beside the step itself); of robust training, what
            the passes of an update predict from a plain one.
        unit: of both.
        ratio: above 1 where ours is faster, or smaller in memory.
        floor_share: share of the processor's measured matrix-product peak that ours reaches,
            counting only what the transformer must do; None where that has no meaning.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    floor_share: float | None


def show(rows: Sequence[Row], peaks: dict[str, float]) -> None:
    """Prints the rows and, below, the peaks they are measured by."""
    table = Table(title="CrossLift against the tools of the field")
    for title in ("", "CrossLift", "other", "unit", "ratio", "share of peak"):
        table.add_column(title, justify="left" if title in ("", "unit") else "right")
    for row in rows:
        share = "" if row.floor_share is None else f"{row.floor_share:.0%}"
        numbers = (f"{row.ours:,.1f}", f"{row.theirs:,.1f}")
        table.add_row(row.name, *numbers, row.unit, f"{row.ratio:.2f}", share)
    console = Console()
    console.print(table)
    for precision, peak in peaks.items():
        console.print(f"Matrix-product peak, {precision}: {peak / 1e9:,.0f} GFLOP/s")


def write(rows: Sequence[Row], place: Path) -> None:
    """Writes the rows as a JSON list."""
    place.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
