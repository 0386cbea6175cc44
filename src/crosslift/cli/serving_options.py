"""Options of `crosslift explore RUN --serve`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from crosslift.live.options import LiveOptions, check_options

ServeOption = Annotated[
    bool, typer.Option("--serve", help="Serve the page with live search until Ctrl-C.")
]
HostOption = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="NAME",
        help="With --serve: address to listen at. Default: 127.0.0.1, which no other machine reaches.",
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        metavar="N",
        help="With --serve; 0: any that is free. Default: 8765.",
    ),
]
CorpusOption = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="With --serve: search your texts, too: one a line, or a table with a column `text`.",
    ),
]
ImagesOption = Annotated[
    Path | None,
    typer.Option(
        "--images", metavar="DIR", help="With --serve: search the pictures of a folder, too."
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TEXT",
        envvar="CROSSLIFT_TOKEN",
        help="With --serve: requests must have it. Default: none on this machine, else a new one.",
    ),
]


def live_options(
    folders: Sequence[Path], served: Mapping[str, Any], token: str | None, json_to: str | None
) -> LiveOptions:
    """What `--serve` serves.

    Args:
        folders: of runs.
        served: name of an option -> its value; None: it is not given.
        token: that requests must have.
        json_to: the option `--json`, which means nothing here.

    Raises:
        BadParameter: several runs, or `--json`.
        StudyError, DataError: an option has a value that cannot be used.
    """
    if len(folders) > 1:
        raise typer.BadParameter("--serve takes one run", param_hint="RUN [RUN_B]")
    if json_to is not None:
        raise typer.BadParameter("--serve has no outcome to write", param_hint="--json")
    given = {name: value for name, value in served.items() if value is not None}
    options = LiveOptions(folders[0], token=token, **given)
    check_options(options)
    return options


def refuse_unserved(served: Mapping[str, Any]) -> None:
    """Refuses options that mean nothing without `--serve`.

    Raises:
        BadParameter: one of them is given.
    """
    names = [f"--{name}" for name, value in served.items() if value is not None]
    if names:
        raise typer.BadParameter(f"{', '.join(names)}: for --serve alone")
