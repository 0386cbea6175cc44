"""The command `crosslift sweep` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosslift.cli.encoder_options import encoder_options
from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json, Model, StoreOption, listed
from crosslift.cli.target_options import (
    DirectionOption,
    TargetOption,
    target_data_options,
    target_settings,
)

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import EncoderSettings


@with_options(data=target_data_options, encoder=encoder_options(Model))
def sweep(
    target: TargetOption,
    poolings: Annotated[
        list[str] | None,
        typer.Option(
            "--poolings",
            metavar="NAMES",
            help="Poolings to try beside the model's own, such as: mean,first_token; or all.",
        ),
    ] = None,
    prompts: Annotated[
        list[str] | None,
        typer.Option(
            "--prompts",
            metavar="PROMPT",
            help="A prompt to try beside the model's own, with all its spaces: 'query: ', or '' for "
            "none. Give the option once for each prompt.",
        ),
    ] = None,
    dev_languages: Annotated[
        list[str] | None,
        typer.Option(
            "--dev-languages",
            metavar="CODES",
            help="Choose on these languages and report on the others. Default: choose on one half of "
            "the items and report on the other.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the curves (.svg or .png)."),
    ] = None,
    *,
    data: dict[str, Any],
    direction: DirectionOption = None,
    store: StoreOption = None,
    json: Json = None,
    encoder: EncoderSettings,
) -> None:
    """Score every hidden state of an encoder on a target of bitexts, and choose one on dev data."""
    settings = target_settings(target, **data, direction=direction)
    from crosslift.cli import sweeping  # takes seconds: after what may be wrong

    readings = sweeping.sweep_settings(
        target, listed(poolings), prompts or [], listed(dev_languages)
    )
    sweeping.show(encoder, settings, readings, plot, store, json)
