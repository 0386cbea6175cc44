"""`crosslift negatives`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.artifacts.store import Store
from crosslift.cli.mining import MiningProgress
from crosslift.cli.output import console_for, write_json
from crosslift.engines.crew import Engine
from crosslift.errors import shorten
from crosslift.negatives.job import mine_negatives
from crosslift.negatives.negatives_settings import NegativesSettings
from crosslift.results.mined_negatives import NegativesOutcome, SampledPair
from crosslift.wording import duration

_LETTERS = 100
_WORDS = {
    "already": "had before",
    "above_margin": "above the margin",
    "near_duplicates": "near duplicates of right texts",
    "masked_by_guide": "left out by the guide",
    "not_chosen": "not needed",
    "chosen": "written",
}


def show(
    settings: NegativesSettings,
    store: Path | None,
    json_to: str | None,
    engine: Engine | None = None,
) -> None:
    """Mines negatives, and prints counts and a sample."""
    console = console_for(json_to)
    with MiningProgress(console) as progress:
        outcome = mine_negatives(settings, Store(store), progress, engine)
    _print(console, outcome)
    write_json(outcome, json_to)


def _print(console: Console, outcome: NegativesOutcome) -> None:
    settings, counts, pairs = outcome.settings, outcome.candidates, outcome.pairs
    number = pairs.full + pairs.fewer + pairs.without
    console.print(
        f"{number:,} pairs, {outcome.corpus:,} texts; {counts.ranked:,} texts at ranks "
        f"{settings['first_rank']} to {settings['last_rank']} "
        f"({outcome.right_skipped:,} texts that are right for their pair have no rank)",
        soft_wrap=True,
    )
    for name, words in _WORDS.items():
        if value := getattr(counts, name):
            console.print(f"  {value:>11,} {words}")
    for pair in outcome.sample:
        _print_pair(console, pair)
    missing = f"; with fewer: {pairs.fewer:,}, with none: {pairs.without:,}"
    written = Text.assemble(
        (f"{counts.chosen:,}", "bold"),
        f" negatives; {pairs.full:,} pairs have {settings['negatives']}",
        missing if pairs.fewer or pairs.without else "",
        ": ",
        (str(settings["out"]), "bold"),
        (f" ({duration(sum(outcome.seconds.values()))})", "dim"),
    )
    console.print(written, soft_wrap=True)


def _print_pair(console: Console, pair: SampledPair) -> None:
    console.print(Text(f"anchor          {shorten(pair.anchor, _LETTERS)}"), soft_wrap=True)
    lines = [(pair.score, pair.guide_score, "positive", pair.positive)]
    lines += [(n.score, n.guide_score, f"rank {n.rank}", n.text) for n in pair.negatives]
    for score, by_guide, place, text in lines:
        guide = "" if by_guide is None else f" (guide {by_guide:.3f})"
        words = f"  {score:6.3f}{guide} {place:>9}  {shorten(text, _LETTERS)}"
        console.print(Text(words), soft_wrap=True)
