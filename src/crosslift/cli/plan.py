"""The command `crosslift plan` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json, KeepGoing, StoreOption, StudyData, StudyFile, TrustCode


def plan(
    study: StudyFile,
    data: StudyData = None,
    keep_going: KeepGoing = False,
    trust_code: TrustCode = False,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            metavar="DIR",
            help="An earlier run, from whose noise the smallest effects are computed.",
        ),
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="Print every step, too.")] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Print the schedule over N workers."),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price", min=0, help="Price of a worker for an hour: print the cost."),
    ] = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Print what each arm of a study needs (steps, time, memory, disk) and why steps would run.

    A fault that `run` would fail on (data, columns, models, languages) is printed instead. The last
    lines say how small an effect the study could show on each target.
    """
    from crosslift.studies.reading import read_study

    wanted = read_study(study, data)
    from crosslift.cli import planning  # takes seconds: after what may be wrong with the file

    planning.show(
        wanted,
        store,
        json,
        keep_going=keep_going,
        trust_code=trust_code,
        like=like,
        tree=tree,
        workers=workers,
        price=price,
    )
