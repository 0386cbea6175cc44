"""Control arms in one word: they train on something else, and nothing else changes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image
from small_study import SCRATCH, small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.forms.declared_forms import trains_on_captions
from crosslift.making.decode_pictures import FramedPictures
from crosslift.planning.plan_study import plan_study
from crosslift.sources.record import Record
from crosslift.studies.reading import StudyFileError
from crosslift.tasks.all_tasks import find_task, form_name, task_names
from crosslift.tasks.controls import (
    CONTROLS,
    Control,
    automatic_controls,
    controlled,
    legal_controls,
    placebo,
)
from crosslift.tasks.task import FormSpec

PICTURES = [{"name": "pictures", "languages": ["en", "fa"]}]


# The words


def test_every_control_is_described_and_legal_somewhere() -> None:
    forms = {form_name(name) for name in task_names()}
    legal = {control for form in forms for control in legal_controls(form)}
    assert set(CONTROLS) == set(get_args(Control)) == legal
    for form in forms:
        assert set(automatic_controls(form)) <= set(legal_controls(form))
    assert automatic_controls("image-text") == ("shuffled-pictures", "captions-only")
    assert automatic_controls("classification") == ("placebo-labels",)
    assert legal_controls("masked-lm") == ()


def test_a_control_that_a_task_cannot_have_is_refused() -> None:
    with pytest.raises(StudyError, match=r"(?s)no control 'shuffled-pictures'.*placebo-labels"):
        controlled(find_task("name-alias"), "shuffled-pictures")


def test_captions_are_what_forms_with_pictures_train_on() -> None:
    assert trains_on_captions(["image-text"])
    assert trains_on_captions(["image-masked-lm", "caption-to-feature", "image-text-matching"])
    assert not trains_on_captions(["image-text", "classification"])
    assert not trains_on_captions([])


# Captions only


def table(folder: Path, count: int = 8, captions: int = 2) -> Path:
    """A table of small pictures with captions, and a fifth of them for dev."""
    rows = []
    for i in range(count):
        colour = tuple(np.random.default_rng(i).integers(0, 256, 3).tolist())
        Image.new("RGB", (40, 30), colour).save(folder / f"{i}.png")
        texts = [f"picture {i} told {n} times" for n in range(captions)]
        split = "dev" if i % 5 == 4 else "train"
        rows.append(json.dumps({"image": f"{i}.png", "captions": texts, "split": split}))
    path = folder / "captions.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_captions_only_pairs_the_captions_of_a_picture(tmp_path: Path) -> None:
    task = controlled(find_task("image-text", table(tmp_path, 5, 3)), "captions-only")
    records = task.source.train()
    assert not task.pictures
    assert task.form.name == "text-pairs"
    assert len(records) == 12
    for record in records:
        assert record.image is None
        assert record.texts["anchor"] != record.texts["positive"]
        assert record.texts["anchor"].split()[1] == record.texts["positive"].split()[1]
    positives = Counter(record.texts["positive"] for record in records)
    assert set(positives.values()) == {1}
    assert task.form.options["one_of_a_group"] is True
    assert {r.texts["anchor"].split()[1] for r in task.source.dev()} == {"4"}


def test_captions_only_has_the_temperature_that_the_arm_starts_with(tmp_path: Path) -> None:
    data = table(tmp_path, 5, 3)
    cold = find_task("image-text", data, options={"first_temperature": 0.01})
    assert controlled(cold, "captions-only").form.options["temperature"] == 0.01
    default = controlled(find_task("image-text", data), "captions-only")
    assert "temperature" not in default.form.options


def test_captions_only_of_single_captions_are_views_by_dropout() -> None:
    task = controlled(find_task("picture-name"), "captions-only")
    names = [r.texts["name"] for r in find_task("picture-name").source.train()]
    assert [r.texts["anchor"] for r in task.source.train()] == names
    assert all(r.texts["anchor"] == r.texts["positive"] for r in task.source.train())


def test_no_task_is_masked_lm_on_the_same_texts() -> None:
    alias = find_task("name-alias")
    task = controlled(alias, "same-updates-no-task")
    texts = [r.texts["text"] for r in task.source.train()]
    expected = {t for r in alias.source.train() for t in (r.texts["name"], r.texts["alias"])}
    assert len(texts) == len(set(texts))
    assert set(texts) == expected
    assert task.form == FormSpec("masked-lm", {"text": "text"})


# Placebo labels


def test_placebo_labels_are_the_same_labels_elsewhere() -> None:
    records = [
        Record(str(i), {"text": str(i)}, label="yes" if i < 30 else "no") for i in range(100)
    ]
    form = FormSpec("classification", {"text": "text"})
    changed = placebo(records, form, seed=1)
    assert Counter(r.label for r in changed) == Counter(r.label for r in records)
    moved = sum(a.label != b.label for a, b in zip(changed, records, strict=True))
    assert 20 < moved < 60
    assert changed == placebo(records, form, seed=1)
    assert changed != placebo(records, form, seed=2)
    assert [r.texts for r in changed] == [r.texts for r in records]


def test_placebo_scores_partners_answers_tags_and_spans() -> None:
    scored = [Record(str(i), score=float(i)) for i in range(20)]
    changed = placebo(scored, FormSpec("regression"), 0)
    assert sorted(r.score or 0.0 for r in changed) == [float(i) for i in range(20)]
    assert [r.score for r in changed] != [r.score for r in scored]

    pairs = [Record(str(i), {"q": f"q{i}", "a": f"a{i}"}) for i in range(20)]
    form = FormSpec("text-pairs", {"anchor": "q", "positive": "a"})
    changed = placebo(pairs, form, 0)
    assert [r.texts["q"] for r in changed] == [r.texts["q"] for r in pairs]
    assert sorted(r.texts["a"] for r in changed) == sorted(r.texts["a"] for r in pairs)
    assert sum(r.texts["a"][1:] == r.id for r in changed) < 5

    choices = [Record(str(i), choices=("a", "b", "c", "d"), answer=0) for i in range(80)]
    counts = Counter(r.answer for r in placebo(choices, FormSpec("multiple-choice"), 0))
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 8

    tagged = Record("t", words=tuple("abcdef"), tags=("X", "Y", "Y", "O", "O", "O"))
    (found_tags,) = placebo([tagged], FormSpec("tagging"), 3)
    assert Counter(found_tags.tags) == Counter(tagged.tags)
    assert found_tags.tags != tagged.tags

    passage = "where the wild things are and sleep"
    question = Record("s", {"passage": passage, "question": "?"}, spans=((10, 14),))
    form = FormSpec("span-qa", {"question": "question", "passage": "passage"})
    moved = {placebo([question], form, seed)[0].spans for seed in range(10)}
    assert len(moved) > 3
    assert all(s >= 0 and e - s == 4 and e <= len(passage) for ((s, e),) in moved)


# Arms


def arms_of(encoder: Path, **arm: Any) -> dict[str, Any]:
    raw = {"image": {"stages": [{"task": "picture-name", **SCRATCH, "learning_rate": 1e-4}], **arm}}
    return dict(small_study(encoder, arms={"baseline": {}, **raw}, comparisons=[]).arms)


def test_controls_become_arms_with_the_same_settings(tmp_path: Path) -> None:
    arms = arms_of(tmp_path, controls="auto", interpolate=[0.5])
    assert list(arms) == [
        "baseline",
        "image",
        "image--shuffled-pictures",
        "image--captions-only",
    ]
    for control in ("shuffled-pictures", "captions-only"):
        arm = arms[f"image--{control}"]
        assert (arm.control_of, arm.control, arm.controls) == ("image", control, ())
        assert arm.interpolate == ()
        whole, changed = arms["image"].stages[0], arm.stages[0]
        controlled = whole.tasks[0].model_copy(update={"control": control})
        assert changed == whole.model_copy(update={"tasks": (controlled,)})


def test_a_study_may_ask_for_the_controls_of_all_its_arms(tmp_path: Path) -> None:
    study = small_study(
        tmp_path,
        controls=["placebo-labels"],
        comparisons=[{"arm": "text", "against": "text--placebo-labels"}],
        arms={"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
    )
    assert list(study.arms) == ["baseline", "text", "text--placebo-labels"]
    again = study.model_validate(study.model_dump(mode="json") | {"controls": ()})
    assert again.arms == study.arms


def test_only_the_last_stage_and_the_tasks_that_can_are_controlled(tmp_path: Path) -> None:
    mixed = {"tasks": [{"task": "picture-name", **SCRATCH}, {"task": "gettext-mlm"}]}
    arms = arms_of(tmp_path, stages=[{"task": "name-alias"}, mixed], controls="auto")
    first, last = arms["image--shuffled-pictures"].stages
    assert [task.control for task in first.tasks] == [None]
    assert [task.control for task in last.tasks] == ["shuffled-pictures", None]


def test_captions_only_is_not_automatic_where_the_text_side_is_locked(tmp_path: Path) -> None:
    stages = [{"task": "picture-name", **SCRATCH, "text_side": "locked"}]
    assert list(arms_of(tmp_path, stages=stages, controls="auto")) == [
        "baseline",
        "image",
        "image--shuffled-pictures",
    ]


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"controls": ["placebo-labels"]}, "no task of its last stage has it"),
        ({"controls": ["shufled-pictures"]}, "shuffled-pictures"),
        ({"controls": "auto", "stages": []}, "trains nothing"),
    ],
)
def test_controls_that_make_no_sense_are_refused(
    tmp_path: Path, arm: dict[str, Any], words: str
) -> None:
    with pytest.raises(StudyFileError, match=words):
        arms_of(tmp_path, **arm)


def test_a_comparison_with_a_missing_control_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="image--captions-only is none of them"):
        small_study(tmp_path, comparisons=[{"arm": "image", "against": "image--captions-only"}])


# Zero-shot


def test_an_arm_that_sees_other_languages_must_say_so(tmp_path: Path, xlm_folder: Path) -> None:
    path = table(tmp_path)
    lines = [json.loads(line) | {"language": "de"} for line in path.read_text().splitlines()]
    path.write_text("\n".join(map(json.dumps, lines)))
    arm: dict[str, Any] = {"stages": [{"task": "image-text", "data": str(path)}]}
    study = small_study(xlm_folder, arms={"baseline": {}, "german": arm}, comparisons=[])
    with pytest.raises(
        StudyError, match=r"(?s)'german' learns from image-text in de.*zero_shot: false"
    ):
        plan_study(study)
    arms = {"baseline": {}, "german": arm | {"zero_shot": False}}
    assert plan_study(small_study(xlm_folder, arms=arms, comparisons=[]))


# Whole studies


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, xlm_folder: Path) -> Any:
    base = tmp_path_factory.mktemp("controls")
    path = table(base, 20)
    own_pictures = {"task": "image-text", **SCRATCH, "data": str(path), "limit": 20, "dev_limit": 4}
    staged = [
        {"task": "picture-name", **SCRATCH, "text_side": "locked"},
        {"task": "picture-name", **SCRATCH, "heads": "kept"},
    ]
    frozen = {
        "task": "image-text-matching",
        "options": {"tower": "convolutional", "tower_side": "frozen"},
    }
    with_patches = {"task": "image-masked-lm", **SCRATCH}
    teacher = {
        "task": "caption-to-feature",
        "options": {"tower": "convolutional", "tower_weights": "random"},
    }
    study = small_study(
        xlm_folder,
        seeds=[1],
        starts={"plain": {"encoder": str(xlm_folder)}},
        start="plain",
        comparisons=[],
        targets=[{"name": "names", "languages": ["de"]}, *PICTURES],
        arms={
            "baseline": {},
            "image": {
                "stages": [{"task": "picture-name", **SCRATCH}],
                "controls": [c for c in legal_controls("image-text") if c != "same-kind-pictures"],
            },
            "own": {"stages": [own_pictures], "controls": "auto"},
            "staged": {"stages": staged},
            "frozen": {"stages": [frozen]},
            "seen": {"stages": [with_patches]},
            "teacher": {"stages": [teacher]},
        },
    )
    store = Store(base / "store")
    folder = run_study(study, base / "run", store)
    return plan_study(study), store, folder, base / "run"


def run_of(plan: Any, arm: str) -> Any:
    return next(run for run in plan.runs if run.arm == arm)


def test_arms_with_pictures_are_scored_on_pictures_and_others_are_not(ran: Any) -> None:
    plan = ran[0]
    scored = {run.arm for run in plan.runs if "pictures" in run.evaluations}
    assert scored == {
        *("image", "image--shuffled-pictures", "image--random-features", "own"),
        *("own--shuffled-pictures", "staged", "frozen", "teacher"),
    }


def test_stages_with_pictures_name_their_tower(ran: Any) -> None:
    _, _, folder, _ = ran
    towers = {
        arm.name: [(task.task, task.tower and task.tower.side) for task in arm.stages[-1].tasks]
        for arm in folder.run.arms
        if arm.stages
    }
    assert towers["image"] == [("picture-name", "trainable")]
    assert towers["frozen"] == [("image-text-matching", "frozen")]
    assert towers["image--captions-only"] == [("picture-name", None)]
    (task,) = next(a for a in folder.run.arms if a.name == "frozen").stages[0].tasks
    assert (task.tower.trained_on, task.tower.photographs) == ("nothing: random weights", ())


def test_every_arm_spent_the_same(ran: Any) -> None:
    _, _, folder, _ = ran
    spent = {
        arm.name: (arm.budget.updates, arm.budget.examples) for arm in folder.run.arms if arm.stages
    }
    assert {spent[name] for name in spent if name != "staged"} == {(3, 18)}
    assert spent["staged"] == (6, 36)


def test_own_pictures_are_limited_and_have_dev_records(ran: Any) -> None:
    plan, store, _, _ = ran
    step = run_of(plan, "own").stage_steps[0]
    counts = json.loads((step.open(store) / "records.json").read_text())["image-text"]
    assert counts["train"] == 20
    assert counts["dev"] == 4
    assert counts["rows"] == 10, "each of the pictures has both of its captions among the twenty"
    decoded = step.inputs["image-text: train pictures"]
    assert len(decoded.job_as(FramedPictures).pictures) == counts["rows"]
    curve = json.loads((step.open(store) / "curve.json").read_text())
    assert any(metric == "dev_recall_at_10" for _, _, metric, _ in curve)


def test_kept_heads_continue_from_the_stage_before(ran: Any) -> None:
    from safetensors.torch import load_file

    plan, store, _, _ = ran
    first, second = run_of(plan, "staged").stage_steps
    assert second.inputs["heads"] is first
    before, after = (load_file(s.open(store) / "head.safetensors") for s in (first, second))
    counter = "picture-name/tower.norm.num_batches_tracked"
    assert (int(before[counter]), int(after[counter])) == (3, 6)  # a new head would have seen three
    weight = "picture-name/tower.stem.weight"
    assert not after[weight].equal(before[weight])


def test_features_of_a_frozen_tower_are_computed_once(ran: Any) -> None:
    plan, store, _, _ = ran
    run = run_of(plan, "image--random-features")
    step = run.stage_steps[0].inputs["picture-name: train pictures"]
    assert step.kind == "features"
    features = np.load(step.open(store) / "features.npy")
    assert features.shape == (len(step.inputs["pictures"].job_as(FramedPictures).pictures), 256)
    assert not any(".tower." in name for name in load_names(run.stage_steps[0], store))


def load_names(step: Any, store: Store) -> list[str]:
    from safetensors import safe_open

    with safe_open(step.open(store) / "head.safetensors", "np") as file:
        return list(file.keys())


def test_texts_are_mapped_into_the_teachers_space(ran: Any) -> None:
    plan, store, _, _ = ran
    step = run_of(plan, "teacher").evaluations["pictures"]["en"].inputs["pictures"]
    vectors = np.load(step.open(store) / "vectors.npy")
    with np.load(step.open(store) / "text_map.npz") as arrays:
        assert arrays["weight"].shape == (256, 32)
    assert vectors.shape == (400, 256)


def test_the_report_tells_where_the_effect_comes_from(ran: Any) -> None:
    text = (ran[3] / "report.html").read_text(encoding="utf-8")
    assert "Where the effect comes from" in text
    assert "image--captions-only" in text or "captions-only" in text


def test_pictures_of_a_target_among_the_training_pictures_are_reported(
    tmp_path: Path, xlm_folder: Path
) -> None:
    from crosslift.images.decode import load_picture
    from crosslift.targets.names import held_out_concepts

    concepts = held_out_concepts()[:3]
    rows = []
    for number, concept in enumerate(concepts):
        picture = Image.fromarray(load_picture(concept.picture, 200))
        picture.save(tmp_path / f"{number}.jpg", quality=80)
        rows.append(json.dumps({"image": f"{number}.jpg", "text": f"words {number}"}))
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    study = small_study(
        xlm_folder,
        seeds=[1],
        arms={
            "baseline": {},
            "own": {"stages": [{"task": "image-text", "data": str(tmp_path / "t.jsonl")}]},
        },
        comparisons=[],
        targets=[{"name": "names", "languages": ["de"]}, *PICTURES],
    )
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    overlap = [entry for entry in folder.run.overlap if entry.kind == "pictures"]
    assert [(e.task, e.target) for e in overlap] == [("image-text", "pictures")]
    assert overlap[0].exact + overlap[0].near >= 3
    assert {e.test for e in overlap[0].examples} >= {c.id for c in concepts}


def test_a_damaged_picture_is_an_error_or_a_counted_skip(tmp_path: Path, xlm_folder: Path) -> None:
    path = table(tmp_path)
    (tmp_path / "0.png").write_bytes((tmp_path / "0.png").read_bytes()[:40])
    stage: dict[str, Any] = {"task": "image-text", "data": str(path)}

    def study(**more: Any) -> Any:
        arms = {"baseline": {}, "own": {"stages": [stage | more]}}
        return small_study(
            xlm_folder,
            seeds=[1],
            arms=arms,
            comparisons=[],
            targets=[{"name": "names", "languages": ["de"]}],
        )

    store = Store(tmp_path / "store")
    with pytest.raises(DataError, match=r"0\.png"):
        run_study(study(), tmp_path / "run", store)
    run_study(study(skip_broken=True), tmp_path / "run", store)
    step = run_of(plan_study(study(skip_broken=True)), "own").stage_steps[0]
    counts = json.loads((step.open(store) / "records.json").read_text())["image-text"]
    assert counts["left_out"] == {"picture damaged": 2}
    assert counts["train"] == 12
