"""The command `crosslift demo` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from crosslift.cli.options import Json, Out, Replace, StoreOption


def demo(
    out: Out = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of Tatoeba files: adds that target."),
    ] = None,
    start: Annotated[
        Literal["embedded-mlm", "embedded"],
        typer.Option("--start", help="Encoder that the arms start from."),
    ] = "embedded-mlm",
    quick: Annotated[
        bool, typer.Option("--quick", help="Do less: a first report in a minute or two.")
    ] = False,
    replace: Replace = False,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a whole study on the embedded encoder and data: 4 to 9 minutes.

    After Ctrl-C, the same command resumes.
    """
    from crosslift.studies.demo import demo_study
    from crosslift.studies.earlier_run import folder_for

    study = demo_study(data, start, quick=quick)
    folder = folder_for(study, out, replace=replace)
    from crosslift.cli import running  # takes seconds: after what may be wrong

    running.run(study, folder, store, json)
