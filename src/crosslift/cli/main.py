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
def mine(
    src: Annotated[
        Path, typer.Option("--src", metavar="FILE", help="One text a line, UTF-8, plain or gzip.")
    ],
    tgt: Annotated[
        Path, typer.Option("--tgt", metavar="FILE", help="Likewise, of the other language.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="M", help="`embedded`, a folder, or a hub name.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="TSV",
            help="Pairs to write, best first: score, src text, tgt text. Gzipped if it ends in .gz.",
        ),
    ],
    margin: Annotated[
        Literal["ratio", "distance", "absolute"],
        typer.Option("--margin", help="How a pair's cosine is set against its neighbourhood."),
    ] = "ratio",
    k: Annotated[
        int, typer.Option("--k", min=1, help="Neighbours of each text; fewer on a smaller side.")
    ] = 4,
    retrieval: Annotated[
        Literal["max", "intersection", "forward", "backward"],
        typer.Option("--retrieval", help="Whose best candidates become pairs."),
    ] = "max",
    search: Annotated[
        Literal["auto", "exact", "ivf", "hnsw"],
        typer.Option("--search", help="auto: exact, and ivf (faiss) above 4e12 pairs."),
    ] = "auto",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Lowest score written. Default: every pair is written."),
    ] = None,
    target_precision: Annotated[
        float | None,
        typer.Option(
            "--target-precision",
            min=0.01,
            max=1,
            help="Calibrate the threshold to this share of true pairs: on --gold, or without it on "
            "stand-in false pairs. For these the best candidate of some texts is taken out and they "
            "are mined again: what they find then counts as false. Too strict where a text has "
            "several translations, too lenient where most texts have none.",
        ),
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            "--gold",
            metavar="FILE",
            help="True pairs for --target-precision: src text, tab, tgt text. Mined pairs whose src "
            "text is in it are labelled by it.",
        ),
    ] = None,
    negatives: Annotated[
        int,
        typer.Option("--negatives", min=1, help="Texts that stand-in false pairs are made of."),
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of those texts.")] = 0,
    min_length: Annotated[
        int | None, typer.Option("--min-length", min=1, help="Fewest characters of a text.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", min=1, help="Most characters of a text.")
    ] = None,
    max_length_ratio: Annotated[
        float | None,
        typer.Option(
            "--max-length-ratio",
            min=1,
            help="Characters of a pair's longer text over those of its shorter. Default: any.",
        ),
    ] = None,
    drop_copies: Annotated[
        bool, typer.Option("--drop-copies", help="Leave out texts that stand in both files.")
    ] = False,
    src_language: Annotated[
        str | None,
        typer.Option(
            "--src-language",
            metavar="CODE",
            help="Leave out src texts that py3langid takes for another language.",
        ),
    ] = None,
    tgt_language: Annotated[
        str | None, typer.Option("--tgt-language", metavar="CODE", help="Likewise of tgt texts.")
    ] = None,
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            "--keep-duplicates",
            help="Write a pair as often as its text stands in the file where it stands more often. "
            "Default: each distinct text once.",
        ),
    ] = False,
    pooling: Annotated[
        Literal["mean", "mean_without_specials", "position_weighted", "first_token", "last_token"]
        | None,
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
        Literal["auto", "float32", "bfloat16"],
        typer.Option("--precision", help="Of the encoder's arithmetic."),
    ] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write --out though it exists.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what memory and time it needs, and end.")
    ] = False,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Mine two files of texts for pairs that translate each other.

    Stopped with Ctrl-C, it goes on where it was when it is given again.
    """
    from crosslift.cli import mining
    from crosslift.encoders.settings import EncoderSettings
    from crosslift.studies.mining_settings import MiningSettings

    settings = MiningSettings(
        src=src,
        tgt=tgt,
        model=EncoderSettings(
            name=model,
            pooling=pooling,
            prompt=prompt,
            hidden_state=hidden_state,
            precision=precision,
        ),
        out=out,
        overwrite=overwrite,
        margin=margin,
        k=k,
        retrieval=retrieval,
        search=search,
        threshold=threshold,
        target_precision=target_precision,
        gold=gold,
        negatives=negatives,
        seed=seed,
        min_length=min_length,
        max_length=max_length,
        max_length_ratio=max_length_ratio,
        drop_copies=drop_copies,
        src_language=src_language,
        tgt_language=tgt_language,
        keep_duplicates=keep_duplicates,
    )
    mining.show(settings, plan, store, json)


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
