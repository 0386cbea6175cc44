"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.encoders.kinds import Precision

Json = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the outcome as JSON ('-': standard output)."
    ),
]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
StudyData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="What relative paths in the study are relative to. Default: the study's own folder.",
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going",
        help="An arm that cannot be trained or measured is left out and named; the others go on.",
    ),
]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code",
        help="Take artifacts that other code made as they are. The report names them.",
    ),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="Store of artifacts. Default: in the user's cache."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for results and report.")
]
_ENCODERS = "`embedded`, a folder, or a hub name."
Model = Annotated[str, typer.Argument(metavar="MODEL", help=_ENCODERS)]
ModelOption = Annotated[str, typer.Option("--model", metavar="M", help=_ENCODERS)]
RevisionOption = Annotated[
    str | None,
    typer.Option(
        "--revision", metavar="R", help="Commit, tag or branch of a hub name. Default: main."
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option(
        "--max-tokens", min=3, help="Longer texts are cut. Default: as the model's own files say."
    ),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option("--precision", help="Of the encoder's arithmetic."),
]
