"""The command `crosslift improve` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.option_groups import with_options
from crosslift.cli.options import (
    Json,
    LanguagesOption,
    Model,
    Replace,
    StoreOption,
    language_codes,
)
from crosslift.cli.own_data_options import OwnTable, own_table_options


def _data(
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE", help="Table of pairs of texts (anchor, positive)."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="PATH", help="Pictures with captions."),
    ] = None,
) -> Path:
    """The rows to train on: pairs of texts, or pictures with captions."""
    paths = [path for path in (pairs, images) if path is not None]
    if len(paths) != 1:
        raise typer.BadParameter("give `--pairs` or `--images`, one of them")
    return paths[0]


@with_options(data=_data, table=own_table_options)
def improve(
    *,
    model: Model,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the encoder and its report.")
    ],
    data: Path,
    bitexts: Annotated[
        Path | None,
        typer.Option("--bitexts", metavar="DIR", help="Bitexts with English that are guarded."),
    ] = None,
    languages: LanguagesOption = None,
    allow_loss: Annotated[
        float,
        typer.Option("--allow-loss", min=0, metavar="POINTS", help="Points that a guard may lose."),
    ] = 1.0,
    table: OwnTable,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Trainings; verdicts need two or more.")
    ] = 2,
    updates: Annotated[
        int | None,
        typer.Option(
            "--updates", min=1, help="Updates of each training. Default: two passes, 20 to 300."
        ),
    ] = None,
    replace: Replace = False,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Train an encoder on your data; export it if it lost nothing on the guards.

    A tenth of your rows chooses the learning rate, and another tenth is the test set. Guards are the
    packaged `names` and `gettext`, and your bitexts, in the languages that you name. The encoder is not
    exported if a guard may have lost more than `--allow-loss`. After Ctrl-C, the same command
    resumes.
    """
    from crosslift.cli.output import console_for
    from crosslift.scaffold.attempt import prepare

    console = console_for(json)
    with console.status("looking at the data"):
        attempt = prepare(
            model,
            out,
            data=data,
            bitexts=bitexts,
            columns=table.columns,
            language=table.language,
            languages=language_codes(languages),
            seeds=seeds,
            updates=updates,
            replace=replace,
        )
    from crosslift.cli import improving  # takes seconds: after what may be wrong

    improving.show(console, attempt, allow_loss=allow_loss, store=store, json_to=json)
