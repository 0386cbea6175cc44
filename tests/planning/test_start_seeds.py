"""Phase one once for all seeds, or once per seed."""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from labelled_samples import xtreme_folder
from small_study import SCRATCH, small_study

from crosslift.api.export import export_arm
from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.planning.plan import ArmRun, Plan
from crosslift.planning.plan_study import arm_run, plan_study
from crosslift.reports.starts import phase_one_words, start_sentences
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.statistics.differences import paired_difference
from crosslift.statistics.query_cubes import as_many_seeds
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step
from crosslift.studies.reading import StudyFileError
from crosslift.studies.schema import Study

SHARED = "Phase one of mlm was trained once and is shared by all seeds: no interval contains its"
PAIRED = "Phase one of mlm was trained once per seed: intervals contain its variation."


def study(encoder: Path, **changes: Any) -> Study:
    """Arms of a start with a phase one, and of one without, on a target of words."""
    settings: dict[str, Any] = {
        "start_seeds": "paired",
        "targets": [{"name": "names", "languages": ["de", "ar"]}],
        "arms": {
            "baseline": {},
            "text": {"stages": [{"task": "name-alias"}]},
            "locked": {"stages": [{"task": "picture-name", **SCRATCH, "text_side": "locked"}]},
            "centred": {"postprocessing": ["centre"]},
            "plain": {"start": "plain", "reference": True},
            "plain-text": {"start": "plain", "stages": [{"task": "name-alias"}]},
        },
        "comparisons": [
            {"arm": "plain", "against": "baseline"},
            {"arm": "centred", "against": "baseline"},
        ],
        "interpolate": [0.5],
        "sweep": {"target": "names"},
    }
    return small_study(encoder, **(settings | changes))


class StopsInPhaseOne(Silent):
    """Interrupts a run while phase one of a seed is trained."""

    def __init__(self, seed: int) -> None:
        self.label = f"gettext-mlm, seed {seed}"
        self.step = ""

    def begin(self, step: Step) -> None:
        self.step = step.label

    def advance(self, share: float) -> None:
        if self.step == self.label and share > 0:
            raise KeyboardInterrupt


def seeds_of(plan: Plan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for run in plan.runs:
        found.setdefault(run.arm, []).append(run.seed)
    return found


def start_seeds(run: ArmRun) -> list[int]:
    return [step.settings["seed"] for step in run.start_steps]


@pytest.fixture(scope="module")
def ran(
    xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Study, Path, Store, RunFolder]:
    base = tmp_path_factory.mktemp("paired")
    asked, store = study(xlm_folder), Store(base / "store")
    return asked, base / "run", store, run_study(asked, base / "run", store)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def macros(folder: Path, arm: str, metric: str = "top1_accuracy") -> dict[int, float]:
    """Seed -> the mean over languages of a score."""
    facts = (arm, "macro", "all", metric, "crosslift/xx->en")
    names = ("arm", "language", "subset", "metric", "protocol")
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    return {r["seed"]: r["value"] for r in rows if tuple(r[name] for name in names) == facts}


# The plan


def test_a_shared_start_is_the_default_and_is_trained_once_with_seed_0(xlm_folder: Path) -> None:
    silent = small_study(xlm_folder)
    said = small_study(xlm_folder, start_seeds="shared")
    plan = plan_study(silent)
    assert [s.key for s in plan.steps()] == [s.key for s in plan_study(said).steps()]
    assert seeds_of(plan)["baseline"] == [0]
    assert seeds_of(plan)["text"] == [1, 2]
    assert {tuple(start_seeds(run)) for run in plan.runs if run.arm != "plain"} == {(0,)}


def test_a_paired_start_is_trained_once_per_seed_and_shared_by_the_arms_of_a_seed(
    xlm_folder: Path,
) -> None:
    plan = plan_study(study(xlm_folder))
    every = ("baseline", "text", "locked", "centred", "plain-text")
    assert seeds_of(plan) == {arm: [1, 2] for arm in every} | {"plain": [0]}
    for run in plan.runs:
        assert start_seeds(run) == ([] if run.arm.startswith("plain") else [run.seed])
    starts = {step.key for run in plan.runs for step in run.start_steps}
    assert len(starts) == 2
    kinds = collections.Counter(step.kind for step in plan.steps())
    assert kinds["train"] == 2 + 2 * 3


def test_pairing_changes_no_step_of_a_start_without_stages(xlm_folder: Path) -> None:
    shared, paired = (plan_study(study(xlm_folder, start_seeds=s)) for s in ("shared", "paired"))

    def keys(plan: Plan) -> set[str]:
        runs = (run for run in plan.runs if run.arm.startswith("plain"))
        return {step.key for run in runs for step in run.steps()}

    assert keys(shared) == keys(paired)


def test_pairing_starts_that_train_nothing_is_refused(xlm_folder: Path) -> None:
    untrained: dict[str, Any] = {
        "starts": {"plain": {"encoder": str(xlm_folder)}},
        "start": "plain",
        "arms": {"baseline": {}},
        "comparisons": [],
    }
    with pytest.raises(StudyFileError, match="no start has stages"):
        study(xlm_folder, **untrained)
    with pytest.raises(StudyFileError, match="'shared' or 'paired'"):
        small_study(xlm_folder, start_seeds="each")


def test_phase_three_follows_the_seeds_of_the_start(
    xlm_folder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = xtreme_folder(tmp_path_factory.mktemp("xtreme"))
    (data / "tatoeba").mkdir()
    for code, line in (("deu", "der Hund {}"), ("eng", "the dog {}")):
        lines = "".join(line.format(number) + "\n" for number in range(30))
        (data / "tatoeba" / f"tatoeba.deu-eng.{code}").write_text(lines, encoding="utf-8")
    asked = study(
        xlm_folder,
        arms={"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        targets=[
            {"name": "xnli", "data": str(data / "xnli"), "generalised": True, "split": "dev"},
            {"name": "tatoeba", "data": str(data / "tatoeba"), "languages": ["de"]},
        ],
        fine_tune={"budget": {"updates": 2, "batch_size": 4}, "dev_evaluations": 1},
        comparisons=[],
        interpolate=[],
        sweep=None,
    )
    plan, store = plan_study(asked), Store(tmp_path / "store")
    assert seeds_of(plan) == {"baseline": [1, 2], "text": [1, 2]}
    assert all(set(run.evaluations) == {"xnli", "tatoeba"} for run in plan.runs)
    run_study(asked, tmp_path / "run", store)
    rows = {row["arm"]: row["cells"] for row in read(tmp_path / "run", "xtreme.json")["rows"]}
    assert {cell["seeds"] for cells in rows.values() for cell in cells.values()} == {2}
    for cell, whole in ((rows["text"][c], rows["baseline"][c]) for c in ("tatoeba", "all")):
        assert cell["effect"] == pytest.approx(cell["score"] - whole["score"])
        assert cell["low"] <= cell["effect"] <= cell["high"]


def test_a_run_of_an_arm_is_found_with_the_start_of_its_seed(xlm_folder: Path) -> None:
    asked = study(xlm_folder)
    for arm, seed, of_start in (("baseline", 2, [2]), ("text", 1, [1]), ("plain", 2, [])):
        assert start_seeds(arm_run(asked, arm, seed)) == of_start
    shared = study(xlm_folder, start_seeds="shared")
    assert start_seeds(arm_run(shared, "baseline", 2)) == [0]


# The run


def test_the_untrained_arm_is_measured_once_per_seed(ran: tuple[Any, ...]) -> None:
    _, folder, _, found = ran
    arms = {arm.name: arm for arm in found.run.arms}
    assert arms["baseline"].seeds == (1, 2)
    assert arms["baseline"].role == "baseline"
    assert arms["plain"].seeds == (0,)
    named = {name: arm.start_seeds for name, arm in arms.items()}
    of_plain = {"plain": None, "plain-text": None}
    assert named == dict.fromkeys(("baseline", "text", "locked", "centred"), "paired") | of_plain
    assert set(macros(folder, "baseline")) == {1, 2}
    assert len(set(macros(folder, "baseline", "mrr").values())) == 2, "the two starts differ"


def test_sweep_and_diagnostics_are_of_every_start(ran: tuple[Any, ...]) -> None:
    _, folder, _, _ = ran
    swept = {(e["arm"], e["seed"]) for e in read(folder, "sweep.json")["arms"]}
    described = {(e["arm"], e["seed"]) for e in read(folder, "diagnostics.json")}
    own = {("baseline", 1), ("baseline", 2), ("plain", 0)}
    assert own <= swept
    assert own <= described
    assert not {("baseline", 0), ("plain", 1)} & (swept | described)


def test_arms_are_compared_seed_by_seed_with_their_own_start(ran: tuple[Any, ...]) -> None:
    _, folder, _, found = ran
    verdicts = {(v.arm, v.against): v for v in found.verdicts}
    text, base = macros(folder, "text"), macros(folder, "baseline")
    verdict = verdicts["text", "baseline"]
    assert verdict.seeds == 2
    assert verdict.effect == pytest.approx(np.mean([text[s] - base[s] for s in (1, 2)]))
    locked = verdicts["locked", "baseline"]
    assert locked.effect == 0, "each seed has its own start"
    assert locked.low == -locked.high


def test_an_interval_contains_the_variation_of_the_start(ran: tuple[Any, ...]) -> None:
    _, folder, _, found = ran
    verdict = next(v for v in found.verdicts if (v.arm, v.against) == ("plain", "baseline"))
    base = macros(folder, "baseline")
    assert verdict.seeds == 2
    assert verdict.effect == pytest.approx(macros(folder, "plain")[0] - np.mean([*base.values()]))
    untrained = next(v for v in found.verdicts if (v.arm, v.against) == ("centred", "baseline"))
    assert untrained.seeds == 2
    assert "2 seeds" in untrained.sentence
    entry = next(e for e in found.run.orientations if e.arm == "plain")
    assert entry.effect == pytest.approx(verdict.effect)
    assert (entry.low, entry.high) == (verdict.low, verdict.high)


def test_an_arm_without_seeds_counts_in_every_seed_of_the_other() -> None:
    starts = np.array([0.2, 0.6])[:, None, None] * np.ones((2, 50, 1))
    untouched = np.full((1, 50, 1), 0.5)
    repeated = as_many_seeds(untouched, starts)
    assert repeated.shape == starts.shape
    assert as_many_seeds(starts, untouched) is starts
    strata = np.zeros(50, np.int64)
    found = paired_difference(repeated, starts, strata)
    turned = paired_difference(starts, untouched, strata)
    assert found.effect == pytest.approx(0.1)
    assert found.low < -0.1 < 0.3 < found.high, "items alone would leave an interval of no width"
    assert (found.low, found.high) == (pytest.approx(-turned.high), pytest.approx(-turned.low))


def test_the_path_of_an_arm_begins_at_the_start_of_its_seed(ran: tuple[Any, ...]) -> None:
    _, folder, _, found = ran
    of_text = {e["share"]: e for e in read(folder, "interpolation.json") if e["arm"] == "text"}
    assert of_text[0.0]["seeds"] == pytest.approx([*macros(folder, "baseline").values()])
    verdict = next(v for v in found.verdicts if (v.arm, v.against) == ("text", "baseline"))
    assert of_text[1.0]["effect"] == pytest.approx(verdict.effect)
    plain = {e["share"]: e for e in read(folder, "interpolation.json") if e["arm"] == "plain-text"}
    assert plain[0.0]["seeds"] == pytest.approx([*macros(folder, "plain").values()])


def test_a_second_run_makes_nothing_and_a_part_of_the_store_is_used(
    ran: tuple[Any, ...], xlm_folder: Path
) -> None:
    asked, _, store, _ = ran
    _, records = run_plan(plan_study(asked), store)
    assert all(record.reused for record in records)
    one_more = study(xlm_folder, seeds=[1, 2, 3])
    _, records = run_plan(plan_study(one_more), store)
    made = [r.step.settings["seed"] for r in records if r.step.kind == "train" and not r.reused]
    assert made == [3, 3, 3, 3], "phase one of seed 3 and the three arms that train"


def test_a_run_stopped_in_phase_one_of_each_seed_ends_with_the_same_numbers(
    ran: tuple[Any, ...], tmp_path: Path
) -> None:
    asked, folder, _, _ = ran
    store = Store(tmp_path / "store")
    for seed in asked.seeds:
        with pytest.raises(KeyboardInterrupt):
            run_study(asked, tmp_path / "run", store, StopsInPhaseOne(seed))
    run_study(asked, tmp_path / "run", store)
    for arm in asked.arms:
        assert macros(tmp_path / "run", arm) == macros(folder, arm)
    verdicts = [read(each, "verdicts.json") for each in (tmp_path / "run", folder)]
    assert verdicts[0] == verdicts[1]


def test_an_exported_arm_tells_of_its_phase_one(ran: tuple[Any, ...], tmp_path: Path) -> None:
    folder = ran[1]
    card = (export_arm(folder, "baseline", tmp_path / "base", 2) / "README.md").read_text()
    assert "after phase one of the start mlm, trained with seed 2." in card
    assert PAIRED in card
    trained = (export_arm(folder, "text", tmp_path / "text", 1) / "README.md").read_text()
    assert "after phase one of the start mlm, trained with seed 1, and was trained" in trained
    plain = (export_arm(folder, "plain", tmp_path / "plain") / "README.md").read_text()
    assert "as it starts." in plain
    assert "hase one" not in plain


# What is said


def test_the_report_says_which_of_the_two_it_was(ran: tuple[Any, ...]) -> None:
    page = (ran[1] / "report.html").read_text(encoding="utf-8")
    assert PAIRED in page
    assert "shared by all seeds" not in page


def arm(start: str, start_seeds: str | None, seeds: tuple[int, ...] = (1, 2)) -> ArmFacts:
    budget = dict.fromkeys(("updates", "examples", "tokens", "flops", "seconds"), 0.0)
    return ArmFacts.model_validate(
        {"name": start, "role": "trained", "baseline": start, "control_of": None}
        | {"description": "", "encoder": "tiny", "start": start, "seeds": seeds}
        | {"stages": [], "budget": budget, "start_seeds": start_seeds}
    )


def test_each_start_with_a_phase_one_has_a_sentence() -> None:
    told = start_sentences([arm("mlm", "shared", (0,)), arm("plain", None), arm("mlm", "shared")])
    assert told == [f"{SHARED} variation."]
    assert start_sentences([arm("mlm", "paired"), arm("other", "paired", (1,))]) == [
        PAIRED,
        "Phase one of other was trained with one seed: no interval contains its variation.",
    ]
    assert start_sentences([arm("plain", None)]) == []
    assert phase_one_words(arm("mlm", "shared"), 2).endswith("trained once for all seeds")
