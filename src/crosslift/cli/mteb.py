"""The command `crosslift mteb` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json


def mteb(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for MTEB's result files.")
    ],
    arm: Annotated[
        str | None, typer.Option("--arm", metavar="ARM", help="Write only this arm. Default: all.")
    ] = None,
    namespace: Annotated[
        str, typer.Option("--namespace", help="Prefix of the arms' names, as models.")
    ] = "crosslift",
    json: Json = None,
) -> None:
    """Write a run's scores on tasks of MTEB as MTEB's result files, which `mteb` itself loads."""
    from crosslift.cli import writing_mteb  # takes seconds

    writing_mteb.show(folder, out, arm, namespace, json)
