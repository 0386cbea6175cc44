"""Prints the results of `crosslift power`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from crosslift.cli.output import console_for, write_json
from crosslift.errors import DataError, UnknownNameError
from crosslift.metrics.table import described
from crosslift.results.command_output import ComparisonNeeds
from crosslift.results.run_folder import RunFolder
from crosslift.statistics.needs import needs_of
from crosslift.statistics.power import MOST_SEEDS
from crosslift.wording import points_words


def show(
    folder: Path, effect: float, power: float, target: str | None, json_to: str | None
) -> None:
    """Prints a line for each comparison of a run.

    Raises:
        DataError: a number is out of range, or the verdicts of the run have no variances.
        UnknownNameError: the run has no such target.
    """
    if not (math.isfinite(effect) and effect > 0):
        raise DataError(f"--effect {effect}", "points above 0")
    if not 0.05 < power < 1:
        raise DataError(f"--power {power}", "above 0.05 and below 1, such as 0.8")
    run = RunFolder.read(folder)
    targets = [each.name for each in run.run.targets]
    if target is not None and target not in targets:
        raise UnknownNameError("target", target, targets)
    judged = needs_of(run.verdicts, effect, power)
    needs = [each for each in judged if target in (None, each.target)]
    if judged and not needs:
        raise DataError(f"no comparison of {folder} on {target} has a verdict", "two or more seeds")
    if not needs:
        raise DataError(
            f"the verdicts of {folder} have no variances",
            "those of a run with two or more seeds, by this version of crosslift",
            "run its study again: finished steps are reused",
        )
    console = console_for(json_to)
    console.print(_table(needs, effect, power))
    console.print(
        "Effects are in points, or in the unit of the metric. The variances are those that this run "
        "estimated; few seeds hardly show theirs. The level of each is what Holm's correction leaves "
        "to the first of its family. Where no number of items is enough, the seeds alone vary too "
        "much; where no number of seeds is given, none changes the comparison.",
        soft_wrap=True,
    )
    write_json(needs, json_to)


def _table(needs: Sequence[ComparisonNeeds], effect: float, power: float) -> Table:
    table = Table(
        "comparison",
        "seeds",
        "smallest",
        f"{points_words(effect)}\nis found",
        "seeds\nneeded",
        "items\nneeded",
        title=f"Smallest effect found in {power:.0%} of such runs; what {points_words(effect)} "
        f"{'needs' if effect == 1 else 'need'}",
    )
    table.columns[0].overflow, table.columns[0].min_width = "fold", 22
    for column in table.columns[1:]:
        column.justify = "right"
    for each in needs:
        table.add_row(
            f"{each.arm} - {each.against} on {each.target}",
            str(each.seeds),
            described(each.metric).end(each.detectable),
            f"in {each.chance:.0%}",
            _seeds(each),
            _items(each),
        )
    return table


def _seeds(needs: ComparisonNeeds) -> str:
    if needs.seeds < 2:
        return ""
    return f"over {MOST_SEEDS}" if needs.seeds_needed is None else str(needs.seeds_needed)


def _items(needs: ComparisonNeeds) -> str:
    if needs.items_needed is None:
        return "no number"
    return f"{needs.items_needed:.2g} times"
