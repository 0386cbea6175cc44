"""`crosslift demo` and `crosslift run`."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.analysis.partial_run import unfinished, write_partial_run
from crosslift.analysis.unchanged_folder import results_are_current, source_of
from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import LiveProgress
from crosslift.cli.output import console_for, write_json
from crosslift.cli.printed_plan import print_failures, print_prompt_notes
from crosslift.cli.printed_run import outcome, print_run
from crosslift.engines.crew import Crew, Engine
from crosslift.planning.outlook import Outlook, outlook_of
from crosslift.planning.plan import Plan
from crosslift.planning.sizes import needs_of
from crosslift.reports.partial import partial_sentence
from crosslift.results.run_folder import REPORT, RunFolder
from crosslift.steps.run import run_plan
from crosslift.studies.registration import Registered
from crosslift.studies.schema import Study
from crosslift.wording import about_duration, duration


def run(
    study: Study,
    folder: Path,
    store: Path | None,
    json_to: str | None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    registered: Registered | None = None,
    engine: Engine | None = None,
    tracker: str | None = None,
) -> None:
    """Runs a study with live progress, and prints its verdicts and the path of the report."""
    console = console_for(json_to)
    began = time.monotonic()
    plan = carry_out(
        console,
        study,
        folder,
        store,
        keep_going=keep_going,
        trust_code=trust_code,
        registered=registered,
        engine=engine,
        tracker=tracker,
    )
    run_folder = RunFolder.read(folder)
    print_run(console, run_folder)
    print_failures(console, plan)
    report = folder / REPORT
    ending = f"\n{duration(time.monotonic() - began)}. Report: "
    console.print(Text.assemble(ending, (str(report), "bold")))
    console.print(
        Text.assemble("Query by query: ", (f"crosslift explore {folder}", "bold")), soft_wrap=True
    )
    write_json(outcome(run_folder, report), json_to)


def carry_out(
    console: Console,
    study: Study,
    folder: Path,
    store: Path | None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    registered: Registered | None = None,
    engine: Engine | None = None,
    tracker: str | None = None,
) -> Plan:
    """Runs a study with live progress and writes its folder; after Ctrl-C, writes the finished part.

    Returns:
        The plan, without parts that could not be carried out.
    """
    artifacts = Store(store)
    with console.status("reading the data and planning"):
        outlook = outlook_of(study, artifacts, keep_going=keep_going, trust_code=trust_code)
    plan, missing = outlook.plan, outlook.missing
    console.print(Text.assemble((study.name, "bold"), _outlook_words(outlook)))
    print_prompt_notes(console, plan)
    if not missing:
        done, records = run_plan(plan, artifacts, keep_going=keep_going, trust_code=trust_code)
        if results_are_current(folder, source_of(done, artifacts, records, registered)):
            return done
    try:
        with unfinished(folder, study, artifacts, registered, trust_code=trust_code):
            with LiveProgress(console, missing, outlook.estimates, plan.owners()) as progress:
                plan, records = run_plan(
                    plan,
                    artifacts,
                    progress,
                    keep_going=keep_going,
                    trust_code=trust_code,
                    maker=None if engine is None else Crew(engine, needs_of),
                    tracker=plan.tracker(tracker, folder),
                )
            with console.status("comparing the arms and writing the report"):
                from crosslift.analysis.write_run_folder import write_run_folder  # loads matplotlib

                write_run_folder(plan, artifacts, records, folder, registered)
    except KeyboardInterrupt:
        print_stopped(console, folder)
        raise
    return plan


def _outlook_words(outlook: Outlook) -> str:
    steps, missing = len(outlook.steps), len(outlook.missing)
    if not missing:
        return f": {steps} steps, all up to date."
    expected = about_duration(outlook.estimates.total(outlook.missing))
    return (
        f": {steps} steps, {steps - missing} up to date, {missing} to run, {expected}. Ctrl-C stops "
        "it; the same command resumes."
    )


def print_stopped(console: Console, folder: Path) -> None:
    """Writes a partial report of a run that was stopped, and prints where it is.

    A second Ctrl-C ends the process at once; `crosslift report` then writes the report later.
    """
    with console.status("writing a partial report; Ctrl-C again to stop now"):
        partial = write_partial_run(folder)
    if partial is None:
        console.print("too little is finished for a partial report")
        return
    place = Text.assemble("Partial report: ", (str(folder / REPORT), "bold"))
    console.print(Text.assemble(f"{partial_sentence(partial)}\n", place))
