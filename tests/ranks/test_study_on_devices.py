"""The setting `devices` of a stage and of a study, and a study that really trains on two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.forms.declared_forms import FORMS
from crosslift.making.train import Training
from crosslift.making.training_files import read_spent
from crosslift.planning.plan_study import plan_study
from crosslift.steps.step import Step
from crosslift.studies.reading import study_of


def raw(encoder: Path, stage: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "name": "devices",
        "question": "Does it train on two devices?",
        "seeds": [1],
        "starts": {"tiny": {"encoder": str(encoder)}},
        "start": "tiny",
        "budget": {"updates": 2, "batch_size": 6},
        "arms": {
            "baseline": {},
            "text": {"stages": [{"task": "name-alias", "limit": 50, **(stage or {})}]},
        },
        "targets": [{"name": "names", "languages": ["de"]}],
        **changes,
    }


def training(study: dict[str, Any]) -> Step:
    (step,) = (s for s in plan_study(study_of(study)).steps() if s.kind == "train")
    return step


def test_a_stage_trains_on_its_own_devices_else_on_those_of_the_study(bert_folder: Path) -> None:
    def devices(stage: dict[str, Any], **changes: Any) -> int | None:
        return training(raw(bert_folder, stage, **changes)).job_as(Training).stage.devices

    assert devices({}) == 1
    assert devices({}, devices=4) == 4
    assert devices({"devices": 2}, devices=4) == 2
    assert devices({"devices": 1}, devices=4) == 1


def test_the_number_of_devices_is_no_part_of_a_key(bert_folder: Path) -> None:
    """It is a fact of the machine, like the number of threads."""
    keys = {training(raw(bert_folder, {"devices": n})).key for n in (1, 2, 8)}
    assert len(keys) == 1


@pytest.mark.parametrize("devices", [0, -1, 1.5, "all"])
def test_a_number_of_devices_that_is_none(bert_folder: Path, devices: Any) -> None:
    with pytest.raises((StudyError, ValidationError), match="devices"):
        study_of(raw(bert_folder, {"devices": devices}))


def test_a_form_that_does_not_share_a_batch_is_refused(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one of another package: its gradient would be counted once for each device."""
    alone = replace(FORMS["text-pairs"], shares_batch=False)
    monkeypatch.setitem(FORMS.ours, "text-pairs", alone)
    assert training(raw(bert_folder)).kind == "train"
    with pytest.raises(StudyError, match="devices: 2 with task 'name-alias'"):
        training(raw(bert_folder, devices=2))


def test_every_form_of_crosslift_shares_its_batch() -> None:
    assert all(facts.shares_batch for facts in FORMS.ours.values())


def test_a_study_on_two_devices(bert_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    study = raw(bert_folder, devices=2)
    run_study(study_of(study), tmp_path / "out", store)
    step = training(study)
    spent = read_spent(step.open(store))
    assert (spent.devices, spent.updates, spent.examples) == ([2], 2, 12)
    assert (step.open(store) / "encoder.safetensors").is_file()
    assert training(raw(bert_folder)).exists(store), "one device finds what two have made"
