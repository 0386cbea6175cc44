"""The command `crosslift negatives` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crosslift.cli.encoder_options import encoder_options, side_prompt_options
from crosslift.cli.engine_options import engine_options
from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json, ModelOption, Overwrite, StoreOption

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
    from crosslift.engines.crew import Engine


_Pairs = Annotated[
    Path,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="Table with the columns anchor and positive; group, language and negative if it has "
        "them. JSON lines, CSV, TSV or parquet.",
    ),
]
_Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="JSONL",
        help="The pairs with their negatives. Gzipped if it ends in .gz.",
    ),
]
_Corpus = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="Table with the column text, and group if it has it, or a text file with one text "
        "per line. Default: the positives of all pairs.",
    ),
]


def _choice(
    ranks: Annotated[
        str,
        typer.Option(
            "--ranks",
            metavar="A-B",
            help="Which of the nearest texts may be negatives. Texts that are right for the pair have "
            "no rank.",
        ),
    ] = "10-100",
    most: Annotated[
        int, typer.Option("--negatives", min=1, metavar="N", help="Most negatives of a pair.")
    ] = 5,
    choice: Annotated[
        Literal["nearest", "random"],
        typer.Option("--choice", help="Choice of negatives from the remaining texts."),
    ] = "nearest",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the random choice.")] = 0,
) -> dict[str, Any]:
    """Options that choose negatives from the nearest texts."""
    from crosslift.negatives.negatives_settings import ranks_of

    first_rank, last_rank = ranks_of(ranks)
    return {
        "first_rank": first_rank,
        "last_rank": last_rank,
        "negatives": most,
        "choice": choice,
        "seed": seed,
    }


def _limits(
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            min=0,
            help="A negative's cosine is at most the positive's less this. Default: no limit.",
        ),
    ] = None,
    relative_margin: Annotated[
        float | None,
        typer.Option(
            "--relative-margin",
            min=0,
            help="A negative's cosine is at most the positive's less this share of its absolute value. "
            "Default: no limit.",
        ),
    ] = None,
    similar: Annotated[
        float,
        typer.Option(
            "--similar",
            min=0.01,
            max=1,
            help="Near duplicates of right texts are left out: those whose sets of four-letter runs "
            "have at least this Jaccard similarity.",
        ),
    ] = 0.8,
) -> dict[str, Any]:
    """Options that leave out texts which are too near."""
    return locals()


def _guide(
    guide: Annotated[
        str | None,
        typer.Option(
            "--guide",
            metavar="M",
            help="A second encoder, which leaves out texts that it puts nearer to the anchor than the "
            "positive.",
        ),
    ] = None,
    guide_margin: Annotated[
        float,
        typer.Option(
            "--guide-margin", min=0, help="By the guide, a negative's cosine is lower by this."
        ),
    ] = 0.0,
    guide_prompt_src: Annotated[
        str | None,
        typer.Option("--guide-prompt-src", help="The guide's prompt of anchors. Default: its own."),
    ] = None,
    guide_prompt_tgt: Annotated[
        str | None,
        typer.Option(
            "--guide-prompt-tgt", help="The guide's prompt of all other texts. Default: its own."
        ),
    ] = None,
) -> dict[str, Any]:
    """A second encoder, and the texts that it leaves out."""
    return locals()


@with_options(
    encoder=encoder_options(ModelOption),
    side_prompts=side_prompt_options,
    engine=engine_options,
    choice=_choice,
    limits=_limits,
    guide=_guide,
)
def negatives(
    *,
    pairs: _Pairs,
    out: _Out,
    corpus: _Corpus = None,
    choice: dict[str, Any],
    limits: dict[str, Any],
    guide: dict[str, Any],
    overwrite: Overwrite = False,
    engine: Engine | None,
    store: StoreOption = None,
    json: Json = None,
    encoder: EncoderSettings,
    side_prompts: SidePrompts,
) -> None:
    """Mine hard negatives for pairs of texts, for training with the task text-pairs.

    Prompts of src are for anchors, prompts of tgt for all other texts. After Ctrl-C or a
    kill, the same command resumes. The workers of an engine encode the texts and search them.
    """
    from crosslift.encoders.encoder_settings import EncoderSettings
    from crosslift.negatives.negatives_settings import NegativesSettings, refuse_output

    if guide["guide"] is not None:
        guide["guide"] = EncoderSettings(name=guide["guide"], precision=encoder.precision)
    settings = NegativesSettings(
        pairs=pairs,
        corpus=corpus,
        model=encoder,
        **side_prompts.side_prompts,
        out=out,
        overwrite=overwrite,
        **choice,
        **limits,
        **guide,
    )
    refuse_output(settings)
    from crosslift.cli import mining_negatives  # takes seconds: after what may be wrong

    mining_negatives.show(settings, store, json, engine)
