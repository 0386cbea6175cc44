"""Comparisons asked otherwise, and examples, through a whole small study."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.reports.html import REPORT
from crosslift.results.result_record import read_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity
from crosslift.studies.reading import read_study
from crosslift.studies.schema import Study


@pytest.fixture(scope="module")
def study(xlm_folder: Path) -> Study:
    return small_study(
        xlm_folder,
        budget={"updates": 6, "batch_size": 6},
        arms={
            "baseline": {},
            "text": {"stages": [{"task": "name-alias", "learning_rate": 1e-2}]},
            "text-control": {"control_of": "text", "stages": [{"task": "gettext-mlm"}]},
        },
        comparisons=[],
        targets=[
            {"name": "names", "languages": ["de", "ar", "fr"]},
            {"name": "gettext", "languages": ["de", "he"], "protocols": ["all"]},
        ],
    )


@pytest.fixture(scope="module")
def folder(study: Study, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("sensitivity")
    return run_study(study, place / "run", Store(place / "store"))


def test_every_comparison_but_the_controls_is_asked_otherwise(folder: RunFolder) -> None:
    entries = read_json_file(folder.path / SENSITIVITY_FILE, tuple[Sensitivity, ...])
    verdicts = {(v.arm, v.target): v for v in folder.verdicts if v.family == "vs-baseline"}

    assert {(each.arm, each.target) for each in entries} == set(verdicts)
    for entry in entries:
        verdict = verdicts[entry.arm, entry.target]
        assert entry.n_languages == verdict.n_languages
        assert 0 <= entry.languages_up <= entry.n_languages
        assert entry.gained is not None
        assert entry.lost is not None
        by_protocol = {each.protocol: each for each in entry.protocols}
        if entry.protocols:
            ours = by_protocol[verdict.protocol]
            assert (ours.effect, ours.low, ours.high) == (verdict.effect, verdict.low, verdict.high)
            assert ours.verdict == verdict.verdict
            assert len(by_protocol) > 1

    page = (folder.path / REPORT).read_text(encoding="utf-8")
    assert 'id="sensitivity"' in page
    assert "For languages like these" in page
    assert "The same verdicts under each protocol" in page


def test_examples_are_queries_on_which_arms_disagree(folder: RunFolder) -> None:
    assert folder.examples
    assert all(len({a.correct for a in example.answers}) == 2 for example in folder.examples)


def test_gained_and_lost_queries_are_counted_under_each_protocol(folder: RunFolder) -> None:
    entries = read_json_file(folder.path / SENSITIVITY_FILE, tuple[Sensitivity, ...])
    rows = pq.read_table(folder.path / "outcomes.parquet").to_pylist()
    counted = 0
    for entry in entries:
        for protocol in {example.protocol for example in folder.examples}:
            counts = entry.counts_under(protocol, of_target=folder.target(entry.target).protocol)
            right = {
                (row["arm"], row["seed"], row["language"], row["item"]): row["top1_accuracy"]
                for row in rows
                if (row["target"], row["protocol"]) == (entry.target, protocol)
            }
            if not right:
                continue
            gained = lost = 0.0
            for (arm, seed, *query), value in right.items():
                if arm == entry.arm:
                    other = right[entry.against, 0, *query]
                    gained += value > other
                    lost += value < other
                    assert seed in (1, 2)
            assert counts == (gained / 2, lost / 2)
            counted += 1
    assert counted


def test_the_study_file_of_a_run_runs_the_study_again(folder: RunFolder, study: Study) -> None:
    assert read_study(folder.path / "study.json") == study
    page = (folder.path / REPORT).read_text(encoding="utf-8")
    assert "crosslift run study.json --out again" in page
