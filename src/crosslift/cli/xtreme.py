"""`crosslift xtreme`: its commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json, TrustCode

app = typer.Typer(
    help="Submissions to the XTREME benchmark: write them, and score them as its scorer does.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def score(
    predictions: Annotated[
        Path,
        typer.Argument(metavar="PREDICTIONS", help="Folder with files such as xnli/test-de.tsv."),
    ],
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="Folder with the same files, with the labels.")
    ],
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Allow missing tasks; they are listed, and averages that need them are left "
            "out. Languages of a task may never be missing.",
        ),
    ] = False,
    json: Json = None,
) -> None:
    """Score a folder of predictions as XTREME's official scorer does."""
    from crosslift.cli import scoring

    scoring.show(predictions, labels, json, partial=partial)


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    arm: Annotated[str, typer.Argument(metavar="ARM", help="Name of the arm.")],
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the submission.")],
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed of the answers. Default: the study's first seed."),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="NAMES", help="Such as: xnli,panx. Default: all nine."),
    ] = None,
    trust_code: TrustCode = False,
    json: Json = None,
) -> None:
    """Write an arm's answers to the test sets in the format of XTREME's submissions."""
    from crosslift.cli import submitting

    names = None if tasks is None else tasks.replace(",", " ").split()
    submitting.predict(run, arm, to, seed, names, json, trust_code=trust_code)
