"""Ledgers of claims: their files, their verdicts, and the studies that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import small_study

from crosslift.analysis.claims import ClaimEvidence, claim_verdicts, outcome_of_tests, untested
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.claims.reading import packaged_ledgers, parse_ledger
from crosslift.claims.schema import Comparison, Ledger
from crosslift.errors import DataError, StudyError
from crosslift.reports.claims import write_claims_page
from crosslift.reports.html import REPORT
from crosslift.results.claim_verdicts import CLAIMS_FILE
from crosslift.results.run_folder import RunFolder, read_outcomes
from crosslift.studies.reading import read_study
from crosslift.xtreme.published_rows import PUBLISHED

STUDIES = Path(__file__).parents[2] / "studies"


def ledger(**changes: Any) -> Ledger:
    """A ledger of one claim on the small study."""
    claim = {
        "id": "text-helps",
        "text": "Names help.",
        "place": "section 1",
        "published": "+2 points",
        "scope": "XLM-R",
        "tested_by": {
            "small": {
                "tests": [{"arm": "text", "targets": ["names"]}],
                "difference": "a tiny encoder",
            }
        },
    }
    raw = {"name": "own", "title": "Ours", "source": "us", "claims": [claim | changes]}
    return Ledger.model_validate(raw)


def by_tests(*tests: dict[str, Any], **settings: Any) -> Ledger:
    by = {"tests": list(tests), "difference": "a tiny encoder", **settings}
    return ledger(tested_by={"small": by})


def all_tests(of: Ledger, study: str) -> list[Comparison]:
    return [test for _, by in of.tested_by(study) for test in (*by.tests, *by.beside)]


@pytest.mark.parametrize("of", packaged_ledgers(), ids=lambda each: each.name)
def test_ledgers_name_arms_and_targets_that_their_studies_have(of: Ledger) -> None:
    for study in {name for claim in of.claims for name in claim.tested_by}:
        declared = read_study(STUDIES / f"{study}.yaml")
        targets = {target.name for target in declared.targets}
        assert declared.name == study
        for test in all_tests(of, study):
            assert {test.arm, test.against} <= set(declared.arms)
            assert set(test.targets) <= targets
            assert test.arm != test.against


def test_phang_has_the_nine_claims() -> None:
    by_name = {each.name: each for each in packaged_ledgers()}
    ids = [claim.id for claim in by_name["phang2020"].claims]
    assert ids == [
        "squad",
        "mnli",
        "hellaswag",
        "multi-task",
        "retrieval-gains-most",
        "tydiqa-gains",
        "xnli-does-not",
        "best-per-target",
        "english-alone",
        "method",
    ]


def test_the_split_of_the_published_gain_follows_from_its_rows() -> None:
    """Of each fine-tuned task the mean of its metrics; the mean over nine tasks rises by 5.4 points."""
    rows = {row.name: row.scores for row in PUBLISHED}
    before = rows["XLM-R Large"]
    after = rows["XLM-R Large after intermediate tasks (XTREME leaderboard)"]
    gains = {
        task: 100 * float(np.mean([score - before[task][name] for name, score in scores.items()]))
        for task, scores in after.items()
    }
    whole = 9 * 5.4
    assert len(gains) == 7
    assert sum(gains.values()) == pytest.approx(17.7, abs=0.06)
    assert 1 - sum(gains.values()) / whole == pytest.approx(0.64, abs=0.005)
    assert gains["tydiqa"] / whole == pytest.approx(0.26, abs=0.005)


@pytest.mark.parametrize(
    ("needs", "predicts", "outcomes", "expected"),
    [
        ("all", ["higher"], ["higher"], "supported"),
        ("all", ["higher"], ["lower"], "contradicted"),
        ("all", ["higher"], ["equivalent"], "equivalent to none"),
        ("all", ["higher"], ["inconclusive"], "inconclusive"),
        ("all", ["higher"], ["one seed"], "inconclusive"),
        ("all", ["lower"], ["lower"], "supported"),
        ("all", ["none"], ["equivalent"], "supported"),
        ("all", ["none"], ["higher"], "contradicted"),
        ("all", ["none"], ["inconclusive"], "inconclusive"),
        ("all", ["not higher"], ["lower"], "supported"),
        ("all", ["not higher"], ["equivalent"], "supported"),
        ("all", ["not higher"], ["higher"], "contradicted"),
        ("all", ["higher"] * 2, ["higher", "inconclusive"], "inconclusive"),
        ("all", ["higher"] * 2, ["higher", "lower"], "contradicted"),
        ("any", ["higher"] * 2, ["lower", "higher"], "supported"),
        ("any", ["higher"] * 2, ["lower", "inconclusive"], "inconclusive"),
        ("any", ["higher"] * 2, ["lower", "equivalent"], "contradicted"),
        ("most", ["higher"] * 3, ["higher", "higher", "lower"], "supported"),
        ("most", ["higher"] * 3, ["higher", "lower", "equivalent"], "contradicted"),
        ("most", ["higher"] * 2, ["higher", "lower"], "contradicted"),
        ("most", ["higher"] * 3, ["higher", "lower", "inconclusive"], "inconclusive"),
    ],
)
def test_what_tests_make_of_a_claim(
    needs: str, predicts: list[Any], outcomes: list[Any], expected: str
) -> None:
    assert outcome_of_tests(needs, predicts, outcomes) == expected


def test_a_claim_without_a_study_is_an_error() -> None:
    with pytest.raises(ValueError, match="or why none tests it in `untested`"):
        ledger(tested_by={})
    with pytest.raises(ValueError, match="or why none tests it in `untested`"):
        ledger(untested="no data")
    with pytest.raises(ValueError, match="`tests`, or the `recipe`"):
        by_tests()


def test_errors_of_a_ledger_name_their_lines() -> None:
    text = "name: own\ntitle: t\nsource: s\nclaims:\n  - id: a\n    text: b\n"
    with pytest.raises(StudyError, match=r"own\.yaml: line 5: claims\.0\.place: Field required"):
        parse_ledger(text, "own.yaml")


def test_an_untested_claim_says_what_would_test_it() -> None:
    of = ledger()
    verdict = untested(of, of.claims[0])
    assert (verdict.verdict, verdict.reason) == ("not tested here", "A run of small tests it.")


@pytest.fixture(scope="module")
def run(xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("claims")
    study = small_study(
        xlm_folder,
        arms={
            "baseline": {},
            "text": {"stages": [{"task": "name-alias"}]},
            "centred": {"postprocessing": ["centre"]},
        },
        comparisons=[],
        targets=[{"name": "names", "languages": ["de", "ar"]}, "gettext"],
    )
    return run_study(study, folder / "run", Store(folder / "store"))


def evidence(run: RunFolder, smallest_effect: float | None = 1.0) -> ClaimEvidence:
    return ClaimEvidence(run.run, read_outcomes(run.path), smallest_effect)


def test_a_test_on_one_target_has_the_figures_of_its_verdict(run: RunFolder) -> None:
    (verdict,) = claim_verdicts(by_tests({"arm": "text", "targets": ["names"]}), evidence(run))
    whole = next(v for v in run.verdicts if (v.arm, v.target) == ("text", "names"))
    (test,) = verdict.tests

    assert (test.effect, test.low, test.high) == pytest.approx(
        (whole.effect, whole.low, whole.high)
    )
    assert test.p_corrected == pytest.approx(whole.p)
    assert verdict.smallest_effect == 0.01
    assert verdict.difference == "a tiny encoder"


def test_targets_are_averaged_or_compared_by_their_weights(run: RunFolder) -> None:
    by_target = {v.target: v.effect for v in run.verdicts if v.arm == "text"}
    mean, gap = (
        claim_verdicts(by_tests({"arm": "text", "targets": targets}), evidence(run))[0].tests[0]
        for targets in (["names", "gettext"], {"names": 1, "gettext": -1})
    )
    assert mean.effect == pytest.approx(sum(by_target.values()) / 2)
    assert gap.effect == pytest.approx(by_target["names"] - by_target["gettext"])


def test_the_tests_of_a_ledger_are_corrected_together(run: RunFolder) -> None:
    one = {"arm": "text", "targets": ["names"]}
    other = {"arm": "centred", "targets": ["gettext"]}
    alone = claim_verdicts(by_tests(one), evidence(run))[0].tests[0].p_corrected
    both = claim_verdicts(by_tests(one, other), evidence(run))[0].tests
    beside = claim_verdicts(by_tests(one, beside=[other]), evidence(run))[0].tests[0].p_corrected

    assert alone is not None
    assert alone == beside
    assert max(test.p_corrected or 0 for test in both) >= alone


@pytest.mark.parametrize(
    ("test", "lacking"),
    [
        ({"arm": "image", "targets": ["names"]}, "arm image"),
        ({"arm": "text", "targets": ["tatoeba"]}, "target tatoeba"),
    ],
)
def test_a_pilot_with_other_arms_or_targets_is_refused(
    run: RunFolder, test: dict[str, Any], lacking: str
) -> None:
    with pytest.raises(DataError, match=f"needs {lacking}, which this run of small lacks"):
        claim_verdicts(by_tests(test), evidence(run))


def test_a_method_is_checked_by_the_run(run: RunFolder) -> None:
    recipe = ["zero-shot", "same-phase-three", "retrieval-untuned"]
    followed = ledger(tested_by={"small": {"recipe": recipe, "difference": "none"}})
    (verdict,) = claim_verdicts(followed, evidence(run))
    assert verdict.verdict == "supported"
    assert "the run follows it" in verdict.reason


def test_a_run_of_a_study_that_a_ledger_names_reports_its_claims(
    xlm_folder: Path, tmp_path: Path
) -> None:
    """Under the name of a study that ours names, whose other arms this run lacks."""
    study = small_study(
        xlm_folder,
        name="pictures",
        arms={"baseline": {}, "photos": {"stages": [{"task": "name-alias"}]}},
        comparisons=[],
        targets=["names"],
    )
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    claims = json.loads((folder.path / CLAIMS_FILE).read_text(encoding="utf-8"))

    assert [each["verdict"] for each in claims] == ["not tested here"]
    assert "needs target tatoeba, target bucc" in claims[0]["reason"]
    page = (folder.path / REPORT).read_text(encoding="utf-8")
    assert "What it says about published claims" in page


def test_the_page_of_a_ledger_shows_its_claims_and_what_no_run_tests(
    run: RunFolder, tmp_path: Path
) -> None:
    of = by_tests(
        {"arm": "text", "targets": ["names"]}, beside=[{"arm": "centred", "targets": ["names"]}]
    )
    verdicts = [*claim_verdicts(of, evidence(run)), untested(of, of.claims[0])]
    write_claims_page(tmp_path / "claims.html", {"Ours": verdicts}, ["small"])
    page = (tmp_path / "claims.html").read_text(encoding="utf-8")

    assert "Names help." in page
    assert "Further tests, which do not decide the verdict" in page
    assert "A run of small tests it." in page
    with pytest.raises(DataError, match=r"a path that ends in \.html"):
        write_claims_page(tmp_path / "claims.txt", {}, [])
