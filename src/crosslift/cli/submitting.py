"""`crosslift xtreme predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from crosslift.cli.output import console_for, write_json
from crosslift.errors import StudyError
from crosslift.studies.run import Silent
from crosslift.studies.steps import Step
from crosslift.xtreme.benchmark import xtreme_task


class _Status(Silent):
    """Tells on one line what is being done and how far it is."""

    def __init__(self, console: Console) -> None:
        self.status = console.status("reading the run")
        self._doing = ""

    def begin(self, step: Step) -> None:
        self._doing = f"{step.kind}: {step.label}"
        self.status.update(self._doing)

    def advance(self, share: float) -> None:
        self.status.update(f"{self._doing}, {100 * share:.0f} %")


def predict(
    run: Path,
    arm: str,
    to: Path,
    seed: int | None,
    tasks: Sequence[str] | None,
    json_to: str | None,
) -> None:
    """Writes an arm's answers as a submission to XTREME.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: folder for the submission.
        seed: whose answers; None: the study's first.
        tasks: folders or targets of XTREME's tasks; None: all nine.
        json_to: file for the JSON, ``-``, or None.

    Raises:
        StudyError: a list of tasks that names none.
        UnknownNameError: a task that XTREME does not have.
    """
    from crosslift.studies.submission import write_submission

    names = None if tasks is None else [xtreme_task(name).target for name in tasks]
    if names == []:
        raise StudyError("--tasks names no task", "names such as xnli,panx")
    console = console_for(json_to)
    listener = _Status(console)
    with listener.status:
        paths = write_submission(run, arm, to, seed, names, listener)
    console.print(f"{len(paths)} files in [bold]{escape(str(to))}[/]", highlight=False)
    write_json({"arm": arm, "folder": str(to), "files": [str(path) for path in paths]}, json_to)
