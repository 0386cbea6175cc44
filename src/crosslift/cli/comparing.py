"""`crosslift compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer
from rich.table import Table

from crosslift.api.compare import compare
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, write_json
from crosslift.reports.comparison_tables import LEGEND, headings, latex, markdown, rows_of, summary
from crosslift.targets.target_settings import TargetSettings


def show(
    first: str,
    second: str,
    target: TargetSettings | None,
    form: Literal["table", "markdown", "latex"],
    store: Path | None,
    json_to: str | None,
) -> None:
    """Compares two encoders, and prints a table for each target."""
    console = console_for(json_to)
    listener = StatusLine(console, "reading the data")
    with listener.status:
        comparison = compare(first, second, target, Store(store), listener)
    if form != "table":
        text = (markdown if form == "markdown" else latex)(comparison)
        typer.echo(text, nl=False, err=json_to == "-")
        write_json(comparison, json_to)
        return
    for each in comparison.targets:
        table = Table()
        for heading in headings(comparison, each):
            table.add_column(heading, no_wrap=heading != "language" and "," not in heading)
        for cells in rows_of(each):
            table.add_row(*cells)
        console.print(table)
        console.print(summary(comparison, each), markup=False)
    console.print(LEGEND)
    write_json(comparison, json_to)
