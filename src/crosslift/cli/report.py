"""The command `crosslift report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    json: Json = None,
) -> None:
    """Write a run's report again from its folder, and print its verdicts."""
    from crosslift.cli import listing

    listing.report(folder, json)
