"""The command `crosslift claims` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json


def claims(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN...", help="Folders of runs.")
    ] = None,
    ledgers: Annotated[
        list[Path] | None,
        typer.Option(
            "--claims", metavar="FILE", help="A ledger of your own (YAML), instead of ours."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page (.html), too.")
    ] = None,
    json: Json = None,
) -> None:
    """Give each published claim a verdict from runs that test it.

    Without runs: list the claims, and the studies that test them.
    """
    from crosslift.results.run_folder import RunFolder

    for run in runs or []:
        RunFolder.read(run)
    from crosslift.cli import judging_claims  # takes seconds: after wrong paths

    judging_claims.show(runs or [], ledgers or [], out, json)
