"""Training that learns nothing: refused where that is known before, reported where it shows after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_sample import write_sample
from small_study import SCRATCH, small_study

from crosslift.errors import DataError, StudyError
from crosslift.forms.alike import check_negatives
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.reports.html import write_report
from crosslift.reports.idle import idle_sentences
from crosslift.results.score_rows import CurvePoint
from crosslift.sources.record import Record


def points(arm: str, stage: int, task: str, *losses: float) -> list[CurvePoint]:
    return [CurvePoint(arm, 1, stage, task, u + 1, "loss", v) for u, v in enumerate(losses)]


def test_losses_of_0_are_reported_by_arm_stage_and_task() -> None:
    curves = [
        *points("a", 0, "text-pairs", 0.0, 0.0, 0.0),
        *points("a", 1, "image-text", *[0.0] * 2, *[1.0] * 8),
        *points("b", 0, "text-pairs", *[0.0], *[1.0] * 10),
        CurvePoint("b", 1, 0, "text-pairs", 5, "dev_top1_accuracy", 0.0),
    ]
    assert idle_sentences(curves) == [
        "Arm a, stage 1: the loss of text-pairs was 0 at every one of its 3 updates: it learned "
        "nothing.",
        "Arm a, stage 2: the loss of image-text was 0 at 2 of 10 updates, which taught it nothing.",
    ]


def test_the_report_warns_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_sample(tmp_path / "run")
    assert "Updates without a loss" not in write_report(folder).read_text(encoding="utf-8")
    lost = points("image", 0, "picture-name", 0.0)
    monkeypatch.setattr(
        "crosslift.reports.short_answer.idle_sentences", lambda curves: idle_sentences(lost)
    )
    page = write_report(folder).read_text(encoding="utf-8")
    assert "the loss of picture-name was 0 at its only update: it learned nothing" in page


TASKS: dict[str, dict[str, Any]] = {
    "name-alias": {"task": "name-alias"},
    "image-text": {"task": "image-text", **SCRATCH},
    "image-text-matching": {"task": "image-text-matching", **SCRATCH},
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("batch_size", "accumulation"),
    [(1, 1), (4, 4), (5, 4), (3, 8)],
)
def test_parts_of_one_record_are_refused_where_negatives_come_from_the_batch(
    xlm_folder: Path, task: str, batch_size: int, accumulation: int
) -> None:
    budget = {"updates": 2, "batch_size": batch_size}
    stage = {**TASKS[task], "accumulation": accumulation, "budget": budget}
    arms = {"baseline": {}, "arm": {"stages": [stage]}}
    study = small_study(xlm_folder, arms=arms, start="plain", comparisons=[])
    with pytest.raises(StudyError, match=f"batch_size {batch_size} with accumulation"):
        plan_study(study)


def planned(encoder: Path, stage: dict[str, Any], **settings: Any) -> Plan:
    arms = {"baseline": {}, "arm": {"stages": [stage]}}
    study = small_study(encoder, arms=arms, start="plain", comparisons=[])
    return plan_study(study, **settings)


ALIKE: dict[str, tuple[str, ...]] = {
    "one pair": ("a question\tan answer",),
    "one anchor": tuple(f"a question\tanswer {number}" for number in range(5)),
    "one positive": tuple(f"question {number}\tAn  answer" for number in range(5)),
}


@pytest.mark.parametrize("options", [{}, {"hard_negatives": "string"}])
@pytest.mark.parametrize("rows", ALIKE.values(), ids=list(ALIKE))
def test_pairs_of_a_file_that_are_all_alike_are_refused_by_the_plan(
    xlm_folder: Path, tmp_path: Path, rows: tuple[str, ...], options: dict[str, Any]
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(["anchor\tpositive", *rows]) + "\n")
    stage = {"task": "text-pairs", "data": str(path), "options": options}
    refused = rf"none of the records of task 'text-pairs' \({len(rows)}\) has a negative"
    with pytest.raises(DataError, match=refused):
        planned(xlm_folder, stage)
    plan = planned(xlm_folder, stage, keep_going=True)
    assert list(plan.failures) == ["arm"]
    path.write_text("\n".join(["anchor\tpositive", *rows, "another\tother answer"]) + "\n")
    assert planned(xlm_folder, stage).runs
    with pytest.raises(DataError, match="has a negative"):
        planned(xlm_folder, {**stage, "limit": 1})


def test_pairs_with_negatives_of_their_own_are_planned(xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("anchor\tpositive\tnegative\na\tb\tc\n")
    assert planned(xlm_folder, {"task": "text-pairs", "data": str(path)}).runs


@pytest.mark.parametrize("task", ["picture-name", "name-alias"])
def test_a_limit_of_one_record_leaves_no_negatives(xlm_folder: Path, task: str) -> None:
    of_pictures = SCRATCH if task == "picture-name" else {}
    with pytest.raises(DataError, match=rf"none of the records of task '{task}' \(1\)"):
        planned(xlm_folder, {"task": task, **of_pictures, "limit": 1})


@pytest.mark.parametrize("same", ["picture", "text", "group"])
def test_records_that_have_a_picture_a_text_or_a_group_in_common(same: str) -> None:
    def record(number: int, alike: bool) -> Record:
        def value(what: str) -> str:
            return "one" if alike and what == same else f"{what} {number}"

        image = Path(value("picture"))
        return Record(str(number), {"text": value("text")}, image, group=value("group"))

    records = [record(number, alike=True) for number in range(4)]
    with pytest.raises(DataError, match=r"none of the pictures \(4\) has a negative"):
        check_negatives(records, ["text"], "pictures")
    check_negatives([*records, record(4, alike=False)], ["text"], "pictures")


@pytest.mark.parametrize(
    "task",
    [
        {"task": "gettext-mlm"},
        {"task": "name-alias", "options": {"hard_negatives": "string"}},
        {"task": "name-alias", "accumulation": 2, "budget": {"updates": 2, "batch_size": 4}},
    ],
)
def test_one_record_is_enough_where_negatives_come_from_elsewhere(
    xlm_folder: Path, task: dict[str, Any]
) -> None:
    stage = {"budget": {"updates": 2, "batch_size": 1}} | task
    arms = {"baseline": {}, "arm": {"stages": [stage]}}
    study = small_study(xlm_folder, arms=arms, start="plain", comparisons=[])
    assert any(step.kind == "train" for step in plan_study(study).steps())
