"""The command `crosslift explore` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json, StoreOption
from crosslift.cli.serving_options import Serving, serving_options


class _Output(NamedTuple):
    """The paths of outputs; None: no such output. At most one has a path."""

    out: Path | None
    folder: Path | None
    table: Path | None
    atlas: Path | None


def _output(
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
) -> _Output:
    """A group that makes an `_Output`."""
    return _Output(out, folder, table, atlas)


class _Names(NamedTuple):
    """Names of targets, arms and languages; none: all of them."""

    targets: tuple[str, ...]
    arms: tuple[str, ...]
    languages: tuple[str, ...]


def _names(
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
) -> _Names:
    """A group that makes `_Names`."""
    return _Names(tuple(target or ()), tuple(arm or ()), tuple(language or ()))


@with_options(output=_output, names=_names, serving=serving_options)
def explore(
    *,
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN [RUN_B]", help="Folder of a run; or of two.")
    ],
    output: _Output,
    names: _Names,
    json: Json = None,
    serving: Serving,
    store: StoreOption = None,
) -> None:
    """Write a page that shows what each arm changed, item by item.

    The page is one file and needs no network. With two runs of the same targets, it shows the arms of
    both. `--table`, `--atlas` and `--folder` write other files instead. `--serve` also answers queries:
    all arms of a run search for your text or picture, side by side, until Ctrl-C.
    """
    if len(folders) > 2:
        raise typer.BadParameter(f"{len(folders)} runs: give one or two", param_hint="RUN [RUN_B]")
    if sum(path is not None for path in output) + serving.serve > 1:
        raise typer.BadParameter("give one of --out, --folder, --table, --atlas and --serve")
    if any(names) and not (output.table or output.atlas):
        raise typer.BadParameter("--target, --arm and --language are for --table and --atlas")
    if serving.serve:
        live = serving.live(folders, json)
        from crosslift.cli.serving import show  # loads numpy and pyarrow

        show(live, store)
        return
    serving.refuse_unserved(store)
    from crosslift.cli import exploring  # loads numpy and pyarrow

    chosen = exploring.Chosen(*names)
    if output.table is not None:
        exploring.write_table(folders, output.table, chosen, json)
    elif output.atlas is not None:
        exploring.write_atlas(folders, output.atlas, chosen, json)
    elif output.folder is not None:
        exploring.write_folder(folders, output.folder, json)
    else:
        exploring.write_page(folders, output.out, json)
