"""`crosslift improve`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosslift.api.improve import conclude
from crosslift.cli.output import write_json
from crosslift.cli.running import carry_out
from crosslift.metrics.table import described
from crosslift.reports.comparison_tables import LEGEND, NOT_SHOWN, SIGNS
from crosslift.reports.html import REPORT
from crosslift.results.comparison import ComparedLanguage, ComparedTarget
from crosslift.results.improvement import Improvement
from crosslift.results.verdict import HIGHER, LOWER
from crosslift.scaffold.attempt import Attempt
from crosslift.wording import points_words


def show(
    console: Console,
    attempt: Attempt,
    *,
    allow_loss: float,
    store: Path | None,
    json_to: str | None,
) -> None:
    """Trains, compares, exports, and prints what got better and worse.

    Args:
        console: console to print on.
        attempt: study to run.
        allow_loss: points that a guard may lose.
        store: store of the artifacts.
        json_to: path for the outcome, see `write_json`.
    """
    for part in attempt.first.parts:
        console.print(f"{part.target['name']}: {part.measures}", soft_wrap=True)
    carry_out(console, attempt.study, attempt.run, store)
    with console.status("comparing and exporting"):
        improvement = conclude(attempt, allow_loss)
    _print_tries(console, improvement)
    _print_changes(console, improvement)
    _print_end(console, improvement)
    write_json(improvement, json_to)


def _print_tries(console: Console, improvement: Improvement) -> None:
    """Prints the learning rates, with their scores on data that no target reports."""
    console.print(Text.assemble("\n", ("Learning rates", "bold")))
    for each in improvement.tries:
        mark = " (chosen)" if each.chosen else ""
        console.print(f"  seed {each.seed}, {each.learning_rate:g}: {each.score * 100:.1f}{mark}")


def _print_changes(console: Console, improvement: Improvement) -> None:
    table = Table()
    for heading in (
        "target",
        "untouched",
        "trained",
        "difference",
        "95 % interval",
        "",
        "languages",
    ):
        table.add_column(heading, no_wrap=heading != "languages")
    for each in (improvement.held_out, *improvement.guards):
        table.add_row(*_cells(each))
    console.print()
    console.print(table)
    console.print(LEGEND)


def _cells(target: ComparedTarget) -> list[str]:
    metric, macro = described(target.metric), target.macro
    return [
        target.target,
        metric.score(macro.first),
        metric.score(macro.second),
        metric.change(macro.difference),
        f"[{metric.end(macro.low)}, {metric.end(macro.high)}]",
        SIGNS.get(macro.verdict, NOT_SHOWN),
        _languages(target.languages),
    ]


def _languages(rows: tuple[ComparedLanguage, ...]) -> str:
    """The languages that got better and worse, and the number of the others."""
    parts = [
        f"{sign} {', '.join(row.language for row in rows if row.verdict == verdict)}"
        for verdict, sign in ((HIGHER, "▲"), (LOWER, "▼"))
        if any(row.verdict == verdict for row in rows)
    ]
    rest = sum(row.verdict not in (HIGHER, LOWER) for row in rows)
    return "; ".join([*parts, f"{rest} not shown"] if rest else parts)


def _print_end(console: Console, improvement: Improvement) -> None:
    if improvement.held_out.macro.verdict != HIGHER:
        console.print("\nYour held-out data are not shown to be better.", style="bold")
    if improvement.losses:
        allowed = points_words(improvement.allowed_loss)
        title = f"Not exported: more than {allowed} may be lost (--allow-loss)"
        console.print(Text.assemble("\n", (title, "bold red")))
        for loss in improvement.losses:
            console.print(f"  - {loss}")
    else:
        words = f"\nExported the encoder of seed {improvement.seed}: "
        console.print(Text.assemble(words, (str(improvement.exported), "bold")), soft_wrap=True)
    report = Path(improvement.run) / REPORT
    console.print(Text.assemble("Report: ", (str(report), "bold")), soft_wrap=True)
