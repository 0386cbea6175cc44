"""The tasks on your own files that have numbers: graded pairs, and margins of hard negatives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import load_tiny

from crosslift.errors import DataError, UnknownNameError
from crosslift.forms.form import FormOptions, Split
from crosslift.planning.plan_study import plan_study
from crosslift.sources.stored_records import hold_records
from crosslift.studies.reading import study_of
from crosslift.tasks.all_tasks import find_task

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
GRADED = "text\tpair\tscore\na cat\tcats\t0.75\na dog\train\t0\nfour\tfive\t1\n"


def write(folder: Path, name: str, content: str | list[dict[str, Any]]) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else "\n".join(map(json.dumps, content))
    path.write_text(text)
    return path


# Graded pairs


def test_graded_pairs_of_a_table(tmp_path: Path) -> None:
    task = find_task("regression", write(tmp_path, "pairs.tsv", GRADED))
    records = task.source.train()
    assert [record.score for record in records] == [0.75, 0.0, 1.0]
    assert records[0].texts == {"text": "a cat", "pair": "cats"}
    assert task.languages == ("en",)
    assert task.form.options == {"lowest": 0.0, "highest": 1.0}


def test_columns_and_the_scale_can_be_stated(tmp_path: Path) -> None:
    rows = [{"a": "x", "b": "y", "stars": 5, "language": "de"}, {"a": "z", "b": "v", "stars": 1}]
    task = find_task(
        "regression",
        write(tmp_path, "pairs.jsonl", rows),
        {"text": "a", "pair": "b", "score": "stars"},
        {"lowest": 1, "highest": 5, "loss": "cosent"},
    )
    assert [record.score for record in task.source.train()] == [5.0, 1.0]
    assert task.languages == ("de", "en")
    assert task.form.options == {"lowest": 1.0, "highest": 5.0, "loss": "cosent"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": "a", "pair": "b"}], "no column 'score'"),
        ([{"text": "a", "pair": "b", "score": "high"}], "row 1: column 'score' holds 'high'"),
        ([{"text": "a", "pair": "b", "score": None}], "row 1: column 'score' holds None"),
        ([{"text": "a", "pair": "b", "score": True}], "row 1: column 'score' holds True"),
        ([{"text": "a", "pair": "b", "score": "nan"}], "row 1: column 'score' holds 'nan'"),
        ([{"text": "a", "pair": "b", "score": [1]}], "row 1: column 'score' holds"),
    ],
)
def test_scores_that_are_none_are_named(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    task = find_task("regression", write(tmp_path, "pairs.jsonl", rows))
    with pytest.raises(DataError, match=message):
        task.source.train()


def test_a_score_outside_the_scale_names_the_option(bert_folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "pairs.tsv", GRADED.replace("0.75", "75"))
    task = find_task("regression", path)
    with pytest.raises(DataError, match="record '2': score 75") as caught:
        task.form.open().open(
            load_tiny(bert_folder), Split(task.source.train()), Split([]), OPTIONS
        )
    assert caught.value.remedy == "`options: {lowest: A, highest: B}` states another scale"


def test_the_column_of_scores_decides_the_checksum(tmp_path: Path) -> None:
    rows = [{"text": "a", "pair": "b", "score": 1, "other": 0}]
    path = write(tmp_path, "pairs.jsonl", rows)
    first = find_task("regression", path)
    other = find_task("regression", path, {"score": "other"})
    assert first.source.checksum() != other.source.checksum()
    assert [r.score for r in other.source.train()] == [0.0]


def test_a_study_plans_graded_pairs(bert_folder: Path, tmp_path: Path) -> None:
    stage = {
        "task": "regression",
        "data": str(write(tmp_path, "pairs.tsv", GRADED)),
        "language": "de",
        "options": {"loss": "cosent", "matryoshka": [32, 8]},
        "dev_evaluations": 0,
    }
    study = study_of(
        {
            "name": "graded",
            "question": "Do grades help?",
            "seeds": [1],
            "starts": {"plain": {"encoder": str(bert_folder)}},
            "start": "plain",
            "budget": {"updates": 2, "batch_size": 2},
            "arms": {"baseline": {}, "graded": {"stages": [stage], "zero_shot": False}},
            "targets": [{"name": "names", "languages": ["de"], "pairs": 20}],
        }
    )
    (step,) = (step for step in plan_study(study).steps() if step.kind == "train")
    assert step.label == "regression, seed 1"


# Margins of hard negatives


def test_margins_of_a_table(tmp_path: Path) -> None:
    rows = [
        {"anchor": "a", "positive": "b", "negative": ["c", "d"], "margin": [3.5, -1]},
        {"anchor": "e", "positive": "f", "negative": "g", "margin": 2},
        {"anchor": "h", "positive": "i"},
    ]
    task = find_task("text-pairs", write(tmp_path, "pairs.jsonl", rows))
    assert [record.margins for record in task.source.train()] == [(3.5, -1.0), (2.0,), ()]
    text = "anchor,positive,negative,label\na,b,c,2.5\n"
    bound = find_task("text-pairs", write(tmp_path, "pairs.csv", text), {"margin": "label"})
    assert [record.margins for record in bound.source.train()] == [(2.5,)]
    with pytest.raises(UnknownNameError, match="unknown column of text-pairs 'score'"):
        find_task("text-pairs", write(tmp_path, "more.csv", text), {"score": "label"})


def test_a_table_without_margins_keeps_its_checksum(tmp_path: Path) -> None:
    path = write(tmp_path, "pairs.jsonl", [{"anchor": "a", "positive": "b"}])
    pinned = "5d4eed2af1b57e309e51bbf9c3ad8c20651436b5bc8acf12d3da27ab322f395b"
    assert find_task("text-pairs", path).source.checksum() == pinned


def test_numbers_of_many_records_are_kept_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosslift.sources.stored_records.MOST_IN_MEMORY", 0)
    rows = [{"anchor": "a", "positive": "b", "negative": "c", "margin": m} for m in (0.5, 1)]
    records = find_task("text-pairs", write(tmp_path, "pairs.jsonl", rows)).source.train()
    graded = [replace(record, score=0.25) for record in records]
    stored = hold_records(lambda: graded)
    assert not isinstance(stored, list)
    assert list(stored) == graded


def test_margins_are_learned(bert_folder: Path, tmp_path: Path) -> None:
    rows = [
        {"anchor": f"a{n}", "positive": f"b{n}", "negative": ["c", "d"], "margin": [0.5, 0.25]}
        for n in range(3)
    ]
    path = write(tmp_path, "pairs.jsonl", rows)
    task = find_task("text-pairs", path, options={"loss": "margin-mse", "margin_scale": 2.0})
    opened: Any = task.form.open().open(
        load_tiny(bert_folder), Split(task.source.train()), Split([]), OPTIONS
    )
    loss = opened.loss(np.array([2, 0]), np.random.default_rng(0)).loss
    assert loss.requires_grad
    assert 0 < loss.item() < 10
