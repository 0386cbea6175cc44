"""`crosslift word-pilot`: prints and writes its results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosslift.cli.live_progress import PhaseBar
from crosslift.cli.output import console_for, write_json
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import StudyError
from crosslift.results.word_alignments import AlignmentFigures, Estimate, WordPilot
from crosslift.word_pilot.page import refuse_page, write_word_pilot_page
from crosslift.word_pilot.pilot import word_pilot
from crosslift.word_pilot.pilot_sentences import cosine, margin
from crosslift.wording import level_words, percent, plural

_SHOWN = "hidden state, mean cosines, top-1 retrieval"
_WIDE = 99
"""Least width, in columns, of a table with intervals beside the figures."""


class PilotOptions(NamedTuple):
    """The values of the options of the command line.

    Args:
        lexicon: file of word pairs, or ``names:LANGUAGE``.
        language: language of the words that are not English; None: as the lexicon says.
        hidden_states: hidden states to measure; None: all.
        pairs: most pairs.
        seed: seed of the choice of pairs.
    """

    lexicon: str
    language: str | None
    hidden_states: tuple[int, ...] | None
    pairs: int
    seed: int


def states_of(text: str | None) -> tuple[int, ...] | None:
    """Hidden states from the words of the command line, such as ``0,2,4``.

    Raises:
        StudyError: a part is not a whole number.
    """
    if text is None:
        return None
    parts = text.replace(",", " ").split()
    malformed = [part for part in parts if not part.isdecimal()]
    if malformed or not parts:
        raise StudyError(
            f"--hidden-states {text!r}", "whole numbers from 0, with commas between them: 0,2,4"
        )
    return tuple(map(int, parts))


def show(
    model: EncoderSettings, options: PilotOptions, out: Path | None, json_to: str | None
) -> None:
    """Measures word pairs at every hidden state, prints figures and verdict, and draws the curves."""
    if out is not None:
        refuse_page(out)
    console = console_for(json_to)
    listener = PhaseBar(console, "reading the words")
    with listener.bar:
        pilot = word_pilot(
            model,
            options.lexicon,
            options.language,
            hidden_states=options.hidden_states,
            most_pairs=options.pairs,
            seed=options.seed,
            listener=listener,
        )
    _print(console, pilot)
    if out is not None:
        write_word_pilot_page(pilot, out)
        console.print(Text.assemble("curves: ", (str(out), "bold")), soft_wrap=True)
    write_json(pilot, json_to)


def _print(console: Console, pilot: WordPilot) -> None:
    language = pilot.words.language
    as_is = {each.hidden_state: each.as_is for each in pilot.states}
    centred = {each.hidden_state: each.centred for each in pilot.states if each.centred}
    gap = " " if console.width >= _WIDE else "\n"
    console.print(_table("as the vectors are", language, pilot, as_is, gap))
    if centred:
        title = "after the mean of each language is subtracted"
        console.print(_table(title, language, pilot, centred, gap))
    for each in pilot.states:
        if each.not_centred:
            reason = f"not centred: hidden state {each.hidden_state}: {each.not_centred}"
            console.print(reason, soft_wrap=True)
    for why, number in pilot.words.left_out.items():
        console.print(f"left out: {plural(number, 'pair')}: {why}")
    reading = ", ".join(f"{name} {value!r}" for name, value in pilot.reading)
    console.print(Text(f"read with: {reading}", style="dim"))
    console.print()
    for sentence in pilot.verdict:
        console.print(sentence)


def _table(
    title: str, language: str, pilot: WordPilot, rows: Mapping[int, AlignmentFigures], gap: str
) -> Table:
    """One row for each hidden state; ``gap`` comes before each interval."""
    level = level_words(pilot.level)
    table = Table(
        "state",
        "pairs",
        "random",
        "margin",
        f"{language}->en, %",
        f"en->{language}, %",
        title=f"{plural(pilot.words.pairs, 'word')}, {title}:\n{_SHOWN} ({level} intervals)",
        title_justify="left",
    )
    for column in table.columns:
        column.justify = "right"
    best = pilot.best.hidden_state if pilot.best else None
    for state, figures in rows.items():
        table.add_row(
            str(state),
            cosine(figures.pairs, _decimals(figures)),
            cosine(figures.random, _decimals(figures)),
            f"{margin(figures.margin.value)}{gap}({_ends(figures.margin)})",
            _share(figures.src_to_tgt, gap),
            _share(figures.tgt_to_src, gap),
            style="bold" if state == best else "",
        )
    return table


def _decimals(figures: AlignmentFigures) -> int:
    """Number of decimals: four, or more if both cosines are so near 1 that four would not distinguish
    them."""
    return 4 if abs(figures.margin.value) >= 0.001 or figures.random < 0.999 else 7


def _ends(estimate: Estimate) -> str:
    return f"{margin(estimate.low)}, {margin(estimate.high)}"


def _share(estimate: Estimate, gap: str) -> str:
    return f"{percent(estimate.value)}{gap}({percent(estimate.low)}, {percent(estimate.high)})"
