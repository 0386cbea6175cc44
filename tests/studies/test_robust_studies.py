"""Robust training in studies: keys, costs, phase three of one arm, votes, copies of records."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from labelled_samples import xtreme_folder
from small_study import small_study
from tiny_encoder import load_tiny

from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.artifacts.store import Store
from crosslift.errors import DataError
from crosslift.forms.form import Split
from crosslift.making.answer import answers_in
from crosslift.making.synonym_copies import robust_facts, smoothed
from crosslift.planning.plan import ArmRun, Plan
from crosslift.planning.plan_study import plan_study
from crosslift.sources.record import Record
from crosslift.steps.run import run_plan
from crosslift.studies.reading import StudyFileError, parse_study, study_of
from crosslift.studies.schema import Study
from crosslift.tasks.task import FormSpec
from crosslift.training.robust_settings import RobustSettings

PAIRS = FormSpec("text-pairs", {"anchor": "anchor", "positive": "positive"})


def synonyms_file(folder: Path, **words: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "synonyms.json"
    path.write_text(json.dumps(words or {"cat": ["pet"], "face": ["mug", "visage"]}))
    return path


def robust_study(encoder: Path, data: Path, synonyms: Path) -> Study:
    """XNLI after plain and after robust fine-tuning, and with votes."""
    robust = {"adversarial": {"steps": 2}, "data_augmentation": {"synonyms": str(synonyms)}}
    return study_of(
        {
            "name": "robust",
            "question": "Is it robust?",
            "seeds": [1],
            "starts": {"plain": {"encoder": {"name": str(encoder), "max_tokens": 64}}},
            "start": "plain",
            "arms": {
                "baseline": {},
                "robust": {"fine_tune": {"robust": robust}},
                "votes": {"fine_tune": {"smoothed_prediction": {"draws": 3, "radius": 2.0}}},
            },
            "fine_tune": {
                "budget": {"updates": 3, "batch_size": 4},
                "learning_rate": 1e-3,
                "dev_evaluations": 0,
                "keep_best": False,
            },
            "targets": [
                {"name": "xnli", "data": str(data / "xnli"), "split": "dev", "generalised": True}
            ],
        }
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xtreme_folder(tmp_path_factory.mktemp("xtreme"))


def english_words_of(data: Path) -> list[str]:
    text = " ".join(p.read_text(encoding="utf-8") for p in (data / "xnli").glob("*en*"))
    return sorted({word for word in text.lower().split() if word.isalpha()})


@pytest.fixture(scope="module")
def ran(
    tiny_folders: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Store, Path]:
    root = tmp_path_factory.mktemp("ran")
    words = english_words_of(data)
    others = {word: [other] for word, other in pairwise(words)}
    study = robust_study(tiny_folders["xlm-roberta"], data, synonyms_file(root / "words", **others))
    plan = plan_study(study)
    store = Store(root / "store")
    done, records = run_plan(plan, store)
    write_run_folder(done, store, records, root / "run")
    return done, store, root / "run"


def run_of(plan: Plan, arm: str) -> ArmRun:
    return next(run for run in plan.runs if run.arm == arm and run.fine_tuned)


def test_an_arm_has_a_phase_three_of_its_own(ran: tuple[Plan, Store, Path]) -> None:
    plan, store, folder = ran
    plain, robust = (run_of(plan, arm).fine_tuned["xnli"] for arm in ("baseline", "robust"))
    assert plain.tuned.key != robust.tuned.key
    assert "adversarial and data augmentation (2.33 x the cost of plain updates)" in (
        robust.tuned.label
    )
    assert robust.tuned.work == pytest.approx(plain.tuned.work * 7 / 3)
    told = json.loads((robust.tuned.open(store) / "records.json").read_text())
    ((_, counts),) = told.items()
    copied = counts["augmentation"]
    assert copied["copies"] == 3
    assert 0 < copied["replaced"] < copied["with_synonyms"] <= copied["words"]
    plainly = json.loads((plain.tuned.open(store) / "records.json").read_text())
    ((_, before),) = plainly.items()
    assert counts["train"] == 3 * before["train"]
    assert counts["dev"] == before["dev"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Fine-tuning: " in page


def test_updates_and_examples_are_those_of_plain_training(ran: tuple[Plan, Store, Path]) -> None:
    plan, store, _ = ran
    spent = []
    for arm in ("baseline", "robust"):
        tuned = run_of(plan, arm).fine_tuned["xnli"].tuned
        spent.append(json.loads((tuned.open(store) / "spent.json").read_text()))
    assert [s["updates"] for s in spent] == [3, 3]
    assert [s["examples"] for s in spent] == [12, 12]
    assert spent[1]["flops"] / spent[0]["flops"] == pytest.approx(7 / 3, rel=0.25)  # other texts


def test_votes_answer_from_the_same_weights(ran: tuple[Plan, Store, Path]) -> None:
    plan, store, _ = ran
    plain, votes = (run_of(plan, arm).fine_tuned["xnli"] for arm in ("baseline", "votes"))
    assert plain.tuned.key == votes.tuned.key
    assert plain.answers.key != votes.answers.key
    assert votes.answers.work == 3 * plain.answers.work
    assert "by vote over 3 draws" in votes.answers.label
    given, voted = (answers_in(found.answers, store) for found in (plain, votes))
    assert given.keys() == voted.keys()
    assert all(len(given[code]) == len(voted[code]) for code in given)
    assert votes.generalised is not None
    assert votes.generalised.exists(store)


@pytest.mark.parametrize("own", [{"budget": {"updates": 9}}, {"limit": 5}])
def test_an_arm_has_the_budget_of_all(tiny_folders: dict[str, Path], own: dict[str, Any]) -> None:
    with pytest.raises(StudyFileError, match="the same for all arms"):
        small_study(tiny_folders["bert"], arms={"baseline": {"fine_tune": own}})


def test_settings_of_arm_and_study_that_do_not_fit_are_listed(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    whole: dict[str, Any] = {
        "targets": [{"name": "xnli", "data": str(data / "xnli")}],
        "fine_tune": {"budget": {"updates": 1}, "dev_evaluations": 0, "keep_best": False},
        "arms": {"baseline": {}, "best": {"fine_tune": {"keep_best": True}}},
        "comparisons": [],
    }
    with pytest.raises(StudyFileError, match="fine_tune of arm best with that of xnli"):
        small_study(tiny_folders["bert"], **whole)
    own = {"fine_tune": {"robust": {"adversarial": {}}}, "postprocessing": ["centre"]}
    with pytest.raises(StudyFileError, match="no fine_tune of an arm with postprocessing"):
        small_study(tiny_folders["bert"], **whole | {"arms": {"baseline": own}})


def test_files_of_synonyms_lie_beside_the_data(tmp_path: Path) -> None:
    stages = [
        {"task": "name-alias", "robust": {"data_augmentation": {"synonyms": named}}}
        for named in ("words.json", "wordnet", "encoder")
    ]
    text = yaml.safe_dump(
        {
            "name": "x",
            "question": "y",
            "starts": {"s": {"encoder": "embedded"}},
            "start": "s",
            "budget": {"updates": 1},
            "arms": {"baseline": {}, "text": {"stages": stages}},
            "targets": ["names"],
        }
    )
    found = parse_study(text, folder=tmp_path).arms["text"].stages
    asked = [s.robust.data_augmentation.synonyms for s in found]  # type: ignore[union-attr]
    assert asked == [tmp_path / "words.json", "wordnet", "encoder"]


def test_an_arm_that_is_tuned_otherwise_is_told_in_comparisons(
    ran: tuple[Plan, Store, Path],
) -> None:
    _, _, folder = ran
    told = json.loads((folder / "verdicts.json").read_text())
    sentences = {v["arm"]: v["sentence"] for v in told if v["target"] == "xnli"}
    assert "`robust` has its own fine-tuning (robust)" in sentences["robust"]
    assert "(smoothed prediction)" in sentences["votes"]


# Keys


def test_a_key_has_the_content_of_the_synonyms_not_their_path(tmp_path: Path) -> None:
    def facts(path: Path) -> Any:
        return robust_facts(RobustSettings(data_augmentation={"synonyms": str(path)}))

    one = facts(synonyms_file(tmp_path / "a"))
    assert facts(synonyms_file(tmp_path / "b")) == one
    assert facts(synonyms_file(tmp_path / "c", cat=["animal"])) != one
    assert robust_facts(None) is None


def test_a_file_of_synonyms_that_is_not_there(
    tmp_path: Path, tiny_folders: dict[str, Path]
) -> None:
    missing = {"data_augmentation": {"synonyms": str(tmp_path / "none.json")}}
    stage = {"task": "name-alias", "robust": missing}
    arms = {"baseline": {}, "text": {"stages": [stage]}}
    study = small_study(tiny_folders["bert"], arms=arms, comparisons=[])
    with pytest.raises(DataError, match="no file of synonyms"):
        plan_study(study)


# Copies


def test_copies_keep_their_pictures_and_teachings(
    tmp_path: Path, tiny_folders: dict[str, Path]
) -> None:
    """Record i has picture i; after, rows 2i and 2i + 1 have it, and the teacher's vector of it."""
    texts = ["a cat", "a face", "the dog"]
    records = [Record(str(i), {"text": text}, group=f"g{i}") for i, text in enumerate(texts)]
    pictures = np.arange(3 * 12, dtype=np.uint8).reshape(3, 2, 2, 3)
    teachings = np.arange(6, dtype=np.float32).reshape(3, 2)
    path = synonyms_file(tmp_path)
    settings = RobustSettings(data_augmentation={"synonyms": str(path), "copies": 2})
    encoder, form = load_tiny(tiny_folders["bert"]), FormSpec("image-text", {"text": "text"})
    for places in (None, np.array([0, 1, 2])):
        split = Split(records, pictures, places, None, teachings)
        found, facts = smoothed(split, form, settings, encoder, 0)
        assert found.places_of_records.tolist() == [0, 0, 1, 1, 2, 2]
        assert found.teachings is not None
        assert found.teachings[:, 0].tolist() == [0, 0, 2, 2, 4, 4]
        assert [record.group for record in found.records] == ["g0", "g0", "g1", "g1", "g2", "g2"]
        assert found.pictures is pictures
        assert facts is not None and facts.words == 12


def test_synonyms_of_the_encoder_are_words_of_the_texts(
    tiny_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_tiny(tiny_folders["xlm-roberta"])  # "a" and "the" are tokens of their own
    records = [Record("1", {"anchor": "a cat", "positive": "the cat"})]
    asked = {"synonyms": "encoder", "least_cosine": -1.0, "copies": 8}
    settings = RobustSettings(data_augmentation=asked)
    with pytest.raises(DataError, match="no word of the training texts has a synonym"):
        smoothed(Split(records), PAIRS, settings, encoder, 0)  # function words have none
    monkeypatch.setattr("crosslift.making.synonym_copies.FUNCTION_WORDS", frozenset())
    found, facts = smoothed(Split(records), PAIRS, settings, encoder, 0)
    words = {w for r in found.records for text in r.texts.values() for w in text.split()}
    assert words == {"a", "the", "cat"}
    assert facts is not None and facts.replaced > 0


def test_without_augmentation_the_records_are_the_same() -> None:
    split = Split([Record("1", {"anchor": "a", "positive": "b"})])
    encoder: Any = None
    for settings in (None, RobustSettings(adversarial={})):
        assert smoothed(split, PAIRS, settings, encoder, 0) == (split, None)
