"""Steps without an encoder: engines make them in little time."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.steps.step import Step, Workplace


def write(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes what the step is and what its inputs are."""
    read = [(s.open(workplace.store) / "text").read_text() for s in step.inputs.values()]
    workplace.note("writing")
    workplace.report(0.5)
    (folder / "text").write_text(json.dumps([dict(step.settings), *read]))
    time.sleep(step.settings.get("sleep", 0.0))


def count_then_write(step: Step, workplace: Workplace, folder: Path) -> None:
    """Counts in a file how often it was made."""
    with Path(step.settings["counts"]).open("a") as file:
        file.write(f"{step.label}\n")
    if Path(step.settings.get("slow", "absent")).exists():
        time.sleep(1.0)
    write(step, workplace, folder)


def die_once(step: Step, workplace: Workplace, folder: Path) -> None:
    """Kills its process the first time; then finds what it left to resume from."""
    unfinished = workplace.unfinished(step)
    if not (unfinished / "half").exists():
        (unfinished / "half").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / "text").write_text("resumed from half")


def die_always(step: Step, workplace: Workplace, folder: Path) -> None:
    """Kills its process."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_further_each_time(step: Step, workplace: Workplace, folder: Path) -> None:
    """Kills its process five times, each time a sixth further."""
    unfinished = workplace.unfinished(step) / "times"
    times = int(unfinished.read_text()) if unfinished.exists() else 0
    unfinished.write_text(str(times + 1))
    if times < 5:
        workplace.note("further")
        time.sleep(0.6)  # else the report is left out
        workplace.report((times + 1) / 6)
        time.sleep(0.6)
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / "text").write_text("whole")


def fail(step: Step, workplace: Workplace, folder: Path) -> None:
    """Cannot be made."""
    raise DataError("the file is empty", "a row at least", "write one")


def wait_until_stopped(step: Step, workplace: Workplace, folder: Path) -> None:
    """Reports for a minute; a file says that it runs, then that Ctrl-C ended it."""
    try:
        Path(step.settings["stopped"]).write_text("running")
        for number in range(600):
            workplace.report(number / 600)
            time.sleep(0.1)
    except KeyboardInterrupt:
        Path(step.settings["stopped"]).write_text("at a checkpoint")
        raise


Make = Callable[[Step, Workplace, Path], None]


def step(name: str, inputs: Sequence[Step] = (), make: Make = write, **settings: Any) -> Step:
    """A step with a name."""
    return Step(
        "evaluate",
        name,
        {"name": name, **settings},
        {f"input {number}": each for number, each in enumerate(inputs)},
        make,
        1.0,
    )
