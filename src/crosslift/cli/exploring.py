"""`crosslift explore`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.cli.output import console_for, write_json
from crosslift.explorer import page_file
from crosslift.explorer.atlas import atlas_files
from crosslift.explorer.build import PageData, page_data
from crosslift.explorer.explored import Explored
from crosslift.explorer.item_table import write_item_table
from crosslift.explorer.selection import Chosen
from crosslift.explorer.two_runs import joined
from crosslift.results.command_output import ExplorerFiles
from crosslift.results.run_folder import EXPLORER_PAGE

__all__ = ["Chosen", "write_atlas", "write_folder", "write_page", "write_table"]


def write_page(folders: Sequence[Path], out: Path | None, json_to: str | None) -> None:
    """Writes the page as one file."""
    console = console_for(json_to)
    data = _data(folders, console)
    path = page_file.write_page(data, out or folders[0] / EXPLORER_PAGE)
    console.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, open it in a browser", markup=False)
    write_json(ExplorerFiles(files=(str(path),), notes=tuple(data.facts["notes"])), json_to)


def write_folder(folders: Sequence[Path], folder: Path, json_to: str | None) -> None:
    """Writes the page as a folder for a web server."""
    console = console_for(json_to)
    data = _data(folders, console)
    path = page_file.write_page_folder(data, folder)
    console.print(f"{path}: give its folder to a web server", markup=False)
    write_json(ExplorerFiles(files=(str(path),), notes=tuple(data.facts["notes"])), json_to)


def write_table(folders: Sequence[Path], path: Path, chosen: Chosen, json_to: str | None) -> None:
    """Writes the items of a selection as a table."""
    console = console_for(json_to)
    rows = write_item_table(_explored(folders), chosen, path)
    console.print(f"{path}: {rows:,} rows", markup=False)
    write_json(ExplorerFiles(files=(str(path),), rows=rows), json_to)


def write_atlas(folders: Sequence[Path], folder: Path, chosen: Chosen, json_to: str | None) -> None:
    """Writes one parquet file for each arm, for Embedding Atlas."""
    console = console_for(json_to)
    paths = []
    for path, command in atlas_files(_explored(folders), chosen, folder):
        console.print(f"{path}: {command}", markup=False, soft_wrap=True)
        paths.append(str(path))
    write_json(ExplorerFiles(files=tuple(paths)), json_to)


def _explored(folders: Sequence[Path]) -> Explored:
    runs = [Explored.read(folder) for folder in folders]
    return runs[0] if len(runs) == 1 else joined(*runs)


def _data(folders: Sequence[Path], console: Console) -> PageData:
    with console.status(Text(f"reading {', '.join(map(str, folders))}")):
        data = page_data(_explored(folders))
    for note in data.facts["notes"]:
        console.print(f"note: {note}", markup=False)
    return data
