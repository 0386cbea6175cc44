"""The answers of fine-tuned encoders on several ranks: the bytes of one process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelled_samples import xtreme_folder
from rank_work import answers_of_forms, in_small_batches, killed_in_the_second_language, making

from crosslift.artifacts.store import Store
from crosslift.errors import TrainingError
from crosslift.making import answer
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import size_of_step
from crosslift.ranks.launch import run_ranks
from crosslift.ranks.ranks import ALONE
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step, Workplace
from crosslift.studies.reading import study_of

Made = tuple[Plan, Store]


def study(encoder: Path, data: Path, devices: int = 1, targets: Any = None) -> Plan:
    """Classes, also of pairs of languages, of votes, and of each language's best weights; tags in two
    languages; answers to questions in one language."""
    xnli = {"name": "xnli", "data": str(data / "xnli"), "split": "dev"}
    budget = {"updates": 2, "batch_size": 4}
    votes = {"smoothed_prediction": {"draws": 3, "radius": 2.0}}
    every = [
        {**xnli, "generalised": True, "protocols": ["xtreme", "oracle"]},
        {
            "name": "udpos",
            "data": str(data / "udpos"),
            "split": "dev",
            "languages": ["de", "zh"],
        },
        {
            "name": "xquad",
            "data": str(data / "xquad"),
            "english": str(data / "squad"),
            "languages": ["de"],
        },
    ]
    return plan_study(
        study_of(
            {
                "name": "answers",
                "question": "Do several devices answer as one does?",
                "seeds": [1],
                "devices": devices,
                "starts": {"plain": {"encoder": {"name": str(encoder), "max_tokens": 64}}},
                "start": "plain",
                "budget": budget,
                "arms": {"baseline": {}, "votes": {"fine_tune": votes}},
                "fine_tune": {"budget": budget, "dev_evaluations": 2, "learning_rate": 1e-2},
                "targets": targets or every,
            }
        )
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xtreme_folder(tmp_path_factory.mktemp("xtreme"))


@pytest.fixture(scope="module")
def made(
    tiny_folders: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    """A study whose answers are made by one process."""
    plan, store = study(tiny_folders["xlm-roberta"], data), Store(tmp_path_factory.mktemp("one"))
    with pytest.MonkeyPatch.context() as patch:
        making(patch, answer, in_small_batches)
        run_plan(plan, store)
    return plan, store


def answering(plan: Plan) -> list[Step]:
    return [step for step in plan.steps() if step.kind == "answer"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_two_ranks_write_the_bytes_of_one_process(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three languages, two, and one; three draws of noise; batches in turn."""
    plan, store = made
    making(monkeypatch, answer, in_small_batches)
    workplace = Workplace(store)
    makers = set()
    for number, step in enumerate(answering(plan)):
        folder = tmp_path / str(number)
        folder.mkdir()
        step.make(replace(step, devices=2), workplace, folder)
        ones = files(step.open(store))
        assert {name: ones[name] for name in files(folder)} == files(folder), step.label
        assert set(files(folder)) == set(ones) - {"manifest.json"}
        makers.add((step.make.__name__, step.job_as(answer.Answering).readings))
    assert makers == {
        (name, readings)
        for name in ("answer_examples", "answer_by_oracle", "answer_pairs")
        for readings in (1, 3)
    }


def test_more_ranks_than_languages_and_an_uneven_last_round(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six pairs of languages on four ranks; three languages; three draws of noise."""
    plan, store = made
    making(monkeypatch, answer, in_small_batches)
    workplace = Workplace(store)
    by_maker = {step.make: step for step in answering(plan) if "xnli" in step.label}
    for make in (answer.answer_pairs, answer.answer_examples):
        step, folder = by_maker[make], tmp_path / make.__name__
        folder.mkdir()
        make(replace(step, devices=4), workplace, folder)
        ones = files(step.open(store))
        assert {name: ones[name] for name in files(folder)} == files(folder), step.label


def test_every_form_answers_alike(tiny_folders: dict[str, Path]) -> None:
    one = answers_of_forms(ALONE, lambda _: None, tiny_folders)
    assert all(len(answers) == 6 for answers in one.values())
    assert run_ranks(2, answers_of_forms, (tiny_folders,), lambda _: None) == one


def test_a_rank_that_is_lost_while_it_answers_costs_this_step_alone(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"name": "udpos", "data": str(data / "udpos"), "split": "dev"}
    plan = study(tiny_folders["xlm-roberta"], data, 2, [target])
    store = Store(tmp_path)
    with monkeypatch.context() as patch:
        making(patch, answer, killed_in_the_second_language)
        with pytest.raises(TrainingError, match="rank 1 of 2 was lost") as caught:
            run_plan(plan, store)
    assert caught.value.remedy is not None
    assert "other steps begin again" in caught.value.remedy
    before = {step.key for step in plan.steps() if step.exists(store)}
    kinds = {step.kind for step in plan.steps() if step.key in before}
    assert "train" in kinds and not kinds & {"answer", "evaluate"}
    _, records = run_plan(plan, store)
    assert {record.step.key for record in records if record.reused} == before
    assert all(step.exists(store) for step in plan.steps())


def test_a_plan_divides_what_several_devices_do(made: Made, data: Path) -> None:
    """The answers, as their fine-tuning; no evaluation. The keys are those of one device."""
    plan, _ = made
    encoder = plan.runs[0].encoder.settings.name
    of_two = study(Path(encoder), data, 2)
    assert [step.key for step in of_two.steps()] == [step.key for step in plan.steps()]
    assert {(step.kind, step.devices) for step in of_two.steps()} == {
        ("train", 2),
        ("answer", 2),
        ("evaluate", 1),
        ("overlap", 1),
    }
    one, two = (answering(each)[0] for each in (plan, of_two))
    assert size_of_step(two).memory == 2 * (size_of_step(one).memory or 0)
    assert size_of_step(two).disk == size_of_step(one).disk
