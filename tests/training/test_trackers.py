"""Trackers: what they show of training steps, each point once, on this machine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small_study import small_study
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tracker_stand_ins import install_tracker, said_to

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.engines.processes import Processes
from crosslift.errors import ArtifactError, StudyError, TrainingError, UnknownNameError
from crosslift.planning.plan_study import plan_study
from crosslift.studies.schema import Study
from crosslift.training.checkpoint import Progress
from crosslift.training.trackers import follower
from crosslift.training.trackers.all_trackers import tracker_named
from crosslift.training.trackers.follower import Follower
from crosslift.training.trackers.tracker import Tracker

Points = dict[str, list[tuple[int, float]]]
"""Name -> its steps and values, in the order in which they were written."""


def points_of(run: Path) -> Points:
    """Every scalar that the event files of a run hold, doubled ones too."""
    points: Points = {}
    for path in sorted(run.glob("events.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    number = value.tensor.float_val[0]
                    points.setdefault(value.tag, []).append((event.step, number))
    return points


def runs_in(out: Path) -> list[Path]:
    return sorted((out / "tracking" / "tensorboard").iterdir())


def doubled(points: Points) -> list[tuple[str, int]]:
    counts = Counter((name, step) for name, some in points.items() for step, _ in some)
    return [place for place, count in counts.items() if count > 1]


def study(encoder: Path, **changes: Any) -> Study:
    arms = {
        "baseline": {},
        "text": {"stages": [{"task": "name-alias", "limit": 60, "dev_limit": 20}]},
        "both": {"stages": [{"tasks": ["name-alias", "gettext-mlm"]}]},
    }
    settings = {
        "seeds": [1],
        "start": "plain",
        "starts": {"plain": {"encoder": str(encoder)}},
        "arms": arms,
        "targets": [{"name": "names", "languages": ["de"], "pairs": 20}],
        "comparisons": [],
        "budget": {"updates": 4, "batch_size": 4},
    }
    return small_study(encoder, **(settings | changes))


def curves(asked: Study, store: Store) -> dict[str, set[tuple[str, int, float]]]:
    """Label of a training step -> the points of its curve, float32."""
    return {
        step.label: {
            (f"{task}/{metric}", update, torch.tensor(value).item())
            for update, task, metric, value in json.loads(
                (step.open(store) / "curve.json").read_text()
            )
        }
        for step in plan_study(asked).steps()
        if step.kind == "train"
    }


def as_set(points: Points) -> set[tuple[str, int, float]]:
    """The points of curves."""
    return {
        (name, step, value)
        for name, some in points.items()
        for step, value in some
        if not name.startswith("cost/")
    }


# Whole studies, with TensorBoard itself


def test_a_run_of_the_tracker_has_the_curve_and_the_costs_of_its_step(
    xlm_folder: Path, tmp_path: Path
) -> None:
    asked, store = study(xlm_folder), Store(tmp_path / "store")
    run_study(asked, tmp_path / "out", store, tracker="tensorboard")
    both, text = runs_in(tmp_path / "out")
    assert both.name.startswith("both-seed-1-name-alias-gettext-mlm-")
    assert text.name.startswith("text-seed-1-name-alias-")
    points, expected = points_of(text), curves(asked, store)["name-alias, seed 1"]
    assert as_set(points) == expected
    assert not doubled(points)
    assert [step for step, _ in points["name-alias/loss"]] == [1, 2, 3, 4]
    assert "name-alias/dev_top1_accuracy" in points
    assert points["cost/examples"][-1] == (4, 16.0)
    assert points["cost/tokens"][-1][1] in tokens_spent(tmp_path / "store")
    settings = next(text.glob("*/hparams.yml")).read_text()
    assert "arms: text, seed 1" in settings
    assert "stage.learning_rate: 2.0e-05" in settings
    run_study(asked, tmp_path / "out", store, tracker="tensorboard")
    assert len(runs_in(tmp_path / "out")) == 2, "steps that are up to date are not shown again"


def tokens_spent(store: Path) -> list[int]:
    paths = (store / "train").glob("*/spent.json")
    return [json.loads(path.read_text())["tokens"] for path in paths]


def test_a_study_without_a_tracker_writes_none(xlm_folder: Path, tmp_path: Path) -> None:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias", "limit": 60}]}}
    run_study(study(xlm_folder, arms=arms), tmp_path / "out", Store(tmp_path / "store"))
    assert not (tmp_path / "out" / "tracking").exists()


def test_each_step_of_several_workers_is_a_run(xlm_folder: Path, tmp_path: Path) -> None:
    asked, store = study(xlm_folder), Store(tmp_path / "store")
    engine = Processes(2, threads=1)
    run_study(asked, tmp_path / "out", store, engine=engine, tracker="tensorboard")
    points = list(map(points_of, runs_in(tmp_path / "out")))
    assert [as_set(each) for each in points] == [
        curves(asked, store)["name-alias + gettext-mlm, seed 1"],
        curves(asked, store)["name-alias, seed 1"],
    ]
    assert not any(map(doubled, points))


def test_the_first_rank_alone_is_shown(xlm_folder: Path, tmp_path: Path) -> None:
    stage = {"task": "name-alias", "limit": 60, "devices": 2}
    asked = study(xlm_folder, arms={"baseline": {}, "text": {"stages": [stage]}})
    store = Store(tmp_path / "store")
    run_study(asked, tmp_path / "out", store, tracker="tensorboard")
    (run,) = runs_in(tmp_path / "out")
    assert as_set(points_of(run)) == curves(asked, store)["name-alias, seed 1"]
    assert not doubled(points_of(run))


# Steps that resume


def progress_to(updates: int) -> Progress:
    curve = [(update, "task", "loss", 1 / update) for update in range(1, updates + 1)]
    return Progress(updates, 4 * updates, 40 * updates, curve=curve)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "SECONDS_BETWEEN_SENDINGS", 0.0)


def following(tracker: Tracker, note: Path, *, label: str = "task, seed 1") -> Follower:
    return tracker.follow("0123", label, {"stage.rate": 0.5, "stage.dimensions": [2, 1]}, note)


@pytest.mark.usefixtures("at_once")
def test_a_killed_step_goes_on_in_its_run_and_doubles_nothing(tmp_path: Path) -> None:
    """It had shown 6 updates, and resumes from its checkpoint after 3."""
    tensorboard = tracker_named("tensorboard", "study", tmp_path / "shown", {})
    killed = following(tensorboard, tmp_path)
    for updates in range(1, 7):
        killed(progress_to(updates))  # and no `close`
    resumed = following(tensorboard, tmp_path)
    for updates in range(4, 9):
        resumed(progress_to(updates))
    resumed.close()
    (run,) = (tmp_path / "shown" / "tensorboard").iterdir()
    points = points_of(run)
    assert [step for step, _ in points["task/loss"]] == list(range(1, 9))
    assert not doubled(points)
    assert len(list(run.glob("*/hparams.yml"))) == 1


@pytest.mark.usefixtures("at_once")
def test_a_step_that_ended_before_its_artifact_was_kept_shows_nothing_more(tmp_path: Path) -> None:
    tensorboard = tracker_named("tensorboard", "study", tmp_path / "shown", {})
    for _ in range(2):
        follows = following(tensorboard, tmp_path)
        follows(progress_to(3))
        follows.close()
    (run,) = (tmp_path / "shown" / "tensorboard").iterdir()
    assert [step for step, _ in points_of(run)["task/loss"]] == [1, 2, 3]


def test_what_is_between_two_sendings_is_sent_at_the_end(tmp_path: Path) -> None:
    tensorboard = tracker_named("tensorboard", "study", tmp_path / "shown", {})
    follows = following(tensorboard, tmp_path)
    progress = progress_to(1)
    follows(progress)
    progress.curve.append((2, "task", "loss", 0.5))
    progress.curve.append((2, "task", "dev_accuracy", 0.25))
    follows(progress)
    (run,) = (tmp_path / "shown" / "tensorboard").iterdir()
    assert "task/dev_accuracy" not in points_of(run)
    follows.close()
    assert points_of(run)["task/dev_accuracy"] == [(2, 0.25)]


def test_another_tracker_shows_a_step_from_its_beginning(tmp_path: Path) -> None:
    for project in ("first", "second"):
        tensorboard = tracker_named("tensorboard", project, tmp_path / project, {})
        follows = following(tensorboard, tmp_path)
        follows(progress_to(3))
        follows.close()
        (run,) = (tmp_path / project / "tensorboard").iterdir()
        assert len(points_of(run)["task/loss"]) == 3


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    (tmp_path / ".tracked.json").write_text('{"tensorboard: ')
    with pytest.raises(ArtifactError, match=r"\.tracked\.json"):
        following(tracker_named("tensorboard", "study", tmp_path, {}), tmp_path)


# The other trackers, through accelerate


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for stand-ins of packages, on the path of Python."""
    for name in ("WANDB_MODE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    for name in ("wandb", "trackio", "mlflow"):
        sys.modules.pop(name, None)


def shown_by(name: str, site: Path, note: Path) -> list[list[Any]]:
    """What a tracker's package hears of a step that is resumed after its second update."""
    install_tracker(name, site)
    tracker = tracker_named(name, "a study", note / "shown", {"0123": ["text, seed 1"]})
    for updates in (2, 3):
        follows = following(tracker, note)
        follows(progress_to(updates))
        follows.close()
    return said_to(name, site)


@pytest.mark.parametrize("name", ["wandb", "trackio", "mlflow"])
def test_each_tracker_hears_settings_once_and_points_once(
    name: str, site: Path, tmp_path: Path
) -> None:
    said = [each for each in shown_by(name, site, tmp_path) if each[0] not in ("uri", "experiment")]
    assert [each[0] for each in said] == [
        *("open", "settings", "log", "log", "finish"),
        *("open", "log", "finish"),
    ]
    assert said[1][1] == {
        "step": "0123",
        "label": "task, seed 1",
        "arms": "text, seed 1",
        "stage.rate": 0.5,
        "stage.dimensions": "[2, 1]",
    }
    assert said[2][1:] == [1, {"task/loss": 1.0}]
    costs = {"cost/examples": 12.0, "cost/tokens": 120.0, "cost/flops": 0.0, "cost/seconds": 0.0}
    assert said[6][1:] == [3, {"task/loss": 1 / 3, **costs}]


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_a_resumed_step_continues_its_run(name: str, site: Path, tmp_path: Path) -> None:
    opened = [each[1:] for each in shown_by(name, site, tmp_path) if each[0] == "open"]
    assert opened[0] == opened[1]
    project, options = opened[0]
    assert project == "a study"
    assert options["resume"] == "allow"
    assert options["name"].startswith("text-seed-1-task-")


def test_weights_and_biases_is_offline_unless_its_variable_says_otherwise(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shown_by("wandb", site, tmp_path / "a")
    assert said[0][2]["mode"] == "offline"
    assert said[0][2]["id"] == said[0][2]["name"]
    assert said[0][2]["dir"] == str(tmp_path / "a" / "shown")
    monkeypatch.setenv("WANDB_MODE", "online")
    follows = following(tracker_named("wandb", "x", tmp_path, {}), tmp_path)
    follows(progress_to(1))
    assert said_to("wandb", site)[-3][2]["mode"] == "online"


def test_mlflow_writes_a_database_unless_its_variable_names_a_server(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shown_by("mlflow", site, tmp_path / "a")
    folder = tmp_path / "a" / "shown"
    assert said[0] == ["uri", f"sqlite:///{folder}/mlflow.db"]
    assert said[1] == ["experiment", "a study", f"file://{folder}/mlflow"]
    opened = [each[2]["id"] for each in said if each[0] == "open"]
    assert opened == [None, "chosen-by-mlflow"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    count = len(said)
    follows = following(tracker_named("mlflow", "x", tmp_path, {}), tmp_path)
    follows(progress_to(1))
    assert said_to("mlflow", site)[count] == ["experiment", "x", None]


def test_a_tracker_that_fails_is_named(site: Path, tmp_path: Path) -> None:
    install_tracker("wandb", site)
    with (site / "wandb" / "__init__.py").open("a") as file:
        file.write("\ndef init(project, **options):\n    raise OSError('no room')\n")
    follows = following(tracker_named("wandb", "x", tmp_path, {}), tmp_path)
    with pytest.raises(TrainingError, match="the tracker wandb failed: OSError: no room"):
        follows(progress_to(1))


# What is refused


def test_a_tracker_without_its_package_names_the_extra(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StudyError, match="needs the package mlflow") as caught:
        run_study(study(xlm_folder), tmp_path, tracker="mlflow")
    assert caught.value.remedy == "pip install 'crosslift[mlflow]'"


def test_an_unknown_tracker_is_refused_before_anything_runs(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match="unknown tracker 'tensorbord'"):
        run_study(study(xlm_folder), tmp_path, tracker="tensorbord")
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(study(xlm_folder).model_dump(mode="json")))
    outcome = crosslift("run", path, "--out", tmp_path / "out", "--tracker", "tensorbord")
    assert outcome.code == 2
    assert "did you mean 'tensorboard'?" in outcome.err
    assert not (tmp_path / "out").exists()
