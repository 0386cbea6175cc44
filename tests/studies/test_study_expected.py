"""Scores that a study states beforehand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.cli.printed_run import print_expected
from crosslift.planning.plan_study import plan_study
from crosslift.reports.expected import expected_sentences
from crosslift.reports.html import REPORT
from crosslift.results.expected_score import ExpectedScore
from crosslift.results.run_facts import RunFacts
from crosslift.studies.reading import StudyFileError
from crosslift.studies.schema import Study


def study(encoder: Path, *expected: dict[str, Any]) -> Study:
    """One untrained arm, measured on names in two languages."""
    targets = [{"name": "names", "languages": ["de", "ar"], "protocols": ["xtreme"]}]
    arms: dict[str, Any] = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    return small_study(
        encoder, start="plain", arms=arms, targets=targets, comparisons=[], expected=list(expected)
    )


def faults(encoder: Path, **changes: Any) -> dict[str, tuple[str, ...]]:
    """Place -> nearest names, of the faults of an expected score."""
    right = {"arm": "text", "target": "names", "score": 31.0}
    with pytest.raises(StudyFileError) as caught:
        study(encoder, right | changes)
    return {".".join(map(str, fault.path)): fault.near for fault in caught.value.faults}


def sentence_of(**changes: Any) -> str:
    """The sentence of one expected score, of a run without facts on its target."""
    values: dict[str, Any] = {
        "arm": "baseline",
        "target": "Tatoeba",
        "protocol": "xtreme/en->xx",
        "metric": "top1_accuracy",
        "score": 31.0,
        "within": 1.0,
        "source": "a paper",
        "measured": 30.84,
        "as_expected": True,
    }
    expected = ExpectedScore.model_validate(values | changes)
    run = RunFacts.model_construct(targets=(), expected=(expected,))
    return next(iter(expected_sentences(run)))


def test_unknown_names_are_refused_with_the_nearest(xlm_folder: Path) -> None:
    assert faults(xlm_folder, arm="texts") == {"expected.0.arm": ("text",)}
    assert faults(xlm_folder, target="name") == {"expected.0.target": ("names",)}
    assert faults(xlm_folder, protocol="xtrem") == {"expected.0.protocol": ("xtreme",)}
    assert list(faults(xlm_folder, protocol="laser")) == ["expected.0.protocol"]
    assert list(faults(xlm_folder, within=0.0)) == ["expected.0.within"]


def test_no_step_changes_with_what_is_expected(xlm_folder: Path) -> None:
    plain = plan_study(study(xlm_folder))
    expecting = plan_study(study(xlm_folder, {"arm": "text", "target": "names", "score": 31.0}))

    assert [step.key for step in plain.steps()] == [step.key for step in expecting.steps()]


def test_measured_scores_stand_beside_the_expected(xlm_folder: Path, tmp_path: Path) -> None:
    wrong = {"arm": "text", "target": "names", "score": 130.0, "within": 29.9, "source": "a guess"}
    right = {"arm": "baseline", "target": "names", "protocol": "xtreme", "score": 50, "within": 50}
    run = run_study(study(xlm_folder, wrong, right), tmp_path / "run", Store(tmp_path / "store"))
    values = [
        row.value
        for row in run.scores
        if (row.arm, row.protocol, row.metric, row.language, row.subset)
        == ("text", "crosslift/xx->en", "top1_accuracy", "macro", "all")
    ]
    first, second = run.run.expected

    assert len(values) == 2
    assert first.measured == pytest.approx(50 * (values[0] + values[1]))
    assert not first.as_expected
    assert second.as_expected
    assert second.protocol == "xtreme/en->xx"
    page = (tmp_path / "run" / REPORT).read_text(encoding="utf-8")
    assert "Expected of <code>text</code> on " in page
    assert "not as expected (more than 29.9 points apart)." in page
    printed = Console(file=io.StringIO(), width=300, record=True)
    print_expected(printed, run)
    lines = printed.export_text()
    assert "Scores that the study expects\n  - Expected of `text` on " in lines
    assert "130.0 (a guess); measured " in lines


def test_sentences() -> None:
    place = "Expected of `baseline` on Tatoeba, xtreme/en->xx: 31.0"
    assert sentence_of() == f"{place} (a paper); measured 30.8: as expected."
    assert sentence_of(source="") == f"{place}; measured 30.8: as expected."
    assert sentence_of(measured=25.0, as_expected=False) == (
        f"{place} (a paper); measured 25.0: not as expected (more than 1.0 points apart)."
    )
    assert sentence_of(measured=25.0, as_expected=False, within=2.5).endswith(
        "(more than 2.5 points apart)."
    )
    assert sentence_of(measured=None, as_expected=None) == f"{place} (a paper); not measured."
    rank = sentence_of(metric="median_rank", score=2.0, measured=9.0, as_expected=False)
    assert rank.endswith("measured 9.0: not as expected (more than 1.0 apart).")


def test_an_arm_that_was_left_out_is_not_measured(xlm_folder: Path, tmp_path: Path) -> None:
    asked = study(xlm_folder, {"arm": "text", "target": "names", "score": 31.0}).without(["text"])
    run = run_study(asked, tmp_path / "run", Store(tmp_path / "store"))
    assert [(each.measured, each.as_expected) for each in run.run.expected] == [(None, None)]
