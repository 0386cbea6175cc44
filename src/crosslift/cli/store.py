"""`crosslift store`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from crosslift.cli.options import Json, StoreOption

app = typer.Typer(help="Show, check and prune the store of artifacts.", no_args_is_help=True)


@app.callback()
def _store() -> None:
    """Show, check and prune the store of artifacts."""


@app.command(name="list")
def list_store(store: StoreOption = None, json: Json = None) -> None:
    """Print the content of the store: size, age, and the studies that use it."""
    from crosslift.cli import storing

    storing.show(store, json)


@app.command()
def prune(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...",
            help="Names of studies, as `crosslift store list` shows them: what they used last is "
            "kept.",
        ),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete without asking, after showing what.")
    ] = False,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Show everything that none of these studies needs, ask, and delete it."""
    from crosslift.cli import storing

    storing.prune(studies, store, json, yes=yes)


@app.command()
def verify(store: StoreOption = None, json: Json = None) -> None:
    """Check every file of every artifact against its checksum."""
    from crosslift.cli import storing

    storing.verify(store, json)
