"""`crosslift evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosslift.api.session import evaluate, evaluate_protocols
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import StatusLine
from crosslift.cli.output import console_for, write_json
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import StudyError, first_few
from crosslift.metrics.table import described
from crosslift.results.evaluations import Evaluation
from crosslift.targets.protocol import Direction
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import plural, prompt_words, share


def show(
    model: EncoderSettings,
    target: TargetSettings,
    protocol: str,
    direction: Direction | None,
    store: Path | None,
    json_to: str | None,
) -> None:
    """Measures an encoder on a target and prints the scores of each language."""
    if protocol == "all" and direction is not None:
        raise StudyError(
            f"--direction {direction} beside --protocol all",
            "one protocol with --direction: all of them show every direction they have",
        )
    console = console_for(json_to)
    listener = StatusLine(console, "reading the data")
    if protocol == "all":
        with listener.status:
            found = evaluate_protocols(model, target, ("all",), Store(store), listener)
        _print_side_by_side(console, found)
        write_json(found, json_to)
        return
    with listener.status:
        one = evaluate(model, target, protocol, direction, Store(store), listener)
    _print(console, one)
    write_json(one, json_to)


def _print(console: Console, found: Evaluation) -> None:
    metrics = list(found.macro)
    table = Table("language", "n", *(described(metric).column for metric in metrics))
    for column in table.columns[1:]:
        column.justify = "right"
    for language, values in found.languages.items():
        scores = (described(metric).score(values[metric]) for metric in metrics)
        table.add_row(language, str(int(values["n"])), *scores)
    table.add_section()
    queries = str(int(sum(values["n"] for values in found.languages.values())))
    means = (described(metric).score(found.macro[metric]) for metric in metrics)
    table.add_row("macro", queries, *means, style="bold")
    console.print(table)
    _tell_pretraining(console, found)
    _tell_gaps(console, found)
    _tell_unread(console, found)
    _tell_notes(console, found)
    _tell_mining(console, found)
    _tell_protocol(console, found)


def _tell_pretraining(console: Console, found: Evaluation) -> None:
    for group, scores in found.groups.get("pretraining", {}).items():
        languages = plural(len(scores.languages), "language")
        score = share(scores.macro[found.metric], 1)
        console.print(f"{group}: {languages}, {found.metric} {score}")


def _tell_gaps(console: Console, found: Evaluation) -> None:
    for reason in dict.fromkeys(found.gaps.values()):
        languages = ", ".join(code for code, why in found.gaps.items() if why == reason)
        console.print(f"not measured: {languages}: {reason}")
    for reason in dict.fromkeys(reason for own in found.left_out.values() for reason in own):
        counts = [own[reason] for own in found.left_out.values() if reason in own]
        where = f"{plural(sum(counts), 'item')} in {plural(len(counts), 'language')}"
        console.print(f"left out: {where}: {reason}")


def _tell_unread(console: Console, found: Evaluation) -> None:
    for reason in dict.fromkeys(found.unread.values()):
        files = [file for file, why in found.unread.items() if why == reason]
        line = f"not read: {first_few(files)}: {reason}"
        console.print(line, highlight=False, markup=False)


def _tell_notes(console: Console, found: Evaluation) -> None:
    for language, note in found.notes.items():
        console.print(f"{language}: {note}")


def _tell_mining(console: Console, found: Evaluation) -> None:
    for entry in found.mining:
        cut = ", ".join("none" if t is None else f"{t:.4f}" for t in entry.thresholds)
        score = entry.score
        console.print(
            f"{entry.language}: scored on {entry.scored_on}, threshold {cut} fitted on "
            f"{entry.threshold_source}; {score.mined} pairs taken, {score.correct} of the "
            f"{score.gold} true ones. Fitted on what it is scored on (an oracle, no result), F1 "
            f"would be {share(entry.oracle.mining_f1, 1)}.",
        )


def _tell_protocol(console: Console, found: Evaluation) -> None:
    facts = ", ".join(
        f"{name} {value!r}" if name != "prompt" else prompt_words(value)
        for name, value in found.protocol.items()
        if value is not None
    )
    console.print(Text(f"protocol: {facts}", style="dim"))


def _print_side_by_side(console: Console, found: Sequence[Evaluation]) -> None:
    """One column a protocol, in its own metric: numbers of one name that are not the same thing."""
    kinds = (f"{e.protocol['name']} {e.protocol['direction']}" for e in found)
    columns = (described(e.metric).column.replace("_", " ") for e in found)  # words can be broken
    table = Table("language", *(f"{k}\n{c}" for k, c in zip(kinds, columns, strict=True)))
    for column in table.columns[1:]:
        column.justify = "right"
    for language in found[0].languages:
        cells = (described(e.metric).score(e.languages[language][e.metric]) for e in found)
        table.add_row(language, *cells)
    table.add_section()
    means = (described(e.metric).score(e.macro[e.metric]) for e in found)
    table.add_row("macro", *means, style="bold")
    console.print(table)
    _tell_gaps(console, found[0])
    _tell_unread(console, found[0])
    for each in found:
        _tell_mining(console, each)
        _tell_protocol(console, each)
