"""`crosslift xtreme predict` and `crosslift trec`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, warn, write_json
from crosslift.errors import StudyError
from crosslift.reports.environments import trusted_words
from crosslift.results.command_output import TrustedStep, WrittenPredictions
from crosslift.xtreme.benchmark import xtreme_task

if TYPE_CHECKING:
    from crosslift.submissions.submission import Submission


def predict(
    run: Path,
    arm: str,
    to: Path,
    seed: int | None,
    tasks: Sequence[str] | None,
    json_to: str | None,
    *,
    trust_code: bool = False,
) -> None:
    """Writes an arm's answers as a submission to XTREME.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: folder for the submission.
        seed: seed of the answers; None: the study's first.
        tasks: folders or targets of XTREME's tasks; None: all nine.
        json_to: file for the JSON, ``-``, or None.
        trust_code: use artifacts that other code made, and name them.

    Raises:
        StudyError: the list of tasks is empty.
        UnknownNameError: XTREME has no such task.
    """
    from crosslift.submissions.submission import write_submission

    names = None if tasks is None else [xtreme_task(name).target for name in tasks]
    if names == []:
        raise StudyError("--tasks names no task", "names such as xnli,panx")
    console = console_for(json_to)
    listener = StatusLine(console, "reading the run")
    with listener.status:
        written = write_submission(run, arm, to, seed, names, listener, trust_code=trust_code)
    _print(console, written, arm, to, json_to, "this submission")


def trec(
    run: Path,
    arm: str,
    to: Path,
    seed: int | None,
    json_to: str | None,
    *,
    trust_code: bool = False,
) -> None:
    """Writes an arm's searches as run files of TREC; arguments as for `predict`."""
    from crosslift.submissions.trec_runs import write_trec_runs

    console = console_for(json_to)
    listener = StatusLine(console, "reading the run")
    with listener.status:
        written = write_trec_runs(run, arm, to, seed, listener, trust_code=trust_code)
    _print(console, written, arm, to, json_to, "these files")


def _print(
    console: Console, written: Submission, arm: str, to: Path, json_to: str | None, what: str
) -> None:
    """Prints the path of the files, and the steps behind ``what`` that other code made."""
    console.print(Text.assemble(f"{len(written.files)} files in ", (str(to), "bold")))
    others = tuple(
        TrustedStep(
            key=record.step.key,
            kind=record.step.kind,
            label=record.step.label,
            modules=record.other_code,
        )
        for record in written.other_code
    )
    if others:
        words = trusted_words([(step.kind, step.modules) for step in others], what)
        warn(console, "other code:", words)
    files = tuple(str(path) for path in written.files)
    content = WrittenPredictions(arm=arm, folder=str(to), files=files, other_code=others)
    write_json(content, json_to)
