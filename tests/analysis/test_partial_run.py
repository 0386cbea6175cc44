"""The report of a run that was stopped: what is finished, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_study import small_study

from crosslift.analysis.partial_run import write_partial_run
from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.results.partial_run import UNFINISHED_FILE
from crosslift.results.run_folder import RunFolder
from crosslift.steps.step import Step
from crosslift.studies.registration import register, registered
from crosslift.studies.schema import Study


class StopsAt(Silent[Step]):
    """Interrupts a run before a step is made that is the nth with this label.

    Args:
        label: of the step.
        count: how many steps with the label begin before it.
    """

    def __init__(self, label: str, count: int = 0) -> None:
        self.label, self.count = label, count
        self.labels: list[str] = []

    def begin(self, work: Step) -> None:
        if work.label == self.label and self.labels.count(self.label) == self.count:
            raise KeyboardInterrupt
        self.labels.append(work.label)


def study(encoder: Path, **changes: Any) -> Study:
    settings: dict[str, Any] = {
        "seeds": [1, 2],
        "targets": [{"name": "names", "languages": ["de", "ar"]}],
        "arms": {
            "baseline": {},
            "text": {"stages": [{"task": "name-alias"}]},
            "tags": {"stages": [{"task": "gettext-mlm"}]},
        },
        "comparisons": [{"arm": "text", "against": "tags"}],
    }
    return small_study(encoder, **(settings | changes))


def stopped(asked: Study, out: Path, store: Store, label: str, count: int = 0) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_study(asked, out, store, StopsAt(label, count))


def test_all_arms_run_with_one_seed_before_the_next(xlm_folder: Path, tmp_path: Path) -> None:
    listener = StopsAt("never")
    run_study(study(xlm_folder), tmp_path / "run", Store(tmp_path / "store"), listener)
    trained = [label for label in listener.labels if label[-6:] in ("seed 1", "seed 2")]
    assert [label[-1] for label in trained] == ["1", "1", "2", "2"]


def test_a_stopped_run_has_a_report_of_its_finished_seeds(xlm_folder: Path, tmp_path: Path) -> None:
    asked, store, out = study(xlm_folder), Store(tmp_path / "store"), tmp_path / "run"
    stopped(asked, out, store, "name-alias, seed 2")
    facts = write_partial_run(out)
    assert facts is not None
    assert (facts.finished, facts.planned) == (3, 5)
    assert (facts.arms, facts.seeds) == ((), (2,))
    run = RunFolder.read(out)
    assert run.run.partial == facts
    assert {arm.name: arm.seeds for arm in run.run.arms}["text"] == (1,)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Partial report." in page
    assert "3 of 5 runs are finished" in page

    whole = run_study(asked, out, store)
    assert whole.run.partial is None
    assert not (out / UNFINISHED_FILE).exists()
    assert "Partial report." not in (out / "report.html").read_text(encoding="utf-8")
    alone = run_study(asked, tmp_path / "other", Store(tmp_path / "new"))
    assert [v.sentence for v in whole.verdicts] == [v.sentence for v in alone.verdicts]


def test_arms_that_are_not_finished_with_any_seed_are_left_out(
    xlm_folder: Path, tmp_path: Path
) -> None:
    asked, store, out = study(xlm_folder), Store(tmp_path / "store"), tmp_path / "run"
    stopped(asked, out, store, "gettext-mlm, seed 1")
    facts = write_partial_run(out)
    assert facts is not None
    assert (facts.arms, facts.seeds) == (("tags",), (2,))
    run = RunFolder.read(out)
    assert [arm.name for arm in run.run.arms] == ["baseline", "text"]
    assert {v.arm for v in run.verdicts} == {"text"}


def test_more_runs_come_before_more_arms(xlm_folder: Path, tmp_path: Path) -> None:
    asked, store, out = study(xlm_folder), Store(tmp_path / "store"), tmp_path / "run"
    stopped(asked, out, store, "gettext-mlm, seed 2")
    facts = write_partial_run(out)
    assert facts is not None
    assert (facts.arms, facts.seeds) == (("tags",), ())


def test_two_arms_must_be_finished(xlm_folder: Path, tmp_path: Path) -> None:
    store, out = Store(tmp_path / "store"), tmp_path / "run"
    stopped(study(xlm_folder), out, store, "name-alias, seed 1")
    assert write_partial_run(out) is None
    assert not (out / "run.json").exists()
    assert (out / UNFINISHED_FILE).exists()


def test_what_is_not_finished_is_not_as_registered(xlm_folder: Path, tmp_path: Path) -> None:
    asked, store, out = study(xlm_folder), Store(tmp_path / "store"), tmp_path / "run"
    file = tmp_path / "study.yaml"
    file.write_text(json.dumps(asked.model_dump(mode="json", exclude_defaults=True)), "utf-8")
    register(file)
    with pytest.raises(KeyboardInterrupt):
        run_study(asked, out, store, StopsAt("gettext-mlm, seed 1"), registered=registered(file))
    write_partial_run(out)
    facts = RunFolder.read(out).run.registration
    assert facts is not None
    assert facts.differences[-2:] == (
        "arm tags: registered, not finished",
        "seeds 2: registered, not finished",
    )


def test_the_folder_of_a_stopped_run_is_not_written_over_by_another_study(
    xlm_folder: Path, tmp_path: Path
) -> None:
    store, out = Store(tmp_path / "store"), tmp_path / "run"
    stopped(study(xlm_folder), out, store, "name-alias, seed 1")
    other = study(xlm_folder, seeds=[1, 3])
    with pytest.raises(StudyError, match="another study"):
        run_study(other, out, store)


def test_the_command_writes_a_partial_report(
    crosslift: Any, xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosslift.cli import live_progress

    begin = live_progress.LiveProgress.begin

    def stops(self: live_progress.LiveProgress, work: Step) -> None:
        if work.label == "gettext-mlm, seed 1":
            raise KeyboardInterrupt
        begin(self, work)

    file, out, store = tmp_path / "study.yaml", tmp_path / "run", tmp_path / "store"
    content = study(xlm_folder).model_dump(mode="json", exclude_defaults=True)
    file.write_text(json.dumps(content), "utf-8")
    monkeypatch.setattr(live_progress.LiveProgress, "begin", stops)
    result = crosslift("run", file, "--out", out, "--store", store)
    assert result.code == 130
    assert "2 of 5 runs are finished" in result.out
    (out / "report.html").unlink()
    again = crosslift("report", out)
    assert again.code == 0, again.err
    assert "partial report:" in again.out
    assert "Partial report." in (out / "report.html").read_text(encoding="utf-8")


def test_the_command_says_that_too_little_is_finished(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    store, out = Store(tmp_path / "store"), tmp_path / "run"
    stopped(study(xlm_folder), out, store, "name-alias, seed 1")
    result = crosslift("report", out)
    assert result.code == 2
    assert "too little of the run" in result.err
