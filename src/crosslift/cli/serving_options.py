"""The options of `crosslift explore RUN --serve`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from crosslift.live.options import LiveOptions, check_options


@dataclass(frozen=True)
class Serving:
    """The values of the options of live search.

    Args:
        serve: whether the page is served.
        token: token that requests must have; None: the option is absent.
        others: name of an option that means nothing without `--serve` -> its value, if it has one.
    """

    serve: bool
    token: str | None
    others: dict[str, Any]

    def live(self, folders: Sequence[Path], json_to: str | None) -> LiveOptions:
        """The settings of the server.

        Args:
            folders: folders of runs.
            json_to: the option `--json`, which means nothing here.

        Raises:
            BadParameter: there are several runs, or `--json` is set.
            StudyError, DataError: an option has a value that cannot be used.
        """
        if len(folders) > 1:
            raise typer.BadParameter("--serve takes one run", param_hint="RUN [RUN_B]")
        if json_to is not None:
            raise typer.BadParameter("--serve has no outcome to write", param_hint="--json")
        options = LiveOptions(folders[0], token=self.token, **self.others)
        check_options(options)
        return options

    def refuse_unserved(self, store: Path | None) -> None:
        """Refuses options that mean nothing without `--serve`.

        Args:
            store: the option `--store`, which is one of these options.

        Raises:
            BadParameter: one of them has a value.
        """
        names = [f"--{name}" for name in self.others]
        if store is not None:
            names.append("--store")
        if names:
            raise typer.BadParameter(f"{', '.join(names)}: for --serve alone")


def serving_options(
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page with live search until Ctrl-C.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="With --serve: address to listen at. Default: 127.0.0.1, which no other machine "
            "reaches.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="N",
            help="With --serve; 0: any that is free. Default: 8765.",
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            metavar="FILE",
            help="With --serve: search your texts, too: one a line, or a table with a column `text`.",
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images", metavar="DIR", help="With --serve: search the pictures of a folder, too."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TEXT",
            envvar="CROSSLIFT_TOKEN",
            help="With --serve: requests must have it. Default: none on this machine, else a new one.",
        ),
    ] = None,
) -> Serving:
    """A group that makes a `Serving`."""
    values = {"host": host, "port": port, "corpus": corpus, "images": images}
    others = {name: value for name, value in values.items() if value is not None}
    return Serving(serve, token, others)
