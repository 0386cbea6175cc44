from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crosslift.analysis.collect import Gathered
from crosslift.analysis.interpolation import interpolation_paths
from crosslift.analysis.judging import smallest_effect
from crosslift.analysis.language_groups import language_groups
from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.planning.plan_study import plan_study
from crosslift.results.result_record import read_json_file
from crosslift.results.verdict import EQUIVALENT, INCONCLUSIVE, ONE_SEED
from crosslift.results.weight_paths import INTERPOLATION_FILE, PathPoint
from crosslift.steps.run import run_plan
from crosslift.studies import checks
from tests.samples.small_study import small_study

TEXT = {"stages": [{"task": "name-alias"}]}
NAMES, GETTEXT = ({"name": name, "languages": ["de"]} for name in ("names", "gettext"))


def test_that_of_a_comparison_counts_before_its_target_s_and_that_before_the_study_s(
    bert_folder: Path,
) -> None:
    targets = [NAMES | {"smallest_effect": 2}, GETTEXT]
    study = small_study(bert_folder, smallest_effect=1.5, targets=targets)
    loaded = plan_study(study).targets
    assert smallest_effect(study, loaded["names"]) == 0.02
    assert smallest_effect(study, loaded["gettext"]) == 0.015
    assert smallest_effect(study, loaded["names"], 0.5) == 0.005
    without = small_study(bert_folder, targets=[NAMES, GETTEXT])
    assert smallest_effect(without, plan_study(without).targets["names"]) is None


def test_stating_it_makes_no_step_anew(bert_folder: Path) -> None:
    plain = plan_study(small_study(bert_folder, targets=[NAMES]))
    stated = plan_study(
        small_study(bert_folder, targets=[NAMES | {"smallest_effect": 2}], smallest_effect=1)
    )
    assert {step.key for step in plain.steps()} == {step.key for step in stated.steps()}


def test_groups_of_languages_and_points_of_paths_are_judged_by_it(
    bert_folder: Path, tmp_path: Path
) -> None:
    """Of a margin that everything lies within."""
    targets = [GETTEXT | {"languages": ["de", "ru"]}]
    stage = {"task": "name-alias", "learning_rate": 0.1}
    arms = {"baseline": {}, "text": {"stages": [stage], "interpolate": [0.5]}}
    settings = {"targets": targets, "arms": arms, "comparisons": []}
    study = small_study(bert_folder, **settings, smallest_effect=100, seeds=[1, 2, 3])
    store = Store(tmp_path / "store")
    plan, _ = run_plan(plan_study(study), store)
    gathered = Gathered(plan, store)

    groups = {effect.verdict for effect in language_groups(gathered)}
    points = {point.verdict for point in interpolation_paths(gathered) if point.share}
    unknown = {ONE_SEED, INCONCLUSIVE}
    assert EQUIVALENT in groups and not groups & unknown
    assert EQUIVALENT in points and not points & unknown


def test_one_seed_gives_points_of_paths_without_a_verdict(
    bert_folder: Path, tmp_path: Path
) -> None:
    stage = {"task": "name-alias", "learning_rate": 0.1}
    arms = {"baseline": {}, "text": {"stages": [stage], "interpolate": [0.5]}}
    settings = {"targets": [GETTEXT], "arms": arms, "comparisons": [], "seeds": [1]}
    store = Store(tmp_path / "store")
    plan, records = run_plan(plan_study(small_study(bert_folder, **settings)), store)

    write_run_folder(plan, store, records, tmp_path / "run")
    points = read_json_file(tmp_path / "run" / INTERPOLATION_FILE, tuple[PathPoint, ...])
    assert {(p.verdict, p.p_corrected) for p in points if p.share} == {(ONE_SEED, None)}
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.parametrize("value", [0, -1, float("inf"), "much"])
def test_it_is_a_number_above_zero(bert_folder: Path, value: object) -> None:
    with pytest.raises(StudyError, match="smallest_effect"):
        small_study(bert_folder, smallest_effect=value)


def test_one_margin_for_targets_in_different_units_is_an_error(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No target is measured in ranks yet, so one is made here."""
    ranked = replace(checks.TARGETS["gettext"], metric="median_rank")
    monkeypatch.setattr(checks, "TARGETS", {**checks.TARGETS, "gettext": ranked})
    one = {"arm": "text", "against": "baseline", "smallest_effect": 1}
    settings = {"targets": [NAMES, GETTEXT], "arms": {"baseline": {}, "text": TEXT}}

    with pytest.raises(StudyError, match=r"in several: names \(points\), gettext \(ranks\)"):
        small_study(bert_folder, **settings, comparisons=[one])
    small_study(bert_folder, **settings, comparisons=[one | {"targets": ["names"]}])
