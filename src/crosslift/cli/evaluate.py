"""The command `crosslift evaluate` and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosslift.cli.encoder_options import encoder_options, side_prompt_options
from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json, Model, StoreOption
from crosslift.cli.target_options import (
    DirectionOption,
    PoolOption,
    PublishedOption,
    TargetOption,
    target_data_options,
    target_settings,
)

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts


@with_options(
    data=target_data_options, encoder=encoder_options(Model), side_prompts=side_prompt_options
)
def evaluate(
    target: TargetOption,
    *,
    data: dict[str, Any],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="P",
            help="crosslift, xtreme, mteb or laser; `all` prints them side by side.",
        ),
    ] = "crosslift",
    direction: DirectionOption = None,
    pool: PoolOption = None,
    published: PublishedOption = None,
    store: StoreOption = None,
    json: Json = None,
    encoder: EncoderSettings,
    side_prompts: SidePrompts,
) -> None:
    """Measure an encoder on a target, without training."""
    settings = target_settings(
        target, **data, pool=pool, published=published, **side_prompts.side_prompts
    )
    from crosslift.targets.all_targets import find_target

    find_target(target).check_encoder_alone(encoder.name)
    from crosslift.cli import evaluating  # takes seconds: after what may be wrong

    evaluating.show(encoder, settings, protocol, direction, store, json)
