"""`crosslift compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.table import Table

from crosslift.api.compare import compare, compare_runs
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, write_json
from crosslift.reports.comparison_page import write_comparison_page
from crosslift.reports.comparison_tables import (
    LEGEND,
    headings,
    latex,
    markdown,
    remarks_on,
    rows_of,
    summary,
)
from crosslift.results.comparison import EncoderComparison
from crosslift.results.run_facts import RUN_FILE
from crosslift.targets.target_settings import TargetSettings


def show(
    first: str,
    second: str,
    target: TargetSettings | None,
    form: Literal["table", "markdown", "latex"],
    html: Path | None,
    store: Path | None,
    json_to: str | None,
) -> None:
    """Compares two encoders, or the arms of two runs, and prints a table for each target."""
    console = console_for(json_to)
    listener = StatusLine(console, "reading the data")
    runs = all((Path(side) / RUN_FILE).is_file() for side in (first, second))
    with listener.status:
        if runs:
            comparisons = compare_runs(first, second, target, Store(store), listener)
        else:
            comparisons = (compare(first, second, target, Store(store), listener),)
    for comparison in comparisons:
        if form == "table":
            _print(console, comparison)
        else:
            text = (markdown if form == "markdown" else latex)(comparison)
            typer.echo(text, nl=False, err=json_to == "-")
    if html is not None:
        write_comparison_page(html, comparisons)
        console.print(f"Page: {html}")
    write_json(comparisons if runs else comparisons[0], json_to)


def _print(console: Console, comparison: EncoderComparison) -> None:
    for each in comparison.targets:
        table = Table()
        for heading in headings(comparison, each):
            table.add_column(heading, no_wrap=heading != "language" and "," not in heading)
        for cells in rows_of(each):
            table.add_row(*cells)
        console.print(table)
        for line in remarks_on(each):
            console.print(line, markup=False, highlight=False)
        console.print(summary(comparison, each), markup=False)
    console.print(LEGEND)
