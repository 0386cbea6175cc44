"""Searches as run files of TREC: scores of pytrec_eval are those of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError, UnknownNameError
from crosslift.submissions.trec_runs import write_trec_runs
from tests.samples import judged_samples as samples


def trec_run(path: Path) -> dict[str, dict[str, float]]:
    """Query -> passage -> score, of a file with six columns."""
    scores: dict[str, dict[str, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, constant, passage, rank, score, tag = line.split(" ")
        of_query = scores.setdefault(query, {})
        assert (constant, tag) == ("Q0", "small-text-2") and int(rank) == len(of_query) + 1
        of_query[passage] = float(score)
    return scores


def test_the_files_have_the_scores_of_the_run(
    bert_folder: Path, tmp_path: Path, crosslift: Any
) -> None:
    folder = samples.beir(tmp_path / "data" / "de").parent
    study = small_study(
        bert_folder,
        arms={"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        start="plain",
        comparisons=[],
        targets=[{"name": "judged", "data": str(folder)}, {"name": "names", "languages": ["de"]}],
    )
    run = run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    ended = crosslift(
        *("trec", tmp_path / "out", "text", tmp_path / "trec", "--seed", 2, "--json", "-")
    )
    assert ended.json["files"] == [str(tmp_path / "trec" / "judged.de.run")]
    found = trec_run(tmp_path / "trec" / "judged.de.run")
    assert {len(of_query) for of_query in found.values()} == {6}
    grades = {"q0": {"d1": 2, "d2": 1}, "q2": {"d5": 1}}
    scored = pytrec_eval.RelevanceEvaluator(grades, {"ndcg_cut.10"}).evaluate(found)
    (ours,) = (
        row.value
        for row in run.scores
        if (row.arm, row.seed, row.target, row.metric, row.language, row.subset)
        == ("text", 2, "judged", "ndcg_at_10", "de", "all")
    )
    assert np.mean([each["ndcg_cut_10"] for each in scored.values()]) == pytest.approx(
        ours, abs=1e-6
    )
    with pytest.raises(StudyError, match="is not empty"):
        write_trec_runs(tmp_path / "out", "text", tmp_path / "trec")
    with pytest.raises(UnknownNameError, match="seed of arm 'text' '7'"):
        write_trec_runs(tmp_path / "out", "text", tmp_path / "other", seed=7)


def test_a_run_without_searches(bert_folder: Path, tmp_path: Path) -> None:
    study = small_study(
        bert_folder,
        arms={"baseline": {}},
        start="plain",
        comparisons=[],
        targets=[{"name": "names", "languages": ["de"]}],
    )
    run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    with pytest.raises(StudyError, match="no target whose queries search passages"):
        write_trec_runs(tmp_path / "out", "baseline", tmp_path / "trec")
