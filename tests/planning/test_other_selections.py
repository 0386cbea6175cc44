"""Fine-tuned encoders with other weights than model selection keeps: last, average, oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from labelled_samples import xtreme_folder
from safetensors.torch import load_file

from crosslift.analysis.collect import Gathered
from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.making.answer import answers_in
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.results.result_record import read_json_file
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity
from crosslift.steps.run import run_plan
from crosslift.studies.reading import study_of
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings

ALL = ["last-checkpoint", "average-checkpoint", "oracle"]


def planned(encoder: Path, target: dict[str, Any], **tuning: Any) -> Plan:
    budget = {"updates": 6, "batch_size": 4}
    return plan_study(
        study_of(
            {
                "name": "weights",
                "question": "Which weights?",
                "seeds": [1],
                "starts": {"plain": {"encoder": {"name": str(encoder), "max_tokens": 64}}},
                "start": "plain",
                "budget": budget,
                "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
                "fine_tune": {"budget": budget, "dev_evaluations": 3, "learning_rate": 1e-2}
                | tuning,
                "targets": [target],
            }
        )
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xtreme_folder(tmp_path_factory.mktemp("xtreme"))


@pytest.fixture(scope="module")
def ran(
    tiny_folders: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Store, Path]:
    """A run whose target is scored on dev, with all choices of weights."""
    root = tmp_path_factory.mktemp("ran")
    target = {"name": "xnli", "data": str(data / "xnli"), "split": "dev", "protocols": ALL}
    plan = planned(tiny_folders["xlm-roberta"], target)
    store = Store(root / "store")
    done, records = run_plan(plan, store)
    write_run_folder(done, store, records, root / "run")
    return done, store, root / "run"


def weights(plan: Plan, store: Store, arm: str) -> dict[str, dict[str, torch.Tensor]]:
    """Name of the file -> weights of the fine-tuned encoder of an arm."""
    (run,) = (run for run in plan.runs if run.arm == arm and run.fine_tuned)
    folder = run.fine_tuned["xnli"].tuned.open(store)
    return {path.stem: load_file(path) for path in folder.glob("*.safetensors")}


def test_the_average_is_the_mean_of_the_checkpoints_and_the_last_is_the_last(
    ran: tuple[Plan, Store, Path],
) -> None:
    plan, store, _ = ran
    for part in ("encoder", "head"):
        kept = weights(plan, store, "text")
        each = [kept[f"{part}-{number}"] for number in (1, 2, 3)]
        assert set(kept[f"{part}-average"]) == set(each[0]) == set(kept[part])
        differ = 0
        for name, mean in kept[f"{part}-average"].items():
            expected = sum(weight[name].double() for weight in each) / 3
            assert torch.allclose(mean.double(), expected, atol=1e-6), name
            assert torch.equal(kept[f"{part}-last"][name], each[2][name])
            differ += not torch.equal(each[0][name], each[2][name])
        assert differ
    assert any(all(torch.equal(kept["head"][n], one[n]) for n in one) for one in each)


def test_the_oracle_is_never_below_another_choice_on_the_examples_it_chooses_by(
    ran: tuple[Plan, Store, Path],
) -> None:
    plan, store, folder = ran
    gathered = Gathered(plan, store)
    loaded = plan.targets["xnli"].data
    assert isinstance(loaded, LabelledData) and not loaded.own_dev
    for run in (run for run in plan.runs if run.fine_tuned):
        outcomes = {
            p: gathered.cube(run.arm, "xnli", f"{p}/zero-shot", "accuracy")[0].mean(axis=(0, 1))
            for p in ("xtreme", *ALL)
        }
        assert (outcomes["oracle"] >= outcomes["last-checkpoint"]).all()
        assert (outcomes["oracle"] >= outcomes["xtreme"]).all()
        oracle = run.fine_tuned["xnli"].others[2]
        chosen = json.loads((oracle.open(store) / "chosen.json").read_text())
        assert set(chosen) == set(loaded.tests) and set(chosen.values()) <= {1, 2, 3}
        right = {
            language: np.mean(
                [r.label == a for r, a in zip(loaded.tests[language], given, strict=True)]
            )
            for language, given in answers_in(oracle, store).items()
        }
        languages = gathered.languages_under("xnli", "oracle/zero-shot")
        assert [right[language] for language in languages] == pytest.approx(outcomes["oracle"])
    table = read_json_file(folder / SENSITIVITY_FILE, tuple[Sensitivity, ...])
    assert [p.protocol for p in table[0].protocols] == [
        "xtreme/zero-shot",
        *(f"{n}/zero-shot" for n in ALL),
    ]


def test_verdicts_and_steps_without_such_protocols_stay_as_they_are(
    tiny_folders: dict[str, Path], data: Path, ran: tuple[Plan, Store, Path]
) -> None:
    target = {"name": "xnli", "data": str(data / "xnli"), "split": "dev"}
    plan = planned(tiny_folders["xlm-roberta"], target)
    (run,) = (run for run in plan.runs if run.arm == "text")
    tuned = run.fine_tuned["xnli"]
    assert "kept" not in tuned.tuned.settings and not tuned.others
    with_others = {r.arm: r for r in ran[0].runs}["text"].fine_tuned["xnli"]
    assert with_others.tuned.settings["kept"] == ["last", "average", "each"]
    assert "weights" not in with_others.answers.settings


def test_the_oracle_chooses_by_dev_examples_where_test_is_scored(data: Path) -> None:
    def load(**settings: Any) -> LabelledData:
        loaded = find_target("xnli").load(
            TargetSettings(name="xnli", data=data / "xnli", **settings)
        )
        assert isinstance(loaded, LabelledData)
        return loaded

    chosen_by = load(split="test", protocols=["oracle"])
    assert {
        language: [r.id for r in records] for language, records in chosen_by.own_dev.items()
    } == {
        language: [r.id for r in records] for language, records in load(split="dev").tests.items()
    }
    assert not load(split="test").own_dev
    part = chosen_by.part(TargetSettings(name="xnli", examples=2))
    assert part is not None
    assert all(len(records) == 2 for records in part.data.own_dev.values())


def test_without_dev_evaluations_there_are_no_checkpoints(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    target = {"name": "xnli", "data": str(data / "xnli"), "protocols": ["last-checkpoint"]}
    with pytest.raises(StudyError, match="without dev_evaluations"):
        planned(tiny_folders["xlm-roberta"], target, dev_evaluations=0, keep_best=False)
