"""`crosslift power`: the effects that a run could show, and the seeds or items that an effect needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json


def power(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    effect: Annotated[
        float,
        typer.Option("--effect", metavar="POINTS", help="The difference to find."),
    ] = 1.0,
    power: Annotated[
        float,
        typer.Option("--power", metavar="P", help="The share of runs that should find it."),
    ] = 0.8,
    target: Annotated[
        str | None, typer.Option("--target", metavar="T", help="Only comparisons on this target.")
    ] = None,
    json: Json = None,
) -> None:
    """Print how small an effect each comparison of a run could show, and the seeds or items that an
    effect needs."""
    from crosslift.cli import needs

    needs.show(folder, effect, power, target, json)
