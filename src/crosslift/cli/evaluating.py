"""`crosslift evaluate`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, percent, write_json
from crosslift.encoders.settings import EncoderSettings
from crosslift.studies.session import Evaluation, evaluate
from crosslift.studies.steps import Step
from crosslift.targets.target import Direction, TargetSettings


class _Status:
    """Tells on one line what is being done and how far it is."""

    def __init__(self, console: Console) -> None:
        self.status = console.status("reading the data")
        self.doing = ""

    def begin(self, step: Step) -> None:
        self.doing = f"{step.kind}: {step.label}"
        self.status.update(self.doing)

    def advance(self, share: float) -> None:
        self.status.update(f"{self.doing}, {100 * share:.0f} %")

    def end(self, step: Step, seconds: float) -> None:
        del step, seconds


def show(
    model: EncoderSettings,
    target: TargetSettings,
    direction: Direction,
    store: Path | None,
    json_to: str | None,
) -> None:
    """Measures an encoder on a target and prints the scores of each language."""
    console = console_for(json_to)
    listener = _Status(console)
    with listener.status:
        found = evaluate(model, target, direction, Store(store), listener)
    _print(console, found)
    content = {
        "model": found.model,
        "target": found.target,
        "protocol": dict(found.protocol),
        "macro": dict(found.macro),
        "languages": {language: dict(values) for language, values in found.languages.items()},
        "gaps": dict(found.gaps),
    }
    write_json(content, json_to)


def _print(console: Console, found: Evaluation) -> None:
    metrics = list(found.macro)
    table = Table("language", "n", *(f"{metric} %" for metric in metrics))
    for column in table.columns[1:]:
        column.justify = "right"
    for language, values in found.languages.items():
        scores = (percent(values[metric]) for metric in metrics)
        table.add_row(language, str(int(values["n"])), *scores)
    table.add_section()
    queries = str(int(sum(values["n"] for values in found.languages.values())))
    table.add_row("macro", queries, *(percent(found.macro[m]) for m in metrics), style="bold")
    console.print(table)
    for language, reason in found.gaps.items():
        console.print(f"not measured: {language}: {reason}", highlight=False)
    told = ", ".join(f"{name} {value!r}" for name, value in found.protocol.items())
    console.print(f"[dim]protocol: {escape(told)}[/]", highlight=False)
