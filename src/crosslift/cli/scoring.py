"""`crosslift xtreme score`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from crosslift.cli.output import console_for, write_json
from crosslift.wording import percent
from crosslift.xtreme.benchmark import GROUPS
from crosslift.xtreme.score import Scores, TaskScores, score_folder

_METRICS = {"accuracy": "accuracy", "f1": "F1", "exact_match": "EM"}


def show(predictions: Path, labels: Path, json_to: str | None, *, partial: bool = False) -> None:
    """Scores a submission and prints its tasks, groups and average."""
    console = console_for(json_to)
    with console.status("scoring"):
        scores = score_folder(predictions, labels, partial=partial)
    console.print(_table(scores))
    _print_gaps(console, scores)
    gaps = {"missing": dict(scores.missing)} if scores.missing else {}
    write_json({**scores.to_json(), **gaps}, json_to)


def _table(scores: Scores) -> Table:
    table = Table("task", "languages", *(f"{m} %" for m in _METRICS.values()), "score %")
    for column in table.columns[1:]:
        column.justify = "right"
    blank = [""] * (1 + len(_METRICS))
    groups = scores.groups
    for group, names in GROUPS.items():
        for name in names:
            if name in scores.tasks:
                table.add_row(*_cells(scores.tasks[name]))
        if group in groups:
            table.add_row(f"{group}, mean", *blank, percent(groups[group]), style="bold")
        table.add_section()
    if scores.overall is not None:
        table.add_row("all tasks, mean", *blank, percent(scores.overall), style="bold")
    return table


def _cells(scores: TaskScores) -> list[str]:
    averages = (
        percent(scores.average(metric)) if metric in scores.metrics else "" for metric in _METRICS
    )
    languages = str(len(scores.task.languages))
    return [scores.task.title, languages, *averages, percent(scores.score)]


def _print_gaps(console: Console, scores: Scores) -> None:
    for name, reason in scores.missing.items():
        console.print(f"not scored: {name}: {reason}")
    for path in scores.ignored:
        console.print(f"no file of the benchmark: {path}")
