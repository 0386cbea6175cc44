"""`studies/phang2020.yaml`: budgets and shares that follow from the sizes of its tasks."""

from __future__ import annotations

from pathlib import Path

from crosslift.studies.reading import read_study
from crosslift.studies.schema import Study
from crosslift.tasks.all_tasks import TASKS
from crosslift.tasks.dataset import DatasetTask
from crosslift.training.budget import Budget
from crosslift.training.mixing import shares_of
from crosslift.training.stage_settings import StageSettings

STUDIES = Path(__file__).parents[2] / "studies"


def records_of(name: str) -> int:
    """Training records of a task, as its publishers count them."""
    task = TASKS[name]
    assert isinstance(task, DatasetTask)
    return task.train_examples


def stage_of(study: Study, arm: str) -> StageSettings:
    (stage,) = study.arms[arm].stages
    return stage


def test_phang_2020_trains_by_epochs_and_in_shares_as_its_code_does() -> None:
    """3 epochs of records; in mixtures 2^17 of a task count at most; masked LM is one of the tasks."""
    asked = read_study(STUDIES / "phang2020.yaml")
    by_epochs = [
        name.removesuffix("-as-published") for name in asked.arms if name.endswith("-as-published")
    ]
    counts = {name: records_of(name) for name in by_epochs if name != "multi-task"}
    capped = [min(count, 131_072) for count in counts.values()]

    assert len(counts) == 9
    for name, count in (counts | {"multi-task": sum(capped)}).items():
        stage = stage_of(asked, f"{name}-as-published")
        assert stage.budget == Budget(examples=3 * count, batch_size=32)
        same = {"budget": None, "mixing": stage.mixing}
        assert stage.model_copy(update=same) == stage_of(asked, name)
    for name, percent in (("mnli", 50), ("squad-1.1", 60), ("commonsense-qa", 93)):
        stage = stage_of(asked, f"{name}-with-mlm")
        shares = shares_of(stage.tasks, [counts[name], 1_000_000], stage.mixing, 0.0)
        assert round(100 * float(shares[1])) == percent
        assert f", {percent} % of the examples" in asked.arms[f"{name}-with-mlm"].description
    translated = [stage_of(asked, name) for name in asked.arms if name.endswith("-translated")]
    assert len(translated) == 8
    assert not any(s.tasks[0].translate.keep_english for s in translated if s.tasks[0].translate)


def test_phang_2020_expects_what_the_untouched_encoder_scored_for_its_authors() -> None:
    asked = read_study(STUDIES / "phang2020.yaml")
    stated = [(each.arm, each.target, each.protocol, each.score) for each in asked.expected]

    assert stated == [
        ("baseline", "tatoeba", "xtreme", 31.0),
        ("baseline-14", "bucc", "crosslift", 71.5),
    ]


def test_phang_2020_reads_hidden_state_14_of_arms_whose_heads_read_the_last() -> None:
    asked = read_study(STUDIES / "phang2020.yaml")
    readings = [name for name in asked.arms if name.endswith("-14")]

    assert len(readings) == 11
    assert asked.starts["xlm-roberta-large"].encoder.hidden_state is None
    for name in readings:
        arm, read = asked.arms[name.removesuffix("-14")], asked.arms[name]
        assert (arm.hidden_state, read.hidden_state) == (None, 14)
        assert read.stages == arm.stages
