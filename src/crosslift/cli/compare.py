"""The command `crosslift compare` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json, StoreOption
from crosslift.cli.target_options import (
    DirectionOption,
    PoolOption,
    PublishedOption,
    target_data_options,
    target_settings,
)

_SIDE = "`embedded`, a folder, a hub name, an arm as RUN:ARM, a run file of TREC, or (both) a run."


@with_options(data=target_data_options)
def compare(
    first: Annotated[str, typer.Argument(metavar="FIRST", help=_SIDE)],
    second: Annotated[
        str,
        typer.Argument(
            metavar="SECOND", help="The other encoder, arm, run or ranking, in the same form."
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="T",
            help="See `crosslift targets`. Default: all targets that the runs share.",
        ),
    ] = None,
    *,
    data: dict[str, Any],
    direction: DirectionOption = None,
    pool: PoolOption = None,
    published: PublishedOption = None,
    form: Annotated[
        Literal["table", "markdown", "latex"],
        typer.Option("--format", help="Format of the printed tables."),
    ] = "table",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page in the look of the report."),
    ] = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Compare two encoders query by query: differences in each language, with intervals.

    Two encoders need a target. An arm of a run is compared on the run's targets. Two runs are compared
    by their arms of the same name. Another system for search is compared by its rankings, a run file of
    TREC or a folder of NAME.LANGUAGE.run, on a target whose queries search passages.
    """
    settings = None
    if target is not None:
        settings = target_settings(
            target, **data, direction=direction, pool=pool, published=published
        )
    elif not any(":" in side or _run(side).is_file() for side in (first, second)):
        raise typer.BadParameter("two encoders as they are need a target", param_hint="--target")
    from crosslift.cli import comparing  # takes seconds: after what may be wrong

    comparing.show(first, second, settings, form, html, store, json)


def _run(side: str) -> Path:
    return Path(side) / "run.json"
