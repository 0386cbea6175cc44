"""The command `crosslift tasks`."""

from __future__ import annotations

from typing import Annotated

import typer

from crosslift.cli.options import Json


def tasks(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="All facts of this one.")
    ] = None,
    json: Json = None,
) -> None:
    """List the intermediate tasks, or all facts of one: files, options, languages, licence, link."""
    from crosslift.cli import listing

    listing.tasks(json, name)
