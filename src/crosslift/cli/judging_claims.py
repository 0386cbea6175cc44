"""Prints the results of `crosslift claims`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crosslift.analysis.claims import ClaimEvidence, claim_verdicts, untested
from crosslift.claims.reading import packaged_ledgers, read_ledger
from crosslift.claims.schema import Ledger
from crosslift.cli.output import console_for, write_json
from crosslift.errors import DataError
from crosslift.reports.claims import write_claims_page
from crosslift.results.claim_verdicts import ClaimVerdict
from crosslift.results.run_folder import RunFolder, read_outcomes
from crosslift.studies.reading import saved_study
from crosslift.wording import interval, listed, signed_points

_STYLES = {
    "supported": "bold green",
    "contradicted": "bold red",
    "equivalent to none": "bold",
    "inconclusive": "bold yellow",
    "not tested here": "dim",
}


def show(runs: Sequence[Path], own: Sequence[Path], out: Path | None, json_to: str | None) -> None:
    """Prints a verdict for each claim of each ledger.

    Raises:
        StudyError: a ledger has errors.
        DataError: a run cannot be read, tests no claim, or is a pilot of its study.
    """
    ledgers = [read_ledger(path) for path in own] or packaged_ledgers()
    evidence = [_evidence(run) for run in runs]
    _refuse_idle(ledgers, runs, evidence)
    by_ledger = {ledger.name: _verdicts(ledger, evidence) for ledger in ledgers}
    console = console_for(json_to)
    for ledger in ledgers:
        console.print(Text.assemble("\n", (ledger.title, "bold"), f" ({ledger.source})"))
        for verdict in by_ledger[ledger.name]:
            _print(console, verdict)
    if out is not None:
        titles = {f"{each.source}: {each.title}": by_ledger[each.name] for each in ledgers}
        write_claims_page(out, titles, [each.run.study for each in evidence])
        console.print(f"\nPage: {out}")
    write_json([v for verdicts in by_ledger.values() for v in verdicts], json_to)


def _evidence(run: Path) -> ClaimEvidence:
    folder = RunFolder.read(run)
    return ClaimEvidence(folder.run, read_outcomes(run), saved_study(run).smallest_effect)


def _refuse_idle(
    ledgers: Sequence[Ledger], runs: Sequence[Path], evidence: Sequence[ClaimEvidence]
) -> None:
    """Refuses a run of a study that no claim names, which would otherwise be ignored in silence."""
    studies = {study for each in ledgers for claim in each.claims for study in claim.tested_by}
    for run, each in zip(runs, evidence, strict=True):
        if each.run.study not in studies:
            raise DataError(
                f"{run} is a run of {each.run.study}, which tests no claim",
                f"a run of {listed(sorted(studies))}",
                "or a ledger of your own, with --claims",
            )


def _verdicts(ledger: Ledger, evidence: Sequence[ClaimEvidence]) -> list[ClaimVerdict]:
    """The verdicts by claim: one for each run that tests it, or one without a run if no run does."""
    made = [verdict for each in evidence for verdict in claim_verdicts(ledger, each)]
    verdicts = []
    for claim in ledger.claims:
        of_claim = [verdict for verdict in made if verdict.claim == claim.id]
        verdicts += of_claim or [untested(ledger, claim)]
    return verdicts


def _print(console: Console, verdict: ClaimVerdict) -> None:
    by = f" by {verdict.study}" if verdict.study else ""
    style = _STYLES[verdict.verdict]
    console.print(Text.assemble("\n  ", (verdict.verdict, style), f"{by}: {verdict.text}"))
    console.print(f"    Published: {verdict.published}. {verdict.reason}", soft_wrap=True)
    for test in (*verdict.tests, *verdict.beside):
        aside = "" if test in verdict.tests else " (beside)"
        ends = interval(test.low, test.high)
        console.print(
            f"    - {test.says}: {signed_points(test.effect)} {ends} {test.verdict}{aside}"
        )
    if verdict.difference:
        console.print(f"    Scope: {verdict.difference}.", soft_wrap=True)
