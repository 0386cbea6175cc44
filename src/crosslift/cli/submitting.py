"""`crosslift xtreme predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from crosslift.cli.output import console_for, write_json
from crosslift.cli.progress import StatusLine
from crosslift.errors import StudyError
from crosslift.results.command_output import WrittenPredictions
from crosslift.xtreme.benchmark import xtreme_task


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
    from crosslift.submissions.submission import write_submission

    names = None if tasks is None else [xtreme_task(name).target for name in tasks]
    if names == []:
        raise StudyError("--tasks names no task", "names such as xnli,panx")
    console = console_for(json_to)
    listener = StatusLine(console, "reading the run")
    with listener.status:
        paths = write_submission(run, arm, to, seed, names, listener)
    console.print(Text.assemble(f"{len(paths)} files in ", (str(to), "bold")))
    files = tuple(str(path) for path in paths)
    write_json(WrittenPredictions(arm=arm, folder=str(to), files=files), json_to)
