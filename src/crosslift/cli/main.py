"""The command `crosslift`: parses, calls, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

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

Json = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the outcome as JSON ('-': standard output)."
    ),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="Store of artifacts. Default: in the user's cache."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for results and report.")
]


@app.callback(invoke_without_command=True)
def _crosslift(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
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
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a whole study on the embedded encoder and data: at most 10 minutes, then a report.

    Stopped with Ctrl-C, it goes on where it was when it is given again.
    """
    from crosslift.cli import running

    running.run(running.demo_study(data, start), out, store, json)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")],
    out: Out = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a study, or what is left of it, and write its report.

    Stopped with Ctrl-C, it goes on where it was when it is given again.
    """
    from crosslift.cli import running
    from crosslift.studies.reading import read_study

    running.run(read_study(study), out, store, json)


@app.command()
def plan(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")],
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Print the tree of a study's steps: which stand, which will run, and how long they take."""
    from crosslift.cli import planning
    from crosslift.studies.reading import read_study

    planning.show(read_study(study), store, json)


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="`embedded`, a folder, or a hub name.")
    ],
    target: Annotated[str, typer.Option("--target", metavar="T", help="See `crosslift targets`.")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder of the target's files.")
    ] = None,
    catalogs: Annotated[
        Path | None,
        typer.Option(
            "--catalogs", metavar="PATH", help="gettext catalogs (.po, .mo) of a project."
        ),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--languages", metavar="CODES", help="Such as: de,sw,zh. Default: all."),
    ] = None,
    direction: Annotated[
        Literal["xx->en", "en->xx"], typer.Option("--direction", help="Which side asks.")
    ] = "xx->en",
    pooling: Annotated[
        Literal["mean", "first_token", "last_token"] | None,
        typer.Option("--pooling", help="Default: as the model's own files say, else mean."),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", help="Put before every text. Default: the model's own."),
    ] = None,
    hidden_state: Annotated[
        int | None,
        typer.Option("--hidden-state", min=0, help="0 is the embedding output. Default: the last."),
    ] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], typer.Option("--precision")
    ] = "auto",
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Measure an encoder, as it is, on a target."""
    from crosslift.cli import evaluating
    from crosslift.encoders.settings import EncoderSettings
    from crosslift.targets.target import TargetSettings

    codes = [code for part in languages or [] for code in part.replace(",", " ").split()]
    evaluating.show(
        EncoderSettings(
            name=model,
            pooling=pooling,
            prompt=prompt,
            hidden_state=hidden_state,
            precision=precision,
        ),
        TargetSettings(name=target, data=data, catalogs=catalogs, languages=tuple(codes) or None),
        direction,
        store,
        json,
    )


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    json: Json = None,
) -> None:
    """Write a run's report anew from its folder, and print its verdicts."""
    from crosslift.cli import listing

    listing.report(folder, json)


@app.command()
def tasks(json: Json = None) -> None:
    """List the intermediate tasks."""
    from crosslift.cli import listing

    listing.tasks(json)


@app.command()
def targets(json: Json = None) -> None:
    """List the target tasks."""
    from crosslift.cli import listing

    listing.targets(json)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    arm: Annotated[str, typer.Argument(metavar="ARM", help="Name of the arm.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="New folder for the model.")],
    seed: Annotated[
        int | None, typer.Option("--seed", help="Whose weights. Default: the arm's first seed.")
    ] = None,
    json: Json = None,
) -> None:
    """Write an arm's encoder as a sentence-transformers folder with a model card."""
    from crosslift.cli import listing

    listing.export(folder, arm, to, seed, json)


@app.command()
def doctor(json: Json = None) -> None:
    """Say what this machine has, and what is missing or broken."""
    from crosslift.cli import health

    health.show(json)


_INTERRUPTED = 130  # what typer gives for Ctrl-C


def main() -> None:
    """Entry of the command: errors are told in words, without a traceback."""
    code = 0
    try:
        code = int(app(standalone_mode=False) or 0)
    except CrossLiftError as error:
        _tell(str(error))
        code = 2
    except Exception as error:  # noqa: BLE001
        _usage_or_raise(error)
    if code == _INTERRUPTED:
        _tell("stopped; what was done is kept: give the same command again to go on")
    sys.exit(code)


def _usage_or_raise(error: Exception) -> None:
    """Wrong usage is told by the command-line library itself; anything else is a fault of ours."""
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    sys.exit(getattr(error, "exit_code", 2))


def _tell(text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    first, _, rest = text.partition("\n")
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text(first, style="bold red"))
    if rest:
        console.print(Text(rest))
