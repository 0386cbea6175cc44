"""The command `crosslift targets`."""

from __future__ import annotations

from typing import Annotated

import typer

from crosslift.cli.options import Json


def targets(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="All facts of this one.")
    ] = None,
    json: Json = None,
) -> None:
    """List the target tasks, or all facts of one: files, protocols, languages, licence."""
    from crosslift.cli import listing

    listing.targets(json, name)
