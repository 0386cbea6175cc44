"""The options of a target, declared once for every command that has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crosslift.cli.options import LanguagesOption, listed

if TYPE_CHECKING:
    from crosslift.targets.target_settings import TargetSettings

TargetOption = Annotated[
    str, typer.Option("--target", metavar="T", help="See `crosslift targets`.")
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


def target_data_options(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder of the target's files.")
    ] = None,
    catalogs: Annotated[
        Path | None,
        typer.Option(
            "--catalogs", metavar="PATH", help="gettext catalogs (.po, .mo) of a project."
        ),
    ] = None,
    languages: LanguagesOption = None,
    pairs: Annotated[
        int | None,
        typer.Option(
            "--pairs", min=2, help="Only the first pairs of each language: quick, and easier."
        ),
    ] = None,
) -> dict[str, Any]:
    """A group that makes the settings of a target's data."""
    codes = tuple(listed(languages)) or None
    return {"data": data, "catalogs": catalogs, "languages": codes, "pairs": pairs}


def target_settings(name: str, **settings: Any) -> TargetSettings:
    """The settings of a target from the options of a command.

    Args:
        name: name of the target.
        settings: other settings of the target.

    Raises:
        UnknownNameError: there is no such target.
        DataError: the data do not exist.
    """
    from crosslift.targets.all_targets import find_target
    from crosslift.targets.target_settings import TargetSettings

    find_target(name)
    chosen = TargetSettings(name=name, **settings)
    if chosen.data is not None and not str(chosen.data).startswith("cldr:"):
        chosen.needed_data("the target's files")
    return chosen
