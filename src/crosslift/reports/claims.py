"""What one or several runs say about published claims: a section of the report, and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift import __version__
from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.reports.looks import colour_declarations
from crosslift.reports.outcomes import mark_of
from crosslift.reports.pages import report_templates
from crosslift.results.claim_verdicts import CLAIMS_FILE, ClaimTest, ClaimVerdict
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.wording import interval, p_value, points, signed_points


@dataclass(frozen=True)
class TestRow:
    """A comparison that tests a claim.

    Args:
        says: what is compared.
        predicts: the prediction of the claim, in words; empty for a comparison beside the claim.
        effect: effect in points, with its interval.
        outcome: the mark of its verdict, see `mark_of`.
        p: corrected p-value.
        warning: arms that did not learn their task, in words; empty: none.
    """

    says: str
    predicts: str
    effect: str
    outcome: str
    p: str
    warning: str


@dataclass(frozen=True)
class ClaimView:
    """A claim and the verdict of one run on it."""

    facts: ClaimVerdict
    tests: tuple[TestRow, ...]
    beside: tuple[TestRow, ...]
    margin: str


@dataclass(frozen=True)
class ClaimSection:
    """What the section of the report shows.

    Args:
        claims: the claims that the study tests, each with its verdict.
        counts: verdict -> number of claims.
    """

    claims: tuple[ClaimView, ...]
    counts: dict[str, int]


def claim_section(folder: RunFolder) -> ClaimSection | None:
    """Reads ``claims.json`` and makes its section; None if the study tests no claim.

    Raises:
        DataError: the file is malformed.
    """
    verdicts = read_optional_json_file(folder.path / CLAIMS_FILE, tuple[ClaimVerdict, ...])
    return section_of(verdicts) if verdicts else None


def section_of(verdicts: Sequence[ClaimVerdict]) -> ClaimSection:
    """The section of some verdicts."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
    return ClaimSection(tuple(map(_view, verdicts)), counts)


def _view(verdict: ClaimVerdict) -> ClaimView:
    margin = "" if verdict.smallest_effect is None else f"{points(verdict.smallest_effect)} points"
    return ClaimView(
        verdict,
        tuple(_row(test, predicted=True) for test in verdict.tests),
        tuple(_row(test, predicted=False) for test in verdict.beside),
        margin,
    )


def _row(test: ClaimTest, *, predicted: bool) -> TestRow:
    warning = f"not learnt: {', '.join(test.not_learnt)}" if test.not_learnt else ""
    return TestRow(
        says=test.says,
        predicts=test.predicts if predicted else "",
        effect=f"{signed_points(test.effect)} {interval(test.low, test.high)}",
        outcome=mark_of(test.verdict),
        p="" if test.p_corrected is None else p_value(test.p_corrected).removeprefix("= "),
        warning=warning,
    )


def write_claims_page(
    path: Path, ledgers: Mapping[str, Sequence[ClaimVerdict]], runs: Sequence[str]
) -> None:
    """Writes the page of some ledgers: one self-contained file.

    Args:
        path: path of the page; ``.html``.
        ledgers: title -> verdicts on its claims.
        runs: names of the studies.

    Raises:
        DataError: the path has another ending.
        ArtifactError: the path cannot be written.
    """
    if path.suffix != ".html":
        raise DataError(f"a page cannot be written to {path}", "a path that ends in .html")
    page = (
        report_templates()
        .get_template("claims_page.html.j2")
        .render(
            ledgers=[(title, section_of(verdicts)) for title, verdicts in ledgers.items()],
            runs=runs,
            version=__version__,
            colours=[colour_declarations(dark) for dark in (False, True)],
        )
    )
    with file_written_whole(path) as draft:
        draft.write_text(page, encoding="utf-8")
