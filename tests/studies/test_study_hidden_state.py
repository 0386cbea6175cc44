"""Arms that read their vectors from another hidden state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_study import small_study

from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.planning.plan_study import plan_study
from crosslift.studies.reading import StudyFileError
from crosslift.studies.schema import Study

TEXT = {"stages": [{"task": "name-alias"}]}


def study(encoder: Path, **changes: Any) -> Study:
    """Arms with and without training, read from the last hidden state and from the embeddings."""
    arms = {
        "embeddings": {"hidden_state": 0},
        "baseline": {},
        "text": TEXT,
        "text-embeddings": {**TEXT, "hidden_state": 0},
    }
    targets: list[Any] = [{"name": "names", "languages": ["de", "ar"]}]
    return small_study(encoder, **({"targets": targets, "arms": arms, "comparisons": []} | changes))


def test_an_arm_scores_as_an_encoder_that_is_read_from_its_hidden_state(
    xlm_folder: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    plain = study(xlm_folder, seeds=[1], start="plain")
    folder = run_study(plain, tmp_path / "run", store)
    scores = {
        row.arm: row.value
        for row in folder.scores
        if row.metric == "top1_accuracy" and row.language == "de" and row.subset == "all"
    }
    settings = plain.starts["plain"].encoder
    for arm, state in (("baseline", None), ("embeddings", 0)):
        read = settings.model_copy(update={"hidden_state": state})
        alone = evaluate(read, "names", store=store).languages["de"]["top1_accuracy"]
        assert scores[arm] == pytest.approx(alone)
    assert scores["embeddings"] != scores["baseline"]


def test_training_does_not_change_with_the_hidden_state(xlm_folder: Path) -> None:
    plan = plan_study(study(xlm_folder))
    trained = {run.arm: run.stage_steps[0].key for run in plan.runs if run.stage_steps}
    scored = {run.arm: run.evaluations["names"]["de"].key for run in plan.runs}

    assert trained["text"] == trained["text-embeddings"]
    assert scored["text"] != scored["text-embeddings"]


def test_a_reading_is_no_baseline_of_its_start(xlm_folder: Path) -> None:
    plain = study(xlm_folder)
    starts = plain.model_dump(mode="json")["starts"]
    own = starts | {"other": {"encoder": {"name": str(xlm_folder)}}}
    arms = {
        "baseline": {},
        "other-embeddings": {"start": "other", "hidden_state": 0},
        "other": {"start": "other"},
    }
    two = study(xlm_folder, starts=own, arms=arms)

    assert two.baseline_of("other-embeddings") == "other"


def test_a_hidden_state_that_the_encoder_lacks(xlm_folder: Path) -> None:
    with pytest.raises(StudyError, match="hidden state 99"):
        plan_study(study(xlm_folder, arms={"baseline": {"hidden_state": 99}}))


def test_a_reading_has_no_phase_three(xlm_folder: Path) -> None:
    own = {"fine_tune": {"robust": {"adversarial": {}}}, "hidden_state": 0}
    with pytest.raises(StudyFileError, match="which has no phase three"):
        study(xlm_folder, arms={"baseline": {}, "text": {**TEXT, **own}})
