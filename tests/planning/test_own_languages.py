"""The language of own files: stated, or shown to be English."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_study import small_study

from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.planning.plan_study import plan_study
from crosslift.reports.html import REPORT
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import run_plan
from crosslift.studies.schema import Study

ENGLISH = [("the dog is in the garden", "a dog sits on the lawn"), ("it was cold", "we were cold")]
CHINESE = [("狗在花园里玩耍", "the dog plays in the garden"), ("天气很冷", "it is cold outside")]
GERMAN = [
    ("der Hund spielt im Garten", "ein Hund sitzt auf der Wiese"),
    ("es war kalt", "wir frieren"),
]


def study(bert_folder: Path, data: Path, arm: dict[str, Any] | None = None, **task: Any) -> Study:
    stage = {"task": "text-pairs", "data": str(data), **task}
    arms = {"baseline": {}, "own": {"stages": [stage], **(arm or {})}}
    settings = {"arms": arms, "comparisons": [], "targets": ["gettext"], "start": "plain"}
    return small_study(bert_folder, **settings)


def pairs(folder: Path, rows: list[tuple[str, str]], header: str = "anchor\tpositive") -> Path:
    path = folder / "own.tsv"
    path.write_text(
        "\n".join([header, *("\t".join(row) for row in rows * 10)]) + "\n", encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("rows", "share"), [(CHINESE, "0%"), (GERMAN, "50%"), (CHINESE + ENGLISH, "50%")]
)
def test_texts_that_do_not_read_as_english_are_refused(
    bert_folder: Path, tmp_path: Path, rows: list[tuple[str, str]], share: str
) -> None:
    with pytest.raises(StudyError, match=f"zero-shot, and {share} of the records") as caught:
        plan_study(study(bert_folder, pairs(tmp_path, rows)))
    assert "language: CODE" in str(caught.value) and "zero_shot: false" in str(caught.value)


@pytest.mark.parametrize("say", [{"arm": {"zero_shot": False}}, {"language": "en"}])
def test_a_statement_settles_it(bert_folder: Path, tmp_path: Path, say: dict[str, Any]) -> None:
    plan_study(study(bert_folder, pairs(tmp_path, CHINESE), **say))


def test_a_stated_language_is_one_of_the_arm(bert_folder: Path, tmp_path: Path) -> None:
    data = pairs(tmp_path, GERMAN)
    with pytest.raises(StudyError, match="learns from text-pairs in de"):
        plan_study(study(bert_folder, data, language="German"))
    plan = plan_study(study(bert_folder, data, {"zero_shot": False}, language="deu"))
    (task,) = next(run for run in plan.runs if run.stage_steps).stage_steps[0].job.tasks.values()
    assert task.labelled_languages == ("de",)
    assert {record.language for record in task.task.source.train()} == {"de"}


def test_a_language_is_stated_once_and_of_own_files_alone(
    bert_folder: Path, tmp_path: Path
) -> None:
    rows = [(*row, "de") for row in GERMAN]
    data = pairs(tmp_path, rows, "anchor\tpositive\tlanguage")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="states languages by its column"):
        plan_study(study(bert_folder, data, {"zero_shot": False}, language="de"))
    stage = {"task": "name-alias", "language": "de"}
    arms = {"baseline": {}, "own": {"stages": [stage]}}
    with pytest.raises(StudyError, match="a task that reads your own file"):
        plan_study(small_study(bert_folder, arms=arms, comparisons=[], targets=["gettext"]))


def test_the_report_says_what_was_found(bert_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    plan, records = run_plan(plan_study(study(bert_folder, pairs(tmp_path, ENGLISH))), store)
    write_run_folder(plan, store, records, tmp_path / "run")
    run = RunFolder.read(tmp_path / "run").run
    (arm,) = (arm for arm in run.arms if arm.name == "own")
    (task,) = arm.stages[0].tasks
    assert task.english_share == 1.0
    page = (tmp_path / "run" / REPORT).read_text(encoding="utf-8")
    assert "100% of its records read as English" in page


def test_mined_pairs_are_read_by_their_own_columns(bert_folder: Path, tmp_path: Path) -> None:
    rows = [("0.9", *row) for row in CHINESE]
    data = pairs(tmp_path, rows, "score\tsrc\ttgt")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="read as English"):
        plan_study(study(bert_folder, data))
    plan = plan_study(study(bert_folder, data, {"zero_shot": False}))
    (task,) = next(run for run in plan.runs if run.stage_steps).stage_steps[0].job.tasks.values()
    first = task.task.source.train()[0]
    assert (first.texts["anchor"], first.texts["positive"]) == CHINESE[0]
