"""`crosslift mteb`."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from crosslift.api.mteb_results import write_mteb_results
from crosslift.cli.output import console_for, write_json
from crosslift.results.command_output import MtebResultFiles


def show(folder: Path, out: Path, arm: str | None, namespace: str, json_to: str | None) -> None:
    """Writes MTEB's result files of a run, and prints their path."""
    console = console_for(json_to)
    with console.status(Text(f"writing {out}")):
        files = write_mteb_results(folder, out, arm, namespace)
    for file in files:
        console.print(str(file), markup=False, highlight=False, soft_wrap=True)
    console.print(f"mteb.cache.ResultCache({str(out)!r}) reads them.", markup=False)
    write_json(MtebResultFiles(folder=str(out), files=tuple(map(str, files))), json_to)
