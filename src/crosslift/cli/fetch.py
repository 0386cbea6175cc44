"""`crosslift fetch`: published data that CrossLift can use but does not include."""

from __future__ import annotations

from typing import Annotated

import typer

from crosslift.cli.options import Json

app = typer.Typer(help="Download published data into the cache.", no_args_is_help=True)


@app.callback()
def _fetch() -> None:
    """Download published data into the cache."""


@app.command()
def cldr(
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="URL", help="npm registry. Default: the public one."),
    ] = None,
    json: Json = None,
) -> None:
    """Download CLDR's emoji names (11 MB), for `data: 'cldr:'` in studies."""
    from rich.text import Text

    from crosslift.cli.output import console_for, write_json
    from crosslift.results.command_output import FetchedNames
    from crosslift.sources.cldr.fetch_names import REGISTRY, fetch_cldr

    place = fetch_cldr(registry or REGISTRY)
    console_for(json).print(Text.assemble("CLDR's names: ", (str(place), "bold")))
    write_json(FetchedNames(folder=str(place)), json)
