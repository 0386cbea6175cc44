"""`crosslift demo` and `crosslift run`."""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import LiveProgress
from crosslift.cli.output import console_for, warn, write_json
from crosslift.planning.plan import Plan, plan_study
from crosslift.reports.choices import edge_sentences
from crosslift.reports.environments import mixed_words, other_code_words
from crosslift.reports.expected import expected_sentences
from crosslift.reports.idle import idle_sentences
from crosslift.reports.learning import not_learnt_sentences
from crosslift.reports.registration import registration_sentence
from crosslift.reports.starts import start_sentences
from crosslift.results.command_output import RunOutcome
from crosslift.results.run_folder import RunFolder
from crosslift.steps.estimates import Estimates
from crosslift.steps.run import missing_steps, run_plan
from crosslift.steps.status import Status
from crosslift.studies.reading import parse_study
from crosslift.studies.registration import Registered
from crosslift.studies.schema import Study
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import about_duration, duration


def demo_study(data: Path | None, start: str) -> Study:
    """The demo's study.

    Args:
        data: folder of Tatoeba files, which adds that target. None: without it.
        start: what the arms start from.
    """
    text = (resources.files("crosslift.studies") / "demo.yaml").read_text(encoding="utf-8")
    study = parse_study(text, source="the demo's study")
    changes: dict[str, object] = {"start": start}
    if start == "embedded":
        changes["name"] = "demo-embedded"
        changes["arms"] = {n: a for n, a in study.arms.items() if not a.reference}
    if data is not None:
        tatoeba = TargetSettings(name="tatoeba", data=data)
        changes["targets"] = (*study.targets, tatoeba)
    return study.model_copy(update=changes)


def run(
    study: Study,
    out: Path | None,
    store: Path | None,
    json_to: str | None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    registered: Registered | None = None,
) -> None:
    """Runs a study with live progress, and prints its verdicts and the path of the report."""
    console = console_for(json_to)
    artifacts = Store(store)
    folder = out or Path("runs") / study.name
    began = time.monotonic()
    with console.status("reading the data and planning"):
        plan = plan_study(study, keep_going=keep_going)
        steps = plan.steps()
        estimates = Estimates(artifacts)
        status = Status(artifacts, trust_code=trust_code)
        missing = missing_steps(steps, artifacts, status)
    outlook = (
        f": {len(steps)} steps, {len(steps) - len(missing)} up to date, {len(missing)} to run, "
        f"{about_duration(estimates.total(missing))}. Ctrl-C stops it; the same command resumes."
    )
    console.print(Text.assemble((study.name, "bold"), outlook))
    with LiveProgress(console, missing, estimates) as progress:
        plan, records = run_plan(
            plan, artifacts, progress, keep_going=keep_going, trust_code=trust_code
        )
    with console.status("comparing the arms and writing the report"):
        report = write_run_folder(plan, artifacts, records, folder, registered)
    run_folder = RunFolder.read(folder)
    print_verdicts(console, run_folder)
    print_expected(console, run_folder)
    print_mixture(console, run_folder)
    print_other_code(console, run_folder)
    print_idle(console, run_folder)
    print_not_learnt(console, run_folder)
    print_edges(console, run_folder)
    print_failures(console, plan)
    ending = f"\n{duration(time.monotonic() - began)}. Report: "
    console.print(Text.assemble(ending, (str(report), "bold")))
    write_json(outcome(run_folder, report), json_to)


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


def print_idle(console: Console, folder: RunFolder) -> None:
    """Prints the tasks whose loss was often 0, so that training on them taught little or nothing."""
    for sentence in idle_sentences(folder.curves):
        warn(console, "updates without a loss:", sentence)


def print_not_learnt(console: Console, folder: RunFolder) -> None:
    """Prints the arms that did not learn their tasks, by their dev scores."""
    for sentence in not_learnt_sentences(folder.run.arms):
        warn(console, "not learnt:", sentence)


def print_expected(console: Console, folder: RunFolder) -> None:
    """Prints which scores are as the study states them beforehand, and which are not."""
    sentences = list(expected_sentences(folder.run))
    if sentences:
        console.print(Text.assemble("\n", ("Scores that the study expects", "bold")))
    for sentence in sentences:
        console.print(f"  - {sentence}", markup=False)


def print_edges(console: Console, folder: RunFolder) -> None:
    """Prints the chosen values that lie at the edge of what was tried."""
    for sentence in edge_sentences(folder.run.arms):
        warn(console, "edge of the grid:", sentence)


def print_failures(console: Console, plan: Plan) -> None:
    """Prints which arms are left out, and why."""
    for arm, error in plan.failures.items():
        console.print(Text.assemble("\n", ("left out:", "bold red"), f" arm {arm}"))
        console.print(error, soft_wrap=True)


def outcome(folder: RunFolder, report: Path) -> RunOutcome:
    """What `run`, `demo` and `report` write as JSON."""
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
    sentence, and what survives against the controls."""
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
