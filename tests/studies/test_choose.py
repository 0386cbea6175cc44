"""Arms that choose settings among several, on items that no target reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from executed_modules import modules_outside_their_code
from labelled_samples import xtreme_folder
from small_study import SCRATCH, small_study

from crosslift.api.export import export_arm
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError, TrainingError
from crosslift.making import train as training
from crosslift.making.choose import is_try
from crosslift.making.train import Training
from crosslift.planning import training_steps
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.reports.choices import edge_sentences
from crosslift.results.run_folder import RunFolder
from crosslift.steps.step import Step, Workplace
from crosslift.studies.reading import StudyFileError
from crosslift.studies.schema import Study

TEXT = {"stages": [{"task": "name-alias"}]}
ON = {"name": "names", "languages": ["fr", "fa"]}
GRID = {"learning_rate": [1e-2, 1e-3], "updates": [2, 5], "on": ON}
TARGETS = [{"name": "names", "languages": ["de", "ar"]}]


def study(encoder: Path, **changes: Any) -> Study:
    """An untrained arm and one that chooses."""
    raw: dict[str, Any] = {
        "start": "plain",
        "arms": {"baseline": {}, "text": TEXT},
        "targets": TARGETS,
        "comparisons": [],
        "choose": GRID,
    }
    return small_study(encoder, **(raw | changes))


@pytest.fixture(scope="module")
def ran(
    tiny_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Study, Store, RunFolder]:
    """A study with a control and a path of weights, run."""
    root = tmp_path_factory.mktemp("chosen")
    arms = {"baseline": {}, "text": {**TEXT, "controls": ["same-updates-no-task"]}}
    chosen = study(tiny_folders["xlm-roberta"], arms=arms, interpolate=[0.5])
    store = Store(root / "store")
    with modules_outside_their_code() as outside:
        folder = run_study(chosen, root / "run", store)
    assert "choose" in outside and not any(outside.values()), outside
    return chosen, store, folder


def scores_of(folder: RunFolder) -> dict[tuple[str, int, str], float]:
    """(arm, seed, language) -> top-1 accuracy."""
    return {
        (row.arm, row.seed, row.language): row.value
        for row in folder.scores
        if row.metric == "top1_accuracy" and row.subset == "all"
    }


def test_each_seed_chooses_the_best_try_and_scores_as_an_arm_with_its_settings(
    ran: tuple[Study, Store, RunFolder], tmp_path: Path
) -> None:
    chosen, store, folder = ran
    choice = folder.arm("text").choice
    assert choice is not None
    tried = [(rate, updates) for rate in (1e-3, 1e-2) for updates in (2, 5)]
    for seed in choice.seeds:
        assert [tuple(each.settings.values()) for each in seed.tries] == tried
    plain_arms: dict[str, Any] = {
        f"{rate:g}-{updates}": {
            "stages": [
                {
                    "task": "name-alias",
                    "learning_rate": rate,
                    "budget": {"updates": updates, "batch_size": 6},
                }
            ]
        }
        for rate, updates in tried
    }
    encoder = Path(chosen.starts["plain"].encoder.name)
    all_languages = [{"name": "names", "languages": ["de", "ar", "fr", "fa"]}]
    plain = study(
        encoder,
        arms={"baseline": {}} | plain_arms,
        choose=None,
        targets=all_languages,
        name="plain",
    )
    plain_scores = scores_of(run_study(plain, tmp_path / "plain", store))
    chosen_scores = scores_of(folder)
    for seed in choice.seeds:
        on = [
            (plain_scores[arm, seed.seed, "fr"] + plain_scores[arm, seed.seed, "fa"]) / 2
            for arm in plain_arms
        ]
        assert [each.score for each in seed.tries] == pytest.approx(on)
        best = list(plain_arms)[on.index(max(on))]
        assert seed.chosen == on.index(max(on))
        for language in ("de", "ar"):
            place = (seed.seed, language)
            assert chosen_scores["text", *place] == plain_scores[best, *place]


def test_tries_count_and_equal_grids_are_equal_budgets(
    ran: tuple[Study, Store, RunFolder],
) -> None:
    _, _, folder = ran
    arm = folder.arm("text")
    assert arm.choice is not None and arm.budget_of_tries is not None
    assert arm.choice.count == 4
    assert (arm.budget_of_tries.updates, arm.budget_of_tries.examples) == (14, 84)
    chosen = [seed.settings["updates"] for seed in arm.choice.seeds]
    assert arm.budget.updates == sum(chosen) / 2
    rates = tuple(seed.settings["learning_rate"] for seed in arm.choice.seeds)
    assert arm.stages[0].learning_rates == rates
    assert folder.arm("text--same-updates-no-task").choice is not None
    assert folder.arm("baseline").choice is None


def test_a_path_and_steps_of_tries_belong_to_the_arm(
    ran: tuple[Study, Store, RunFolder],
) -> None:
    chosen, _, folder = ran
    kinds = [step.kind for step in folder.run.steps if step.arm == "text" and step.seed == 1]
    assert kinds.count("train") == 4
    assert kinds.count("choose") == 1
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    assert "Each seed chose the best of its tries by top-1 accuracy on names (fr, fa;" in page
    assert "4 tries: 14 updates, 84 examples" in page
    plan = plan_study(chosen)
    assert all(0.5 in run.path for run in plan.runs if run.arm == "text")


def test_a_finished_choice_is_not_made_again(
    ran: tuple[Study, Store, RunFolder], tmp_path: Path
) -> None:
    chosen, store, folder = ran
    again = run_study(chosen, tmp_path / "again", store)
    assert all(step.reused for step in again.run.steps)
    assert again.arm("text").choice == folder.arm("text").choice


def test_the_chosen_weights_are_exported(
    ran: tuple[Study, Store, RunFolder], tmp_path: Path
) -> None:
    _, store, folder = ran
    place = export_arm(folder.path, "text", tmp_path / "model", seed=2)
    score = evaluate(str(place), "names", store=store).languages["de"]["top1_accuracy"]
    assert score == pytest.approx(scores_of(folder)["text", 2, "de"])
    assert "(chosen)" in (place / "README.md").read_text(encoding="utf-8").replace("\\", "")


def test_a_value_at_the_edge_of_its_grid_is_named(
    ran: tuple[Study, Store, RunFolder],
) -> None:
    _, _, folder = ran
    arm = folder.arm("text")
    assert arm.choice is not None
    raw = arm.to_json()
    tries = [
        {"settings": {"learning_rate": rate, "updates": 200}, "score": score}
        for rate, score in ((1e-5, 0.1), (2e-5, 0.2), (3e-5, 0.3))
    ]
    edge = {"tries": tries, "chosen": 2, "edges": {"learning_rate": "highest"}}
    raw["name"] = "squad"
    raw["choice"]["seeds"] = [{**edge, "seed": 1}, {**edge, "seed": 2}]
    assert edge_sentences([type(arm).model_validate(raw)]) == [
        "`squad`: the best learning rate, 3e-05, is the highest that was tried (seeds 1, 2): a better "
        "one may lie beyond."
    ]
    raw["choice"]["seeds"] = [{**edge, "chosen": 1, "edges": {}, "seed": 1}]
    assert edge_sentences([type(arm).model_validate(raw)]) == []


def test_a_try_is_the_step_of_an_arm_with_its_settings(xlm_folder: Path) -> None:
    own = {**TEXT["stages"][0], "learning_rate": 1e-2, "budget": {"updates": 5, "batch_size": 6}}
    arms = {"baseline": {}, "written": {"stages": [own]}}
    written = plan_study(study(xlm_folder, arms=arms, choose=None))
    chosen = plan_study(study(xlm_folder))
    (trained,) = (
        run.stage_steps[0] for run in written.runs if (run.arm, run.seed) == ("written", 1)
    )
    (step,) = (run.stage_steps[0] for run in chosen.runs if (run.arm, run.seed) == ("text", 1))
    assert step.kind == "choose"
    assert step.inputs["try 4"].key == trained.key
    assert list(step.job_as(Training).tasks) == ["name-alias"]


def test_phase_three_goes_on_from_the_chosen_try(
    xlm_folder: Path, tmp_path: Path, ran: tuple[Study, Store, RunFolder]
) -> None:
    _, store, _ = ran
    data = xtreme_folder(tmp_path / "xtreme")
    tuning = {"budget": {"updates": 2, "batch_size": 4}, "dev_evaluations": 1}
    tuned = study(
        xlm_folder,
        seeds=[1],
        fine_tune=tuning,
        targets=[*TARGETS, {"name": "xnli", "data": str(data / "xnli"), "split": "dev"}],
    )
    (run,) = (run for run in plan_study(tuned).runs if run.arm == "text")
    (chosen,) = run.stage_steps
    assert chosen.key in {step.key for step in run.fine_tuned["xnli"].tuned.inputs.values()}
    folder = run_study(tuned, tmp_path / "run", store)
    assert any(row.arm == "text" and row.target == "xnli" for row in folder.scores)


def test_an_arm_that_reads_a_hidden_state_chooses_with_it(xlm_folder: Path) -> None:
    arms = {"baseline": {}, "text": {**TEXT, "hidden_state": 0}}
    read = stage_of(plan_study(study(xlm_folder, arms=arms)))
    plain = stage_of(plan_study(study(xlm_folder)))
    assert read.inputs["try 1"].key == plain.inputs["try 1"].key
    scores = [role for role in plain.inputs if role.startswith("score 1")]
    assert scores
    assert not [role for role in scores if read.inputs[role].key == plain.inputs[role].key]


def test_tries_that_cost_more_are_an_unequal_budget(
    xlm_folder: Path, tmp_path: Path, ran: tuple[Study, Store, RunFolder]
) -> None:
    _, store, _ = ran
    longer = {**GRID, "updates": [6, 7]}
    arms = {"baseline": {}, "text": TEXT, "longer": {**TEXT, "choose": longer}}
    compared = [{"arm": "longer", "against": "text"}]
    both = study(xlm_folder, arms=arms, comparisons=compared, seeds=[1])
    folder = run_study(both, tmp_path / "run", store)
    (verdict,) = (each for each in folder.verdicts if each.family == "declared")
    assert not verdict.budget_equal
    assert "updates of all tries 26 and 14; examples of all tries 156 and 84" in verdict.budget_note


def test_pictures_are_embedded_by_the_chosen_tower(
    xlm_folder: Path, tmp_path: Path, ran: tuple[Study, Store, RunFolder]
) -> None:
    _, store, _ = ran
    arms = {"baseline": {}, "image": {"stages": [{"task": "picture-name", **SCRATCH}]}}
    targets = [*TARGETS, {"name": "pictures", "languages": ["en"]}]
    two = {"updates": [1, 2], "on": ON}
    image = study(xlm_folder, arms=arms, targets=targets, choose=two, seeds=[1])
    folder = run_study(image, tmp_path / "run", store)
    assert {row.target for row in folder.scores if row.arm == "image"} == {"names", "pictures"}


def test_a_try_that_cannot_be_trained_leaves_its_arm_out(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = study(xlm_folder, seeds=[1], choose={"updates": [2, 3], "on": ON})
    plan = plan_study(chosen)
    failing = stage_of(plan).inputs["try 2"].key
    plain = training.train_stage

    def train_stage(step: Step, workplace: Workplace, folder: Path) -> None:
        if step.key == failing:
            raise TrainingError("the loss is not finite")
        plain(step, workplace, folder)

    monkeypatch.setattr(training_steps, "train_stage", train_stage)
    folder = run_study(chosen, tmp_path / "run", Store(tmp_path / "store"), keep_going=True)
    assert [each.arm for each in folder.run.failed] == ["text"]


def stage_of(plan: Plan) -> Any:
    """The stage of arm text with the first seed."""
    return next(run.stage_steps[0] for run in plan.runs if run.arm == "text")


def errors_of(encoder: Path, **changes: Any) -> str:
    """What a study is refused with."""
    with pytest.raises(StudyFileError) as caught:
        study(encoder, **changes)
    return str(caught.value)


def test_every_arm_has_the_same_number_of_tries(xlm_folder: Path) -> None:
    two = {"learning_rate": [1e-3, 1e-2], "on": ON}
    arms = {"baseline": {}, "text": {**TEXT, "choose": two}, "other": TEXT}
    message = errors_of(xlm_folder, arms=arms)
    assert "the same number of tries for every arm; found text 2, other 4" in message


def test_an_arm_with_a_choice_is_compared_with_one_that_has_one(xlm_folder: Path) -> None:
    arms = {"baseline": {}, "text": {**TEXT, "choose": GRID}, "other": TEXT}
    compared = [{"arm": "other", "against": "text"}]
    message = errors_of(xlm_folder, arms=arms, choose=None, comparisons=compared)
    assert "text has 4 tries, other one" in message
    assert (
        study(xlm_folder, arms=arms, choose=None).choice_of(study(xlm_folder).arms["baseline"])
        is None
    )


def test_a_written_control_is_tuned_as_its_arm(xlm_folder: Path) -> None:
    control = {**TEXT, "control_of": "text"}
    arms = {"baseline": {}, "text": {**TEXT, "choose": GRID}, "control": control}
    assert "text has 4 tries, control one" in errors_of(xlm_folder, arms=arms, choose=None)


@pytest.mark.parametrize(
    ("choose", "expected"),
    [
        ({"learning_rate": [1e-3], "on": ON}, "two values or more to choose among"),
        ({"learning_rate": [1e-3, 1e-3], "on": ON}, "each entry once"),
        ({"updates": [0, 2], "on": ON}, "greater than or equal to 1"),
        ({"updates": [2, 3]}, "this setting is required"),
        ({"updates": [2, 3], "on": "name"}, "the name of a target"),
        ({"updates": [2, 3], "on": "tatoeba"}, "this target needs data"),
        ({"updates": [2, 3], "on": "pictures"}, "a target of bitexts"),
        ({"update": [2, 3], "on": ON}, "Did you mean 'updates'?"),
    ],
)
def test_choices_that_cannot_be_made(xlm_folder: Path, choose: Any, expected: str) -> None:
    assert expected in errors_of(xlm_folder, choose=choose)


def test_a_try_has_the_temperature_of_an_arm_that_writes_it(xlm_folder: Path) -> None:
    choose = {"temperature": [0.05, 0.01], "on": ON}
    written: dict[str, Any] = {"stages": [{"task": "name-alias", "options": {"temperature": 0.01}}]}
    plan = plan_study(study(xlm_folder, arms={"baseline": {}, "text": TEXT}, choose=choose))
    plain = plan_study(study(xlm_folder, arms={"baseline": {}, "text": written}, choose=None))
    choosing = stage_of(plan)
    assert [dict(tried) for tried in choosing.settings["tries"]] == [
        {"temperature": 0.01},
        {"temperature": 0.05},
    ]
    tries = [step for role, step in choosing.inputs.items() if is_try(role)]
    assert tries[0].key == stage_of(plain).key != tries[1].key


@pytest.mark.parametrize(
    "changes", [{"control": "same-updates-no-task"}, {"options": {"loss": "triplet"}}], ids=str
)
def test_a_temperature_of_a_task_without_one_is_refused(
    xlm_folder: Path, changes: dict[str, Any]
) -> None:
    choose = {"temperature": [0.05, 0.01], "on": ON}
    without: dict[str, Any] = {"stages": [{"task": "name-alias", **changes}]}
    with pytest.raises(StudyError, match="whose loss has none") as caught:
        plan_study(study(xlm_folder, arms={"baseline": {}, "text": without}, choose=choose))
    assert "its own `choose`" in str(caught.value.remedy)


def test_arms_that_have_nothing_to_choose(xlm_folder: Path) -> None:
    arms: dict[str, Any] = {"baseline": {"choose": GRID}, "text": TEXT}
    assert "arm without stages" in errors_of(xlm_folder, arms=arms)
    locked = {"stages": [{"task": "name-alias", "text_side": "locked"}]}
    arms = {"baseline": {}, "locked": locked}
    assert "text_side: locked" in errors_of(xlm_folder, arms=arms)


def test_reported_items_are_refused(xlm_folder: Path) -> None:
    reported = {**GRID, "on": {"name": "names", "languages": ["fr", "de"]}}
    with pytest.raises(StudyError, match="400 items in common with target 'names'") as caught:
        plan_study(study(xlm_folder, choose=reported))
    assert caught.value.expected == "items or languages that no target reports"


def test_an_arm_that_chooses_on_reported_items_is_left_out(xlm_folder: Path) -> None:
    reported = {**GRID, "on": {"name": "names", "languages": ["de"]}}
    arms = {"baseline": {}, "text": TEXT, "other": {**TEXT, "choose": reported}}
    plan = plan_study(study(xlm_folder, arms=arms), keep_going=True)
    assert {run.arm for run in plan.runs} == {"baseline", "text"}
    assert "in common with target 'names'" in plan.failures["other"]
