"""Guards against forgetting: what each gives the training loop, and that a new one needs no more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_encoder import alone, everything_trained, load_tiny, open_tiny_task

from crosslift.artifacts.code import import_closure
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import StudyError, TrainingError
from crosslift.forms.form import FormOptions, OpenTask
from crosslift.tasks.all_tasks import find_task
from crosslift.tasks.task import IntermediateTask
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.guards.data import on_their_data
from crosslift.training.guards.distillation import Distillation, DistillationSettings
from crosslift.training.guards.guard import Guard, GuardOnData, OpenGuard
from crosslift.training.loop import Stage, train
from crosslift.training.stage_settings import (
    GUARDS,
    GUARDS_ON_DATA,
    StageSettings,
    TrainingSettings,
)
from crosslift.training.update_part import UpdatePart


class Rehearsal(GuardOnData):
    """A guard that a newcomer may write: it trains on masked texts beside the tasks."""

    settings: int
    name = "rehearsal"

    @property
    def texts(self) -> Mapping[str, Any]:
        return {"task": "gettext-mlm"}

    @property
    def task(self) -> IntermediateTask:
        return find_task("gettext-mlm")

    def facts(self) -> dict[str, Any]:
        return {"batch_size": self.settings}

    @contextlib.contextmanager
    def open(self, encoder: Encoder, options: FormOptions) -> Iterator[OpenGuard]:
        assert not any("lora_" in name for name, _ in encoder.model.named_parameters())
        yield _Rehearsed(self.settings, open_tiny_task("masked-lm", encoder, seed=options.seed))


class _Rehearsed(OpenGuard):
    def __init__(self, batch_size: int, task: OpenTask) -> None:
        self.batch_size = batch_size
        self.task = task

    def parts(self, start: int) -> list[UpdatePart]:
        return [UpdatePart(Rehearsal.name, start, self.batch_size, 0.5)]


class FrozenLayer(Guard):
    """A guard without data: one layer and the token rows stay as they are."""

    name = "frozen_layer"

    @contextlib.contextmanager
    def open(self, encoder: Encoder, options: FormOptions) -> Iterator[OpenGuard]:
        del encoder, options
        yield _Frozen()


class _Frozen(OpenGuard):
    def trains(self, name: str) -> bool:
        return ".layer.0." not in name and name != "token_table"


def trained(
    folder: Path, place: Path, guards: list[Guard] | None = None, **settings: Any
) -> tuple[dict[str, torch.Tensor], Progress]:
    encoder = load_tiny(folder, precision="float32")
    task = open_tiny_task("text-pairs", encoder)
    asked = StageSettings(task="text-pairs", learning_rate=1e-3, dropout=0.0, **settings)
    stage = Stage(asked, Budget(updates=3, batch_size=4), 0, place, lambda share: None)
    changed, progress = train(stage, alone(task), encoder, guards)
    return everything_trained(changed, task, encoder), progress


def test_every_guard_has_the_name_of_its_setting() -> None:
    assert set(GUARDS) <= set(TrainingSettings.model_fields)
    assert GUARDS_ON_DATA == ["distillation"]
    asked = StageSettings(task="mnli", l2_sp=0.1, distillation={})
    assert [guard.name for guard in asked.guards] == ["l2_sp", "distillation"]
    assert StageSettings(task="mnli").guards == ()


def test_the_loop_trains_a_guard_on_data_that_it_does_not_know(
    bert_folder: Path, tmp_path: Path
) -> None:
    plain, without = trained(bert_folder, tmp_path / "a")
    guarded, progress = trained(bert_folder, tmp_path / "b", [Rehearsal(3)])
    assert (without.examples, progress.examples) == (12, 12), "its texts are no examples"
    assert progress.taken == {"task": 12, "rehearsal": 9}
    assert progress.tokens > without.tokens
    assert progress.flops_per_example["rehearsal"] > 0
    curve = [(update, metric) for update, name, metric, _ in progress.curve if name == "rehearsal"]
    assert curve.count((1, "loss")) == 1
    assert {update for update, metric in curve if metric == "loss"} == {1, 2, 3}
    assert not all(torch.equal(plain[name], guarded[name]) for name in plain)


def test_the_loop_trains_what_guards_allow(bert_folder: Path, tmp_path: Path) -> None:
    changed, _ = trained(bert_folder, tmp_path / "a", [FrozenLayer(True)])
    assert "encoder.layer.1.output.dense.weight" in changed
    assert not any(".layer.0." in name for name in changed)
    assert "token_table" not in changed


def test_guards_on_data_read_the_encoder_before_adapters_are_put_on(
    bert_folder: Path, tmp_path: Path
) -> None:
    asked = StageSettings(task="text-pairs", lora={"rank": 2})
    _, progress = trained(
        bert_folder, tmp_path / "a", [*asked.guards, Rehearsal(3)], lora={"rank": 2}
    )
    assert progress.taken["rehearsal"] == 9


def test_the_facts_of_a_distillation_are_its_settings_and_its_data(tmp_path: Path) -> None:
    def facts(text: str, **settings: Any) -> dict[str, Any]:
        (tmp_path / "de.txt").write_text(text, encoding="utf-8")
        asked = {"task": "masked-lm", "data": tmp_path / "de.txt", **settings}
        (guard,) = on_their_data([Distillation(DistillationSettings(**asked))])
        assert isinstance(guard, Distillation)
        return guard.facts()

    first = facts("eins\nzwei\n", weight=2.0)
    assert {**first, "records": ""} == {
        "task": "masked-lm",
        "weight": 2.0,
        "batch_size": 32,
        "texts": 2_000,
        "form": {"name": "masked-lm", "columns": {"text": "text"}, "optional": (), "options": {}},
        "records": "",
    }
    assert facts("eins\nzwei\n", weight=2.0) == first
    assert facts("eins\ndrei\n", weight=2.0)["records"] != first["records"]


def test_a_guard_on_data_without_its_data(bert_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="guard distillation has no data yet"):
        trained(bert_folder, tmp_path / "a", distillation={})


def test_training_code_has_no_readers_of_tasks_that_are_not_trained_on() -> None:
    modules = import_closure(["crosslift.training.loop"])
    assert "crosslift.training.guards.distillation" in modules
    assert "crosslift.tasks.all_tasks" not in modules


def test_a_distillation_needs_texts() -> None:
    with pytest.raises(StudyError, match="distillation on task 'udpos', which has no texts"):
        on_their_data([Distillation(DistillationSettings(task="udpos"))])
