"""The command `crosslift`: all its commands, and the handling of their errors."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from crosslift.artifacts.read_once import reading_once
from crosslift.cli.claims import claims
from crosslift.cli.compare import compare
from crosslift.cli.demo import demo
from crosslift.cli.doctor import doctor
from crosslift.cli.evaluate import evaluate
from crosslift.cli.explore import explore
from crosslift.cli.export import export
from crosslift.cli.fetch import app as fetch
from crosslift.cli.improve import improve
from crosslift.cli.init import init
from crosslift.cli.mine import mine
from crosslift.cli.mteb import mteb
from crosslift.cli.negatives import negatives
from crosslift.cli.plan import plan
from crosslift.cli.power import power
from crosslift.cli.printed_errors import exit_with_words, print_error
from crosslift.cli.register import register
from crosslift.cli.report import report
from crosslift.cli.run import run
from crosslift.cli.store import app as store
from crosslift.cli.sweep import sweep
from crosslift.cli.targets import targets
from crosslift.cli.tasks import tasks
from crosslift.cli.trec import trec
from crosslift.cli.word_pilot import word_pilot
from crosslift.cli.xtreme import app as xtreme
from crosslift.errors import CrossLiftError

app = typer.Typer(
    name="crosslift",
    help="What does training a multilingual encoder on an intermediate task, text-only or "
    "image-text, do to zero-shot cross-lingual retrieval?\n\nBegin with: crosslift demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback(invoke_without_command=True)
def _crosslift(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from crosslift import __version__

        typer.echo(__version__)
        raise typer.Exit
    del context


for _command in (
    demo,
    run,
    register,
    plan,
    evaluate,
    init,
    improve,
    compare,
    sweep,
    mine,
    negatives,
    word_pilot,
    power,
    claims,
    report,
    tasks,
    targets,
    export,
    explore,
    mteb,
    trec,
):
    app.command()(_command)
app.add_typer(xtreme, name="xtreme")
app.add_typer(fetch, name="fetch")
app.add_typer(store, name="store")
app.command()(doctor)


_INTERRUPTED = 130  # what typer returns for Ctrl-C


def main() -> None:
    """Runs the command and prints errors in words, without a traceback.

    A file's name that is not UTF-8 is printed with escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        with reading_once():
            code = int(app(standalone_mode=False) or 0)
    except CrossLiftError as error:
        print_error(str(error))
        code = 2
    except Exception as error:  # noqa: BLE001
        exit_with_words(error)
    if code == _INTERRUPTED:
        print_error("stopped; finished work is kept: give the same command again to resume")
    sys.exit(code)
