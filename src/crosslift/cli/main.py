"""The command `crosslift`: parses, calls, prints."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crosslift.artifacts.field_checks import expected_words
from crosslift.artifacts.read_once import reading_once
from crosslift.cli.claims import claims
from crosslift.cli.compare import compare
from crosslift.cli.encoder_options import with_encoder_options
from crosslift.cli.engine_options import chosen_engine
from crosslift.cli.export import export
from crosslift.cli.fetch import app as fetch
from crosslift.cli.improve import improve
from crosslift.cli.init import init
from crosslift.cli.mine import mine
from crosslift.cli.moved_options import moved_option_error
from crosslift.cli.mteb import mteb
from crosslift.cli.negatives import negatives
from crosslift.cli.options import (
    AddressOption,
    CatalogsOption,
    DevicesOption,
    DirectionOption,
    EngineOption,
    EngineOptions,
    Json,
    KeepGoing,
    LanguagesOption,
    Model,
    Out,
    PairsOption,
    PoolOption,
    PublishedOption,
    Replace,
    StoreOption,
    StudyData,
    StudyFile,
    TargetDataOption,
    TargetOption,
    ThreadsOption,
    TrackerOption,
    TrustCode,
    WorkersOption,
    target_settings,
)
from crosslift.cli.power import power
from crosslift.cli.store import app as store_commands
from crosslift.cli.sweep import sweep
from crosslift.cli.trec import trec
from crosslift.cli.word_pilot import word_pilot
from crosslift.cli.xtreme import app as xtreme
from crosslift.errors import CrossLiftError, shorten

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
    from crosslift.studies.schema import Study

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


@app.command()
def demo(
    out: Out = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of Tatoeba files: adds that target."),
    ] = None,
    start: Annotated[
        Literal["embedded-mlm", "embedded"],
        typer.Option("--start", help="What the arms start from."),
    ] = "embedded-mlm",
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of the same: a first report in a minute or two.")
    ] = False,
    replace: Replace = False,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a whole study on the embedded encoder and data: about 4 minutes, 8 without bfloat16.

    After Ctrl-C, the same command resumes.
    """
    from crosslift.studies.demo import demo_study

    study = demo_study(data, start, quick=quick)
    folder = _folder(study, out, replace=replace)
    from crosslift.cli import running  # takes seconds: after what may be wrong

    running.run(study, folder, store, json)


@app.command()
def run(
    study: StudyFile,
    out: Out = None,
    data: StudyData = None,
    keep_going: KeepGoing = False,
    trust_code: TrustCode = False,
    replace: Replace = False,
    engine: EngineOption = "local",
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    devices: DevicesOption = 0,
    address: AddressOption = None,
    engine_option: EngineOptions = None,
    tracker: TrackerOption = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a study, or what remains of it, and write its report.

    After Ctrl-C, the same command resumes. Artifacts made by other code than this version are made
    again; `crosslift plan` lists them. A folder that holds the run of another study is not written to.
    """
    from crosslift.studies.reading import read_study
    from crosslift.studies.registration import registered
    from crosslift.training.trackers.all_trackers import check_tracker

    if tracker is not None:
        check_tracker(tracker)
    chosen = chosen_engine(engine, workers, threads, devices, address, engine_option)
    wanted, lock = read_study(study, data), registered(study)
    folder = _folder(wanted, out, replace=replace)
    from crosslift.cli import running  # takes seconds: after what may be wrong with the file

    running.run(
        wanted,
        folder,
        store,
        json,
        keep_going=keep_going,
        trust_code=trust_code,
        registered=lock,
        engine=chosen,
        tracker=tracker,
    )


def _folder(study: Study, out: Path | None, *, replace: bool) -> Path:
    """The folder of a study's run, checked to hold no other."""
    from crosslift.studies.earlier_run import check_folder

    folder = out or Path("runs") / study.name
    check_folder(folder, study, replace=replace)
    return folder


@app.command()
def register(study: StudyFile, json: Json = None) -> None:
    """Register the questions of a study before it runs: write its lock, NAME.lock.

    The lock holds questions, arms, targets, seeds and margins, the time and a hash. A run of the
    study then says "as registered", or lists what differs.
    """
    from crosslift.cli import registering

    registering.show(study, json)


@app.command()
def plan(
    study: StudyFile,
    data: StudyData = None,
    keep_going: KeepGoing = False,
    trust_code: TrustCode = False,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            metavar="DIR",
            help="An earlier run, from whose noise the smallest effects are computed.",
        ),
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="Print every step, too.")] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Print the schedule over N workers."),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price", min=0, help="Of a worker for an hour: print what they cost."),
    ] = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Print what each arm of a study needs: steps, time, memory, disk; and why steps would run.

    A fault that `run` would fail on (data, columns, models, languages) is printed instead. At the end:
    how small an effect the study could show on each target.
    """
    from crosslift.studies.reading import read_study

    wanted = read_study(study, data)
    from crosslift.cli import planning  # takes seconds: after what may be wrong with the file

    planning.show(
        wanted,
        store,
        json,
        keep_going=keep_going,
        trust_code=trust_code,
        like=like,
        tree=tree,
        workers=workers,
        price=price,
    )


@app.command()
@with_encoder_options(Model)
def evaluate(
    target: TargetOption,
    data: TargetDataOption = None,
    catalogs: CatalogsOption = None,
    languages: LanguagesOption = None,
    pairs: PairsOption = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="P",
            help="crosslift, xtreme, mteb or laser; `all` prints them side by side.",
        ),
    ] = "crosslift",
    direction: DirectionOption = None,
    pool: PoolOption = None,
    published: PublishedOption = None,
    store: StoreOption = None,
    json: Json = None,
    *,
    encoder: EncoderSettings,
    side_prompts: SidePrompts,
) -> None:
    """Measure an encoder on a target, without training."""
    settings = target_settings(
        target,
        data,
        catalogs,
        languages,
        pairs,
        pool=pool,
        published=published,
        **side_prompts.side_prompts,
    )
    from crosslift.targets.all_targets import find_target

    find_target(target).check_encoder_alone(encoder.name)
    from crosslift.cli import evaluating  # takes seconds: after what may be wrong

    evaluating.show(encoder, settings, protocol, direction, store, json)


app.command()(init)
app.command()(improve)
app.command()(compare)
app.command()(sweep)
app.command()(mine)
app.command()(negatives)
app.command()(word_pilot)
app.command()(power)
app.command()(claims)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    json: Json = None,
) -> None:
    """Write a run's report again from its folder, and print its verdicts."""
    from crosslift.cli import listing

    listing.report(folder, json)


@app.command()
def tasks(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="All facts of this one.")
    ] = None,
    json: Json = None,
) -> None:
    """List the intermediate tasks, or all facts of one: files, options, languages, licence, link."""
    from crosslift.cli import listing

    listing.tasks(json, name)


@app.command()
def targets(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="All facts of this one.")
    ] = None,
    json: Json = None,
) -> None:
    """List the target tasks, or all facts of one: files, protocols, languages, licence."""
    from crosslift.cli import listing

    listing.targets(json, name)


app.command()(export)
app.command()(mteb)
app.command()(trec)
app.add_typer(xtreme, name="xtreme")
app.add_typer(fetch, name="fetch")
app.add_typer(store_commands, name="store")


@app.command()
def doctor(json: Json = None) -> None:
    """Print what this machine has, and what is missing or broken."""
    from crosslift.cli import health

    health.show(json)


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
        _print_error(str(error))
        code = 2
    except Exception as error:  # noqa: BLE001
        _usage_or_raise(error)
    if code == _INTERRUPTED:
        _print_error("stopped; finished work is kept: give the same command again to resume")
    sys.exit(code)


def _usage_or_raise(error: Exception) -> None:
    """Wrong usage is reported by the command-line library itself, settings out of range by their class,
    and an unusable file by the system's message; anything else is a bug of ours."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        _print_error("\n".join(_words(detail) for detail in error.errors()))
        sys.exit(2)
    if isinstance(error, OSError) and error.filename is not None:
        _print_error(f"{error.strerror}: {shorten(str(error.filename), 200)}")
        sys.exit(2)
    moved_error = moved_option_error(error)
    if moved_error is not None:
        _print_error(str(moved_error))
        sys.exit(2)
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    sys.exit(getattr(error, "exit_code", 2))


def _words(detail: Mapping[str, Any]) -> str:
    """The fault of a setting, in one line."""
    name = ".".join(map(str, detail["loc"]))
    expected = expected_words(detail)
    if not name:  # a fault of several settings together
        return expected
    return f"{name}: {shorten(repr(detail.get('input')), 200)}: {expected}"


def _print_error(text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    first, _, rest = text.partition("\n")
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text(first, style="bold red"))
    if rest:
        console.print(Text(rest))
