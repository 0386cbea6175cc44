"""Graded pairs: files, scores and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from small_study import small_study

from crosslift.analysis.collect import Gathered
from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.errors import DataError
from crosslift.planning.plan_study import plan_study
from crosslift.reports.html import write_report
from crosslift.sources.graded_pairs import load_graded
from crosslift.steps.run import run_plan
from crosslift.targets.all_targets import find_target
from crosslift.targets.target_settings import TargetSettings
from tests.samples.tiny_encoder import load_tiny

WORDS = (
    "the dog runs",
    "a dog is running",
    "no cat sleeps",
    "rain falls",
    "it is raining",
    "two men",
)


def rows(count: int, seed: int) -> str:
    generator = np.random.default_rng(seed)
    lines = []
    for number in range(count):
        one, two = generator.choice(WORDS, 2)
        lines.append(f"{generator.integers(0, 11) / 2}\t{one} {number}\t{two} {7 * number}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def semeval(tmp_path: Path) -> Path:
    folder = tmp_path / "sts"
    for year, name, count in (("2012", "a", 30), ("2012", "b", 20), ("2013", "a", 25)):
        (folder / year).mkdir(parents=True, exist_ok=True)
        (folder / year / f"{name}.test.tsv").write_text(rows(count, count), encoding="utf-8")
    (folder / "2012" / "a.train.tsv").write_text(rows(9, 0), encoding="utf-8")
    with (folder / "2013" / "a.test.tsv").open("a", encoding="utf-8") as file:
        file.write('\ta "text\tanother\tthe source\n')
    return folder


def test_years_are_sets_and_rows_without_grade_are_counted(semeval: Path) -> None:
    folder = load_graded(semeval)
    assert list(folder.pairs) == ["en"]
    pairs = folder.pairs["en"]
    assert [pairs.sets.count(year) for year in ("2012", "2013")] == [50, 25]
    assert len(set(pairs.items)) == 75
    assert dict(folder.ungraded) == {"en": 1} and "a.train.tsv" in folder.unread


def test_own_files_have_languages_in_their_names(tmp_path: Path) -> None:
    for name in ("own.deu.tsv", "own.en-ar.tsv", "other.de.tsv", "own.xx1.tsv"):
        (tmp_path / name).write_text(rows(5, 1), encoding="utf-8")
    folder = load_graded(tmp_path)
    assert {code: len(set(each.sets)) for code, each in folder.pairs.items()} == {
        "de": 2,
        "en-ar": 1,
    }
    assert folder.unread == {"own.xx1.tsv": "'xx1' is no language"}
    assert list(load_graded(tmp_path, ["en-ar"]).pairs) == ["en-ar"]
    with pytest.raises(DataError, match="no graded pairs in fr"):
        load_graded(tmp_path, ["fr"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1.0\tone text", "line 3"),
        ("high\tone\ttwo", "grade 'high'"),
        ("nan\tone\ttwo", "grade 'nan'"),
        ("1\t \ttwo", "a grade, a text and a text"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "own.de.tsv").write_text(rows(2, 0) + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=says):
        load_graded(tmp_path)


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no graded pairs"):
        load_graded(tmp_path)
    with pytest.raises(DataError, match="has no data"):
        find_target("sts").load(TargetSettings(name="sts"))


def test_the_score_is_the_mean_of_the_sets_correlations(
    semeval: Path, bert_folder: Path, tmp_path: Path
) -> None:
    targets = [{"name": "sts", "data": str(semeval)}]
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias", "learning_rate": 0.01}]}}
    starts = {"plain": {"encoder": {"name": str(bert_folder), "precision": "float32"}}}
    settings = {"starts": starts, "start": "plain", "comparisons": []}
    study = small_study(bert_folder, targets=targets, arms=arms, **settings)
    store = Store(tmp_path / "store")
    plan, records = run_plan(plan_study(study), store)
    table = Gathered(plan, store).results.to_pylist()
    wanted = ("baseline", "spearman", "en", "all")
    keys = ("arm", "metric", "language", "subset")
    (score,) = [row["value"] for row in table if tuple(row[key] for key in keys) == wanted]

    pairs = load_graded(semeval).pairs["en"]
    encoder = load_tiny(bert_folder)
    src, tgt = (encode(encoder, side) for side in (pairs.src, pairs.tgt))
    cosines = (src * tgt).sum(1) / np.linalg.norm(src, axis=1) / np.linalg.norm(tgt, axis=1)
    expected = [
        spearmanr(
            cosines[np.array(pairs.sets) == year],
            np.array(pairs.grades)[np.array(pairs.sets) == year],
        )
        for year in ("2012", "2013")
    ]
    assert score == pytest.approx(np.mean([each.statistic for each in expected]), abs=1e-6)

    write_run_folder(plan, store, records, tmp_path / "run")
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "Spearman correlation" in page


def test_a_part_is_the_first_pairs(semeval: Path) -> None:
    data = find_target("sts").load(TargetSettings(name="sts", data=semeval))
    part = data.part(TargetSettings(name="sts", pairs=60))
    assert part is not None and len(part.data.pairs["en"].items) == 60
    text = data.pairs["en"].src[0]
    assert data.pairs["en"].items[0] in data.items_with({text})["en"]
