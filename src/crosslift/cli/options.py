"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosslift.encoders.kinds import Precision

if TYPE_CHECKING:
    pass

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
        help="Base folder of relative paths in the study. Default: the study's own folder.",
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going",
        help="Leave out arms that cannot be trained or measured, name them, and continue.",
    ),
]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code",
        help="Use artifacts that other code made. The report names them.",
    ),
]
TrackerOption = Annotated[
    str | None,
    typer.Option(
        "--tracker",
        metavar="NAME",
        help="Show training while it runs: tensorboard, trackio, wandb or mlflow. Default: none.",
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
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Delete the earlier run of another study in the folder."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write --out even if it exists.")]
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
    typer.Option("--precision", help="Precision of the encoder's arithmetic."),
]
LanguagesOption = Annotated[
    list[str] | None,
    typer.Option("--languages", metavar="CODES", help="Such as: de,sw,zh. Default: all."),
]


def listed(values: list[str] | None) -> list[str]:
    """The names of an option that may be given several times, with commas or spaces between them."""
    return [name for part in values or [] for name in part.replace(",", " ").split()]


def language_codes(values: list[str] | None) -> tuple[str, ...]:
    """The codes of languages that an option names by code or English name."""
    from crosslift.languages import code_meant

    return tuple(str(code_meant(name)) for name in listed(values))
