"""The command `crosslift explore` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json, StoreOption
from crosslift.cli.serving_options import (
    CorpusOption,
    HostOption,
    ImagesOption,
    PortOption,
    ServeOption,
    TokenOption,
    live_options,
    refuse_unserved,
)


def explore(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN [RUN_B]", help="Folder of a run; or of two.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The page. Default: explorer.html in RUN."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Write the page for a web server instead."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", help="Write items as .csv or .parquet instead."),
    ] = None,
    atlas: Annotated[
        Path | None,
        typer.Option(
            "--atlas", metavar="DIR", help="Write a parquet an arm for Embedding Atlas instead."
        ),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="With --table, --atlas: only this target.")
    ] = None,
    arm: Annotated[
        list[str] | None, typer.Option("--arm", help="With --table, --atlas: only this arm.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="With --table, --atlas: only this language."),
    ] = None,
    json: Json = None,
    serve: ServeOption = False,
    host: HostOption = None,
    port: PortOption = None,
    corpus: CorpusOption = None,
    images: ImagesOption = None,
    token: TokenOption = None,
    store: StoreOption = None,
) -> None:
    """Write a page that shows what each arm changed, item by item.

    The page is one file and needs no network. With two runs of the same targets, it shows the arms of
    both. `--table`, `--atlas` and `--folder` write other files instead. `--serve` answers queries, too:
    all arms of a run look for your text or picture, side by side, until Ctrl-C.
    """
    if len(folders) > 2:
        raise typer.BadParameter(f"{len(folders)} runs: give one or two", param_hint="RUN [RUN_B]")
    others = [
        name
        for name, path in (("--table", table), ("--atlas", atlas), ("--folder", folder))
        if path
    ]
    if len(others) + (out is not None) + serve > 1:
        raise typer.BadParameter("give one of --out, --folder, --table, --atlas and --serve")
    if (target or arm or language) and not (table or atlas):
        raise typer.BadParameter("--target, --arm and --language are for --table and --atlas")
    served = {"host": host, "port": port, "corpus": corpus, "images": images}
    if serve:
        live = live_options(folders, served, token, json)
        from crosslift.cli import serving  # loads numpy and pyarrow

        serving.show(live, store)
        return
    refuse_unserved({**served, "store": store})
    from crosslift.cli import exploring  # loads numpy and pyarrow

    chosen = exploring.Chosen(tuple(target or ()), tuple(arm or ()), tuple(language or ()))
    if table is not None:
        exploring.write_table(folders, table, chosen, json)
    elif atlas is not None:
        exploring.write_atlas(folders, atlas, chosen, json)
    elif folder is not None:
        exploring.write_folder(folders, folder, json)
    else:
        exploring.write_page(folders, out, json)
