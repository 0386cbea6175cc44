"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crosslift.encoders.kinds import Precision

if TYPE_CHECKING:
    from crosslift.targets.target_settings import TargetSettings

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
TargetOption = Annotated[
    str, typer.Option("--target", metavar="T", help="See `crosslift targets`.")
]
TargetDataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of the target's files.")
]
CatalogsOption = Annotated[
    Path | None,
    typer.Option("--catalogs", metavar="PATH", help="gettext catalogs (.po, .mo) of a project."),
]
LanguagesOption = Annotated[
    list[str] | None,
    typer.Option("--languages", metavar="CODES", help="Such as: de,sw,zh. Default: all."),
]
PairsOption = Annotated[
    int | None,
    typer.Option(
        "--pairs", min=2, help="Only the first pairs of each language: quick, and easier."
    ),
]
PoolOption = Annotated[
    str | None,
    typer.Option(
        "--pool",
        metavar="POOL",
        help="Passages that queries search: own, mixed, or the code of a language.",
    ),
]
PublishedOption = Annotated[
    Path | None,
    typer.Option(
        "--published",
        metavar="DIR",
        help="MTEB's result files: of a task of MTEB, the scores of their models are printed, too.",
    ),
]
DirectionOption = Annotated[
    Literal["xx->en", "en->xx", "both"] | None,
    typer.Option(
        "--direction",
        help="The side with the queries, or the mean of both. Default: the protocol's own.",
    ),
]


def listed(values: list[str] | None) -> list[str]:
    """The names of an option that may be given several times, with commas or spaces between them."""
    return [name for part in values or [] for name in part.replace(",", " ").split()]


def language_codes(values: list[str] | None) -> tuple[str, ...]:
    """The codes of languages that an option names by code or English name."""
    from crosslift.languages import code_meant

    return tuple(str(code_meant(name)) for name in listed(values))


def target_settings(
    name: str,
    data: Path | None,
    catalogs: Path | None,
    languages: list[str] | None,
    pairs: int | None,
    **further: Any,
) -> TargetSettings:
    """The settings of a target from the options of a command.

    Args:
        name, data, catalogs, languages, pairs: values of the options of these names.
        further: settings of a target.

    Raises:
        UnknownNameError: there is no such target.
        DataError: the data do not exist.
    """
    from crosslift.targets.all_targets import find_target
    from crosslift.targets.target_settings import TargetSettings

    find_target(name)
    codes = tuple(listed(languages)) or None
    settings = TargetSettings(
        name=name, data=data, catalogs=catalogs, languages=codes, pairs=pairs, **further
    )
    if data is not None and not str(data).startswith("cldr:"):
        settings.needed_data("the target's files")
    return settings
