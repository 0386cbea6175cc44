"""Prints facts of a run's folder for several commands: verdicts, and warnings for their reader."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.cli.output import warn
from crosslift.reports.cautions import caution_sentences
from crosslift.reports.choices import edge_sentences
from crosslift.reports.environments import mixed_words, other_code_words
from crosslift.reports.expected import expected_sentences
from crosslift.reports.idle import idle_sentences
from crosslift.reports.learning import not_learnt_sentences
from crosslift.reports.partial import partial_sentence
from crosslift.reports.registration import registration_sentence
from crosslift.reports.starts import start_sentences
from crosslift.results.command_output import RunOutcome
from crosslift.results.run_folder import RunFolder


def print_run(console: Console, folder: RunFolder) -> None:
    """Prints the verdicts of a run, its expected scores, and warnings."""
    print_partial(console, folder)
    print_verdicts(console, folder)
    print_expected(console, folder)
    print_mixture(console, folder)
    print_other_code(console, folder)
    print_cautions(console, folder)
    print_idle(console, folder)
    print_not_learnt(console, folder)
    print_edges(console, folder)


def print_partial(console: Console, folder: RunFolder) -> None:
    """Prints the unfinished parts of the study."""
    words = partial_sentence(folder.run.partial)
    if words is not None:
        warn(console, "partial report:", words)


def print_mixture(console: Console, folder: RunFolder) -> None:
    """Prints one line if the steps of a run were made in different environments."""
    words = mixed_words(folder.run)
    if words is not None:
        warn(console, "mixed environments:", words)


def print_other_code(console: Console, folder: RunFolder) -> None:
    """Prints one line if artifacts of other code were used."""
    words = other_code_words(folder.run)
    if words is not None:
        warn(console, "other code:", words)


def print_cautions(console: Console, folder: RunFolder) -> None:
    """Prints scores at their ceiling, arms that changed nothing, and too few queries."""
    for sentence in caution_sentences(folder):
        warn(console, "caution:", sentence)


def print_idle(console: Console, folder: RunFolder) -> None:
    """Prints the tasks whose loss was often 0, so that training on them taught little or nothing."""
    for sentence in idle_sentences(folder.curves):
        warn(console, "updates without a loss:", sentence)


def print_not_learnt(console: Console, folder: RunFolder) -> None:
    """Prints the arms that did not learn their tasks, by their dev scores."""
    for sentence in not_learnt_sentences(folder.run.arms):
        warn(console, "not learnt:", sentence)


def print_expected(console: Console, folder: RunFolder) -> None:
    """Prints which scores are as the study expected, and which are not."""
    sentences = list(expected_sentences(folder.run))
    if sentences:
        console.print(Text.assemble("\n", ("Scores that the study expects", "bold")))
    for sentence in sentences:
        console.print(f"  - {sentence}", markup=False)


def print_edges(console: Console, folder: RunFolder) -> None:
    """Prints the chosen values that lie at the edge of the tried values."""
    for sentence in edge_sentences(folder.run.arms):
        warn(console, "edge of the grid:", sentence)


def outcome(folder: RunFolder, report: Path) -> RunOutcome:
    """The JSON of `run`, `demo` and `report`."""
    return RunOutcome(
        study=folder.run.study,
        question=folder.run.question,
        folder=str(folder.path),
        report=str(report),
        idle=tuple(idle_sentences(folder.curves)),
        edges=tuple(edge_sentences(folder.run.arms)),
        verdicts=folder.verdicts,
    )


def print_verdicts(console: Console, folder: RunFolder) -> None:
    """Prints the question, whether intervals contain the variation of phase one, every verdict
    sentence, and the effects that survive against the controls."""
    console.print(Text.assemble("\n", (folder.run.question, "bold")))
    console.print(registration_sentence(folder.run.registration))
    for sentence in start_sentences(folder.run.arms):
        console.print(sentence)
    declared = [v.sentence for v in folder.verdicts if v.family == "declared"]
    others = [v.sentence for v in folder.verdicts if v.family != "declared"]
    survives = [gain.sentence for gain in folder.run.gains]
    sentences_by_title = {
        "Asked before the run": declared,
        "What survives against the controls": survives,
        f"Against {folder.run.baseline}": others,
    }
    for title, sentences in sentences_by_title.items():
        if sentences:
            console.print(Text.assemble("\n", (title, "bold")))
        for sentence in sentences:
            console.print(f"  - {sentence}")
