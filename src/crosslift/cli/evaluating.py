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
from crosslift.reports.published_rows import published_lines, published_rows
from crosslift.results.evaluations import Evaluation
from crosslift.results.language_bias import EVERY_QUERY, OTHERS, OWN_LANGUAGE
from crosslift.targets.protocol import Direction
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import plural, prompt_words, share

_MOST_PUBLISHED = 5
"""Number of published models, the best ones, that a table shows beside the encoder."""


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
            "one protocol with --direction: `all` shows every direction of each protocol",
        )
    console = console_for(json_to)
    listener = StatusLine(console, "reading the data")
    if protocol == "all":
        with listener.status:
            evaluations = evaluate_protocols(model, target, ("all",), Store(store), listener)
        _print_side_by_side(console, evaluations)
        write_json(evaluations, json_to)
        return
    with listener.status:
        evaluation = evaluate(model, target, protocol, direction, Store(store), listener)
    _print(console, evaluation)
    write_json(evaluation, json_to)


def _print(console: Console, evaluation: Evaluation) -> None:
    metrics, main = list(evaluation.macro), described(evaluation.metric)
    shown = evaluation.published[:_MOST_PUBLISHED]
    others = published_rows(shown, list(evaluation.languages), main)
    columns = (*(described(metric).column for metric in metrics), *(row.model for row in others))
    table = Table("language", "n", *columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for place, (language, values) in enumerate(evaluation.languages.items()):
        scores = [described(metric).score(values[metric]) for metric in metrics]
        scores += [row.scores[place] for row in others]
        table.add_row(language, str(int(values["n"])), *scores)
    table.add_section()
    queries = str(int(sum(values["n"] for values in evaluation.languages.values())))
    means = [described(metric).score(evaluation.macro[metric]) for metric in metrics]
    table.add_row("macro", queries, *means, *(row.macro for row in others), style="bold")
    console.print(table)
    for line in published_lines(shown, list(evaluation.languages), main):
        console.print(line, markup=False, highlight=False)
    more = len(evaluation.published) - len(shown)
    if more:
        console.print(f"Published: {plural(more, 'more model')}; --json has all")
    _print_pretraining(console, evaluation)
    _print_gaps(console, evaluation)
    _print_unread(console, evaluation)
    _print_notes(console, evaluation)
    _print_mining(console, evaluation)
    _print_bias(console, evaluation)
    _print_protocol(console, evaluation)


def _print_pretraining(console: Console, evaluation: Evaluation) -> None:
    for group, scores in evaluation.groups.get("pretraining", {}).items():
        languages = plural(len(scores.languages), "language")
        score = share(scores.macro[evaluation.metric], 1)
        console.print(f"{group}: {languages}, {evaluation.metric} {score}")


def _print_gaps(console: Console, evaluation: Evaluation) -> None:
    for reason in dict.fromkeys(evaluation.gaps.values()):
        languages = ", ".join(code for code, why in evaluation.gaps.items() if why == reason)
        console.print(f"not measured: {languages}: {reason}")
    left_out = evaluation.left_out.values()
    for reason in dict.fromkeys(reason for reasons in left_out for reason in reasons):
        counts = [reasons[reason] for reasons in left_out if reason in reasons]
        where = f"{plural(sum(counts), 'item')} in {plural(len(counts), 'language')}"
        console.print(f"left out: {where}: {reason}")


def _print_unread(console: Console, evaluation: Evaluation) -> None:
    for reason in dict.fromkeys(evaluation.unread.values()):
        files = [file for file, why in evaluation.unread.items() if why == reason]
        line = f"not read: {first_few(files)}: {reason}"
        console.print(line, highlight=False, markup=False)


def _print_notes(console: Console, evaluation: Evaluation) -> None:
    for language, note in evaluation.notes.items():
        console.print(f"{language}: {note}")


def _print_mining(console: Console, evaluation: Evaluation) -> None:
    for entry in evaluation.mining:
        cut = ", ".join("none" if t is None else f"{t:.4f}" for t in entry.thresholds)
        score = entry.score
        console.print(
            f"{entry.language}: scored on {entry.scored_on}, threshold {cut} fitted on "
            f"{entry.threshold_source}; {score.mined} pairs taken, {score.correct} of the "
            f"{score.gold} true ones. Fitted on what it is scored on (an oracle, no result), F1 "
            f"would be {share(entry.oracle.mining_f1, 1)}.",
        )


def _print_bias(console: Console, evaluation: Evaluation) -> None:
    rows = {(entry.language, entry.pool_language): entry for entry in evaluation.language_bias}
    if not rows:
        return
    console.print("\nLanguages of what is found among the first ten passages, in percent:")
    table = Table("query", *("passages in", "of the pool", "of the first ten", "behind its own"))
    for (language, pool_language), entry in rows.items():
        is_mean = language == EVERY_QUERY and pool_language in (OWN_LANGUAGE, OTHERS)
        if pool_language in (language, OTHERS) or is_mean:
            top = _interval(entry.top_share, entry.top_low, entry.top_high)
            behind = _interval(entry.behind, entry.behind_low, entry.behind_high)
            pool = share(entry.pool_share, 1)
            table.add_row(language, pool_language, pool, top, behind)
    console.print(table)


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return ""
    return f"{share(value, 1)} [{share(low, 1)}, {share(high, 1)}]"


def _print_protocol(console: Console, evaluation: Evaluation) -> None:
    facts = ", ".join(
        f"{name} {value!r}" if name != "prompt" else prompt_words(value)
        for name, value in evaluation.protocol.items()
        if value is not None
    )
    console.print(Text(f"protocol: {facts}", style="dim"))


def _print_side_by_side(console: Console, evaluations: Sequence[Evaluation]) -> None:
    """One column for each protocol, in its own metric: the numbers are not comparable."""
    kinds = (f"{e.protocol['name']} {e.protocol['direction']}" for e in evaluations)
    columns = (
        described(e.metric).column.replace("_", " ") for e in evaluations
    )  # lets lines break
    table = Table("language", *(f"{k}\n{c}" for k, c in zip(kinds, columns, strict=True)))
    for column in table.columns[1:]:
        column.justify = "right"
    for language in evaluations[0].languages:
        cells = (described(e.metric).score(e.languages[language][e.metric]) for e in evaluations)
        table.add_row(language, *cells)
    table.add_section()
    means = (described(e.metric).score(e.macro[e.metric]) for e in evaluations)
    table.add_row("macro", *means, style="bold")
    console.print(table)
    _print_gaps(console, evaluations[0])
    _print_unread(console, evaluations[0])
    for each in evaluations:
        _print_mining(console, each)
        _print_protocol(console, each)
