"""The command `crosslift trec` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json, TrustCode


def trec(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    arm: Annotated[str, typer.Argument(metavar="ARM", help="Name of the arm.")],
    to: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the files.")],
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed of the searches. Default: the arm's first seed."),
    ] = None,
    trust_code: TrustCode = False,
    json: Json = None,
) -> None:
    """Write an arm's searches as run files of TREC: a file for each target and language."""
    from crosslift.cli import submitting

    submitting.trec(run, arm, to, seed, json, trust_code=trust_code)
