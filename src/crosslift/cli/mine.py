"""The command `crosslift mine` and its options."""

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


def _pairing(
    margin: Annotated[
        Literal["ratio", "distance", "absolute"],
        typer.Option("--margin", help="How a pair's cosine is compared with its neighbourhood."),
    ] = "ratio",
    k: Annotated[
        int, typer.Option("--k", min=1, help="Neighbours of each text; fewer on a smaller side.")
    ] = 4,
    retrieval: Annotated[
        Literal["max", "intersection", "forward", "backward"],
        typer.Option("--retrieval", help="Texts whose best candidates become pairs."),
    ] = "max",
    search: Annotated[
        Literal["auto", "exact", "ivf", "hnsw"],
        typer.Option("--search", help="auto: exact, and ivf (faiss) above 4e12 pairs."),
    ] = "auto",
) -> dict[str, Any]:
    """Options of the search for pairs."""
    return locals()


def _threshold(
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
            "stand-in false pairs. For these the best candidate of some texts is removed and they "
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
        typer.Option("--negatives", min=1, help="Texts that stand-in false pairs are made from."),
    ] = 2000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the draw of those texts.")
    ] = 0,
) -> dict[str, Any]:
    """Options that choose the written pairs by their scores."""
    return locals()


def _filters(
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
        bool, typer.Option("--drop-copies", help="Leave out texts that are in both files.")
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
        str | None, typer.Option("--tgt-language", metavar="CODE", help="The same for tgt texts.")
    ] = None,
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            "--keep-duplicates",
            help="Write a pair as often as its text occurs in the file where it occurs more often. "
            "Default: each distinct text once.",
        ),
    ] = False,
) -> dict[str, Any]:
    """Options that leave out texts and pairs."""
    return locals()


@with_options(
    encoder=encoder_options(ModelOption),
    side_prompts=side_prompt_options,
    pairing=_pairing,
    threshold=_threshold,
    filters=_filters,
    engine=engine_options,
)
def mine(
    *,
    src: Annotated[
        Path, typer.Option("--src", metavar="FILE", help="One text per line, UTF-8, plain or gzip.")
    ],
    tgt: Annotated[
        Path, typer.Option("--tgt", metavar="FILE", help="The same, in the other language.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="TSV",
            help="Pairs to write, best first: score, src text, tgt text. Gzipped if it ends in .gz.",
        ),
    ],
    pairing: dict[str, Any],
    threshold: dict[str, Any],
    filters: dict[str, Any],
    overwrite: Overwrite = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the memory and time it needs, and exit.")
    ] = False,
    engine: Engine | None,
    store: StoreOption = None,
    json: Json = None,
    encoder: EncoderSettings,
    side_prompts: SidePrompts,
) -> None:
    """Mine two files of texts for pairs that translate each other.

    After Ctrl-C, the same command resumes.
    """
    from crosslift.cli import mining
    from crosslift.mining.mining_settings import MiningSettings

    settings = MiningSettings(
        src=src,
        tgt=tgt,
        model=encoder,
        **side_prompts.side_prompts,
        out=out,
        overwrite=overwrite,
        **pairing,
        **threshold,
        **filters,
    )
    mining.show(settings, plan, store, json, engine)
