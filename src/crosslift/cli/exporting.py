"""`crosslift export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from crosslift.api.export import export_arm
from crosslift.cli.output import console_for, write_json
from crosslift.model_files.upload import address_of
from crosslift.reports.model_card_export import parity_words
from crosslift.results.command_output import ExportedArm
from crosslift.results.parity import PARITY_FILE, Parity
from crosslift.results.result_record import read_optional_json_file


def show(
    folder: Path, arm: str, to: Path, seed: int | None, json_to: str | None, **options: Any
) -> None:
    """Writes an arm's encoder as a folder, and prints how to load it and what the export changed.

    Args:
        folder: folder of the run.
        arm: name of the arm.
        to: new folder.
        seed: seed of the weights; None: the arm's first seed.
        json_to: file for the outcome as JSON.
        options: further arguments of `crosslift.api.export.export_arm`.
    """
    console = console_for(json_to)
    with console.status(Text(f"writing {to}")):
        path = export_arm(folder, arm, to, seed, **options)
    backend, push = options["backend"], options["push"]
    parity = read_optional_json_file(path / PARITY_FILE, Parity)
    url = None if push is None else address_of(push)
    console.print(f"{path}: {_loading(str(path), backend)}", markup=False)
    if url is not None:
        console.print(f"{url}: {_loading(push, backend)}", markup=False)
    if parity is not None:
        console.print(parity_words(parity), markup=False)
    outcome = ExportedArm(
        arm=arm,
        folder=str(path),
        precision=options["precision"],
        backend=backend,
        parity=parity,
        url=url,
    )
    write_json(outcome, json_to)


def _loading(place: str, backend: str) -> str:
    if backend == "torch":
        return f"load it with SentenceTransformer({place!r})"
    return f"encode with crosslift.encode({place!r}, texts)"
