"""Tasks of MTEB on two ranks: the outcomes of one process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rank_work import in_small_batches, making
from small_study import untrained_plan

from crosslift.artifacts.store import Store
from crosslift.making import evaluate_mteb
from crosslift.planning.plan import Plan
from crosslift.planning.sizes import size_of_step
from crosslift.steps.run import run_plan
from tests.samples import mteb_tasks

pytestmark = pytest.mark.filterwarnings("ignore")
TASKS = (mteb_tasks.SmallRetrieval, mteb_tasks.SmallClustering)


def study(encoder: Path, devices: int) -> Plan:
    return untrained_plan(encoder, devices, [f"mteb:{task.metadata.name}" for task in TASKS])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_first_rank_runs_a_task_and_both_encode(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making(monkeypatch, evaluate_mteb, in_small_batches)
    plans, stores = [], []
    for devices in (1, 2):
        plans.append(study(bert_folder, devices))
        stores.append(Store(tmp_path / str(devices)))
        run_plan(plans[-1], stores[-1])
    one, two = ([step for step in plan.steps() if step.kind == "mteb"] for plan in plans)
    assert len(two) == 3
    assert [step.key for step in one] == [step.key for step in two]
    assert {step.devices for step in two} == {2}
    assert size_of_step(two[0]).memory == 2 * (size_of_step(one[0]).memory or 0)
    for step in two:
        of_one, of_two = (files(step.open(store)) for store in stores)
        assert of_one["outcomes.parquet"] == of_two["outcomes.parquet"], step.label
        assert of_one["reading.json"] == of_two["reading.json"]
        scores = [json.loads(each["mteb.json"]) for each in (of_one, of_two)]
        assert scores[0] | {"seconds": 0} == scores[1] | {"seconds": 0}
