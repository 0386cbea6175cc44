"""`crosslift compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from crosslift.api.compare import compare, compare_runs
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, write_json
from crosslift.metrics.table import described
from crosslift.reports.comparison_page import write_comparison_page
from crosslift.reports.comparison_tables import (
    LEGEND,
    headings,
    latex,
    markdown,
    remarks_on,
    rows_of,
    short_names,
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
        metric = described(each.metric).column
        table = Table(
            title=f"{each.target}, {metric}",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            collapse_padding=True,
            pad_edge=False,
        )
        names = short_names(comparison)
        for place, heading in enumerate(headings(comparison, each)):
            is_name = place in (2, 3)
            name = names[place - 2] if is_name else heading
            table.add_column(name, no_wrap=place > 0 and not is_name, overflow="fold")
        for cells in rows_of(each):
            table.add_row(*cells)
        console.print(table)
        for line in remarks_on(each):
            console.print(line, markup=False, highlight=False)
        console.print(summary(comparison, each), markup=False)
    console.print(LEGEND)
