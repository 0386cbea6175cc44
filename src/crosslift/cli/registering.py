"""`crosslift register`."""

from __future__ import annotations

from pathlib import Path

from crosslift.cli.output import console_for, write_json
from crosslift.results.command_output import RegisteredStudy
from crosslift.studies.registration import register
from crosslift.wording import plural


def show(study: Path, json_to: str | None) -> None:
    """Writes the lock of a study, and prints its content."""
    place, lock, _ = register(study)
    console = console_for(json_to)
    asked = lock.asked
    console.print(
        f"{lock.study}: {plural(len(asked['arms']), 'arm')}, "
        f"{plural(len(asked['targets']), 'target')}, "
        f"{plural(len(asked.get('comparisons', ())), 'question')} registered on "
        f"{lock.registered}: {place}"
    )
    console.print("Commit or publish the lock before the run: its time is that of this clock.")
    write_json(
        RegisteredStudy(
            study=lock.study, lock=str(place), hash=lock.hash, registered=lock.registered
        ),
        json_to,
    )
