"""`crosslift sweep`: makes its settings, and prints its results."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosslift.api.session import sweep
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, write_json
from crosslift.encoders.encoder_settings import EncoderSettings, Pooling
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import UnknownNameError
from crosslift.results.reading_sweep import Sweep, SweptReading
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import percent, prompt_words, share


def sweep_settings(
    target: str, poolings: list[str], prompts: list[str], dev_languages: list[str]
) -> SweepSettings:
    """The settings of a sweep from the options of the command line.

    Raises:
        UnknownNameError: a pooling does not exist.
    """
    legal: tuple[Pooling, ...] = get_args(Pooling)
    for name in poolings:
        if name not in (*legal, "all"):
            raise UnknownNameError("pooling", name, (*legal, "all"))
    selected = tuple(name for name in legal if name in poolings or "all" in poolings)
    return SweepSettings(
        target=target,
        poolings=selected,
        prompts=tuple(prompts),
        dev_languages=tuple(dev_languages) or None,
    )


def show(
    model: EncoderSettings,
    target: TargetSettings,
    settings: SweepSettings,
    plot: Path | None,
    store: Path | None,
    json_to: str | None,
) -> None:
    """Scores every hidden state, prints the scores and the choice, and draws the curves."""
    console = console_for(json_to)
    listener = StatusLine(console, "reading the data")
    with listener.status:
        swept = sweep(model, target, settings, Store(store), listener)
    _print(console, swept)
    if plot is not None:
        from crosslift.reports.sweep import write_sweep_plot

        write_sweep_plot(swept, plot)
        console.print(Text.assemble("curve: ", (str(plot), "bold")))
    write_json(swept, json_to)


def _print(console: Console, swept: Sweep) -> None:
    arm = swept.arms[0]
    several = len({curve.prompt for curve in arm.curves}) > 1
    heads = (
        c.pooling.replace("_", " ") + (f"\n{prompt_words(c.prompt or '')}" if several else "")
        for c in arm.curves
    )
    table = Table("hidden_state", *heads)
    for column in table.columns:
        column.justify = "right"
    for row, state in enumerate(arm.curves[0].hidden_states):
        cells = (f"{percent(curve.dev[row])} / {percent(curve.rest[row])}" for curve in arm.curves)
        style = "bold" if state == arm.chosen.hidden_state else ""
        table.add_row(str(state), *cells, style=style)
    console.print(table)
    metric = f"top-1 accuracy, {swept.direction}, %"
    console.print(f"{metric}: on {swept.chosen_on} / on {swept.reported_on}")
    console.print(
        f"chosen on {swept.chosen_on}: {_reading_words(arm.chosen)}: {share(arm.score, 1)} top-1 "
        f"accuracy on {swept.reported_on}; the encoder's own ({_reading_words(arm.default)}): "
        f"{share(arm.default.score, 1)}",
    )


def _reading_words(reading: SweptReading) -> str:
    state, prompt = reading.hidden_state, prompt_words(reading.prompt or "")
    return f"hidden_state {state}, pooling {reading.pooling}, {prompt}"
