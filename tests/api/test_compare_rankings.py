"""Run files of TREC beside encoders and arms: the scores of pytrec_eval, with paired intervals."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.api.compare import compare
from crosslift.api.compared_sides import RankingSide
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.reports.comparison_tables import markdown
from crosslift.submissions.trec_runs import write_trec_runs
from crosslift.targets.target_settings import TargetSettings
from tests.samples.judged_samples import json_rows, written

QUERIES, PASSAGES = 12, 30
TREC = {
    "ndcg_at_10": "ndcg_cut_10",
    "recall_at_100": "recall_100",
    "map_at_100": "map_cut_100",
}


def grades_of(code: str) -> dict[str, dict[str, int]]:
    """Query -> passage -> grade: four passages each, three of them relevant."""
    generator = np.random.default_rng(ord(code[0]))
    grades = {}
    for n in range(QUERIES):
        passages = generator.permutation(PASSAGES)[:4]
        of_query = zip(passages, generator.permutation([0, 1, 1, 2]), strict=True)
        grades[f"{code}-q{n}"] = {f"d{passage}": int(grade) for passage, grade in of_query}
    return grades


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two languages in the layout of BEIR."""
    folder = tmp_path / "data"
    for code in ("de", "fr"):
        place = folder / code
        grades = grades_of(code)
        queries = [{"_id": name, "text": f"Frage {name}"} for name in grades]
        passages = [{"_id": f"d{p}", "title": "", "text": f"{code} {p}"} for p in range(PASSAGES)]
        written(place / "queries.jsonl", json_rows(queries))
        written(place / "corpus.jsonl", json_rows(passages))
        rows = "".join(
            f"{query}\t{passage}\t{grade}\n"
            for query, of_query in grades.items()
            for passage, grade in of_query.items()
        )
        written(place / "qrels" / "test.tsv", f"query-id\tcorpus-id\tscore\n{rows}")
    return folder


def random_run(code: str, queries: int = QUERIES) -> dict[str, dict[str, float]]:
    """Query -> passage -> score, many of them equal."""
    generator = np.random.default_rng(5)
    return {
        query: {f"d{p}": float(generator.integers(3)) for p in generator.permutation(PASSAGES)[:20]}
        for query in list(grades_of(code))[:queries]
    }


def run_lines(run: dict[str, dict[str, float]]) -> str:
    """Ranks are wrong on purpose: trec_eval does not read them."""
    return "".join(
        f"{query}\tQ0 {passage} 1 {score:g} bm25\n"
        for query, of_query in run.items()
        for passage, score in of_query.items()
    )


def target(data: Path, *languages: str) -> TargetSettings:
    return TargetSettings(name="judged", data=data, languages=languages or None)


@pytest.mark.parametrize("end", [".run", ".run.gz"])
def test_outcomes_are_those_of_trec_eval(data: Path, tmp_path: Path, end: str) -> None:
    run, grades = random_run("de"), grades_of("de")
    path = written(tmp_path / f"bm25{end}", run_lines(run))
    table = RankingSide("bm25", path).measured(target(data, "de"), None, None).outcomes
    evaluator = pytrec_eval.RelevanceEvaluator(grades, set(TREC.values()))
    scored = evaluator.evaluate(run)
    assert table["item"].to_pylist() == list(grades)
    for ours, theirs in TREC.items():
        expected = [scored[query][theirs] for query in grades]
        assert table[ours].to_pylist() == pytest.approx(expected, abs=1e-6)
    assert set(table["seed"].to_pylist()) == {0}


def test_a_query_without_an_answer_scores_0(data: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "bm25.run", run_lines(random_run("de", QUERIES - 2)))
    measured = RankingSide("bm25", path).measured(target(data, "de"), None, None)
    assert measured.notes == (f"{path} has no line for 2 of 12 queries: they score 0.",)
    table = measured.outcomes
    assert len(table) == QUERIES
    assert table["ndcg_at_10"].to_pylist()[-2:] == [0, 0]
    assert sum(table["ndcg_at_10"].to_pylist()) > 0


def test_the_rankings_of_an_arm_differ_from_the_arm_by_nothing(data: Path, tmp_path: Path) -> None:
    """What `crosslift trec` writes is read again, language by language."""
    encoder = make_tiny_encoder(tmp_path / "model", "xlm-roberta")
    study = small_study(
        encoder,
        seeds=[1],
        arms={"baseline": {}},
        start="plain",
        comparisons=[],
        targets=[{"name": "judged", "data": str(data)}, {"name": "names", "languages": ["de"]}],
    )
    store = Store(tmp_path / "store")
    run_study(study, tmp_path / "out", store)
    write_trec_runs(tmp_path / "out", "baseline", tmp_path / "runs")
    (tmp_path / "runs" / "other.de.run").write_text("q Q0 d 1 1 x\n", encoding="utf-8")
    for first, asked in ((f"{tmp_path / 'out'}:baseline", "judged"), (encoder, target(data))):
        (same,) = compare(first, tmp_path / "runs", asked, store).targets
        assert [row.language for row in same.languages] == ["de", "fr"]
        for row in (*same.languages, same.macro):
            assert row.first == row.second > 0
            assert row.difference == row.gained == row.lost == 0


def test_two_systems_are_compared_in_the_language_that_both_have(
    data: Path, tmp_path: Path, crosslift: Any
) -> None:
    better = {
        query: {passage: grade + 0.5 for passage, grade in of_query.items()}
        for query, of_query in grades_of("de").items()
    }
    written(tmp_path / "bm25" / "mine.de.run", run_lines(random_run("de")))
    written(tmp_path / "bm25" / "mine.fr.run", run_lines(random_run("fr")))
    written(tmp_path / "best" / "judged.de.run", run_lines(better))
    options = ("--target", "judged", "--data", data, "--json", "-")
    ended = crosslift("compare", tmp_path / "bm25", tmp_path / "best", *options)
    (compared,) = ended.json["targets"]
    (row,) = compared["languages"]
    assert (row["language"], row["n_queries"]) == ("de", QUERIES)
    assert row["second"] == pytest.approx(1)
    assert "notes" not in compared
    assert 0 < row["low"] < row["difference"] < row["high"] and row["verdict"] == "higher"


GOOD = "de-q0 Q0 d1 1 2.5 bm25\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (GOOD + "de-q0 Q0 d2 2 1.5\n", "row 2: de-q0, Q0, d2, 2, 1.5"),
        (GOOD + "de-q0 Q0 d2 2 high bm25\n", "row 2: score 'high'"),
        (GOOD + "de-q0 Q0 d2 2 nan bm25\n", "row 2: score 'nan'"),
        (GOOD + "\n" + GOOD, "row 3: query 'de-q0' has the passage 'd1' a second time"),
        (GOOD + "de-q0 Q0 x9 2 1.5 bm25\n", "row 2 names the passage 'x9'"),
        ("other Q0 d1 1 2.5 bm25\n", "none of which is asked in de"),
        ("\n", "has no line"),
    ],
)
def test_faulty_run_files(data: Path, tmp_path: Path, lines: str, message: str) -> None:
    path = written(tmp_path / "bm25.run", lines)
    with pytest.raises(DataError) as caught:
        RankingSide("bm25", path).measured(target(data, "de"), None, None)
    assert message in str(caught.value)


def test_the_name_of_a_file_has_its_language(data: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "bm25.fr.run", run_lines(random_run("fr", 3)))
    comparison = compare(path, path, target(data))
    assert [row.language for row in comparison.targets[0].languages] == ["fr"]
    assert "no line for 9 of 12 queries" in markdown(comparison)


def test_runs_that_do_not_fit_the_target(data: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "bm25.run", GOOD)
    with pytest.raises(DataError, match="does not name a language") as caught:
        compare(path, path, target(data))
    assert "--languages" in str(caught.value.remedy)
    with pytest.raises(StudyError, match="do not search passages"):
        compare(path, path, "names")
    written(tmp_path / "two" / "a.de.run", GOOD)
    (tmp_path / "two" / "b.de.run.gz").write_bytes(gzip.compress(GOOD.encode()))
    with pytest.raises(DataError, match="two run files for 'de'"):
        compare(tmp_path / "two", path, target(data))
