"""Warnings beside numbers: ceilings, arms that changed nothing, too few queries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_sample import write_sample

from crosslift.reports.cautions import caution_sentences
from crosslift.reports.html import write_report
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import INCONCLUSIVE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder.read(write_sample(tmp_path_factory.mktemp("cautions") / "run"))


def changed(folder: RunFolder, **fields: Any) -> RunFolder:
    verdicts = tuple(
        verdict.model_copy(update=fields) if verdict.target == "names" else verdict
        for verdict in folder.verdicts
    )
    return replace(folder, verdicts=verdicts)


def of_names(folder: RunFolder) -> list[str]:
    title = folder.target("names").short_title
    return [each for each in caution_sentences(folder) if each.startswith(f"{title}:")]


def test_a_run_without_such_faults_has_no_caution(folder: RunFolder) -> None:
    assert of_names(changed(folder, smallest_effect=None)) == []


def test_a_baseline_at_its_ceiling(folder: RunFolder) -> None:
    scores = tuple(
        score._replace(value=0.99) if score.target == "names" else score for score in folder.scores
    )
    (sentence,) = of_names(replace(folder, scores=scores))
    assert "scores 99.0 already" in sentence and "at most 1.0 points" in sentence


def test_own_data_are_named_by_their_target_too(folder: RunFolder) -> None:
    targets = tuple(
        target.model_copy(update={"title": "search"}) if target.name == "names" else target
        for target in folder.run.targets
    )
    own = replace(folder, run=folder.run.model_copy(update={"targets": targets}))
    same = changed(own, effect=0.0, low=-0.004, high=0.004, p=1.0, noise=None)
    assert any(each.startswith("search (names): ") for each in caution_sentences(same))


def test_arms_that_changed_no_answer(folder: RunFolder) -> None:
    (sentence,) = of_names(changed(folder, effect=0.0, low=-0.004, high=0.004, p=1.0, noise=None))
    assert "give the same answer to every query" in sentence and "text" in sentence
    assert "image-locked" not in sentence  # the same answers are expected


def test_too_few_queries_for_the_effect_of_interest(folder: RunFolder) -> None:
    blind = {"verdict": INCONCLUSIVE, "smallest_effect": 0.01, "detectable": 0.043}
    title = folder.target("names").title
    (sentence,) = [each for each in caution_sentences(changed(folder, **blind)) if title in each]
    assert "is 1.0 points" in sentence and f"4.3 points on {title} (" in sentence
    enough = blind | {"detectable": 0.008}
    assert not any(title in each for each in caution_sentences(changed(folder, **enough)))
    everywhere = replace(
        folder, verdicts=tuple(v.model_copy(update=blind) for v in folder.verdicts)
    )
    assert len(caution_sentences(everywhere)) == 1  # all targets in one sentence


def test_the_page_shows_them(folder: RunFolder, tmp_path: Path) -> None:
    page = write_report(folder.path).read_text(encoding="utf-8")
    assert ('id="cautions"' in page) == bool(caution_sentences(folder))
