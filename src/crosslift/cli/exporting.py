"""`crosslift export`."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from crosslift.api.export import export_arm
from crosslift.cli.output import console_for, write_json
from crosslift.encoders.kinds import WeightPrecision
from crosslift.model_files.upload import address_of
from crosslift.results.command_output import ExportedArm


def show(
    folder: Path,
    arm: str,
    to: Path,
    seed: int | None,
    precision: WeightPrecision,
    push: str | None,
    json_to: str | None,
    *,
    private: bool,
) -> None:
    """Writes an arm's encoder as a sentence-transformers folder, and prints how it is loaded."""
    console = console_for(json_to)
    with console.status(Text(f"writing {to}")):
        path = export_arm(folder, arm, to, seed, precision=precision, push=push, private=private)
    url = None if push is None else address_of(push)
    console.print(f"{path}: load it with SentenceTransformer({str(path)!r})", markup=False)
    if url is not None:
        console.print(f"{url}: load it with SentenceTransformer({push!r})", markup=False)
    write_json(ExportedArm(arm=arm, folder=str(path), precision=precision, url=url), json_to)
