"""Vectors of a guide or a teacher: steps that arms and seeds share, with the bytes that the training
itself would make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_samples import SAMPLES, write_sample
from small_study import SCRATCH, small_study
from tiny_encoder import make_tiny_encoder
from tiny_translators import fake  # noqa: F401  (a fixture)

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError
from crosslift.forms.equal_numbers import digests_of
from crosslift.forms.further_encoder import KeptVectors
from crosslift.making.guide_vectors import GuidedTexts, all_texts, texts_by_language
from crosslift.planning import training_steps
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import size_of_step
from crosslift.sources.record import Record
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step

Stage = dict[str, Any]


class MadeSteps(Silent[Step]):
    """Counts the steps that a run makes, by kind and label."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()

    def end(self, work: Step, seconds: float) -> None:
        self.steps[f"{work.kind}: {work.label}"] += 1


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    folder = tmp_path / "guide"
    make_tiny_encoder(folder, seed=7)
    return folder


@pytest.fixture
def run(xlm_folder: Path, tmp_path: Path) -> Callable[..., tuple[Plan, Counter[str]]]:
    """Runs a study with an arm for each stage and without targets but one, and counts what is made."""

    def run(
        *stages: Stage, seeds: tuple[int, ...] = (1,), store: str = "store"
    ) -> tuple[Plan, Counter[str]]:
        arms = {f"arm-{n}": {"zero_shot": False, "stages": [s]} for n, s in enumerate(stages)}
        study = small_study(
            xlm_folder,
            seeds=list(seeds),
            start="plain",
            arms={"baseline": {}, **arms},
            targets=[{"name": "names", "languages": ["de"]}],
            comparisons=[],
        )
        listener = MadeSteps()
        plan, _ = run_plan(plan_study(study), Store(tmp_path / store), listener)
        return plan, listener.steps

    return run


def write_pairs(path: Path, *languages: str, negative: bool = False) -> Path:
    """Pairs of some languages; a text of each pair is in all languages."""
    head, more = ("\tnegative", "\tno dog {n}") if negative else ("", "")
    rows = "".join(
        f"{code} dog {n}\tthe dog {n}\t{code}{more.format(n=n)}\n"
        for code in languages
        for n in range(9)
    )
    path.write_text(f"anchor\tpositive\tlanguage{head}\n{rows}", encoding="utf-8")
    return path


def guided(made: Counter[str]) -> list[str]:
    """Labels of the steps that a run made for a guide or a teacher."""
    return [name for name in made if " by its " in name]


def weights(plan: Plan, store: Store) -> list[bytes]:
    steps = [step for run in plan.runs for step in run.stage_steps]
    return [
        (step.open(store) / name).read_bytes()
        for step in steps
        for name in ("encoder.safetensors", "head.safetensors", "curve.json")
    ]


def stages(tmp_path: Path, guide: Path) -> dict[str, Stage]:
    """Name -> a stage of a form that reads a further encoder."""
    pairs = write_pairs(tmp_path / "pairs.tsv", "en", negative=True)
    bitext = tmp_path / "bitext.tsv"
    bitext.write_text(pairs.read_text("utf-8").replace("anchor\tpositive", "translation\tenglish"))
    options = {"guide": str(guide), "guide_margin": 0.05}
    return {
        "guide": {"task": "text-pairs", "data": str(pairs), "options": options},
        "margins": {
            "task": "text-pairs",
            "data": str(pairs),
            "options": {"guide": str(guide), "loss": "margin-mse"},
        },
        "teacher": {
            "task": "bitext-distillation",
            "data": str(bitext),
            "options": {"teacher": str(guide)},
        },
        "captions": {"task": "picture-name", **SCRATCH, "limit": 60}
        | {"options": {**SCRATCH["options"], "guide": str(guide), "guide_margin": 0.5}},
    }


@pytest.mark.parametrize("name", ["guide", "margins", "teacher", "captions"])
def test_the_training_is_byte_for_byte_what_it_is_without_the_steps(
    run: Any, tmp_path: Path, guide: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stages(tmp_path, guide)[name]
    plan, made = run(stage)
    assert len(guided(made)) == 1
    monkeypatch.setattr(training_steps, "guide_steps", lambda *_: {})
    plain, made = run(stage, store="plain")
    assert not guided(made)
    of_steps, of_training = (
        weights(each, Store(tmp_path / store))
        for each, store in ((plan, "store"), (plain, "plain"))
    )
    assert of_steps == of_training


def test_seeds_arms_and_runs_share_the_vectors(run: Any, tmp_path: Path, guide: Path) -> None:
    each = stages(tmp_path, guide)
    arms = each["guide"], {**each["guide"], "learning_rate": 1e-4}, each["margins"]
    _, made = run(*arms, seeds=(1, 2))
    assert sum(count for name, count in made.items() if name.startswith("train")) == 6
    (label,) = guided(made)
    assert label == f"encode: texts of text-pairs by its guide {guide}, en"
    assert made[label] == 1
    placebo = {**each["guide"], "control": "placebo-labels"}
    plan, made = run(*arms, placebo, seeds=(1, 2, 3))
    assert not guided(made), "neither a seed more nor a control reads the texts again"
    assert sum(count for name, count in made.items() if name.startswith("train")) == 6
    (step,) = {s.key: s for s in plan.steps() if isinstance(s.job, GuidedTexts)}.values()
    assert step.work == 27, "distinct texts"
    assert (size_of_step(step).disk or 0) > 0
    other = tmp_path / "other guide"
    make_tiny_encoder(other, seed=8)
    _, made = run({**each["guide"], "options": {"guide": str(other)}})
    assert len(guided(made)) == 1, "other files of the guide, other vectors"
    assert made["train: text-pairs, seed 1"] == 1


def test_a_language_more_encodes_its_own_texts_alone(run: Any, tmp_path: Path, guide: Path) -> None:
    stage = {"task": "text-pairs", "options": {"guide": str(guide)}}
    stage["data"] = str(write_pairs(tmp_path / "pairs.tsv", "de", "fr"))
    _, made = run(stage)
    of = f"encode: texts of text-pairs by its guide {guide}"
    assert guided(made) == [f"{of}, de", f"{of}, fr"]
    write_pairs(tmp_path / "pairs.tsv", "de", "fr", "ar")
    plan, made = run(stage)
    assert guided(made) == [f"{of}, ar"]
    assert made["train: text-pairs, seed 1"] == 1
    steps = {s.label.rpartition(" ")[2]: s for s in plan.steps() if isinstance(s.job, GuidedTexts)}
    assert {code: step.work for code, step in steps.items()} == {"de": 18, "fr": 9, "ar": 9}, (
        "the texts of all languages are encoded with the first"
    )


def test_data_that_planning_does_not_read_have_one_step(
    run: Any, tmp_path: Path, guide: Path
) -> None:
    folder = write_sample(tmp_path / "nli", SAMPLES["nli-contrastive"][0].files)
    stage = {"task": "nli-contrastive", "data": str(folder), "options": {"guide": str(guide)}}
    plan, made = run(stage)
    assert guided(made) == [f"encode: texts of nli-contrastive by its guide {guide}"]
    (step,) = [s for s in plan.steps() if isinstance(s.job, GuidedTexts)]
    texts = np.load(step.open(Store(tmp_path / "store")) / "texts.npy")
    assert len(np.unique(texts, axis=0)) == len(texts) > 1
    assert not guided(run(stage, seeds=(1, 2))[1])


def test_translations_are_encoded_with_their_originals(
    run: Any,
    tmp_path: Path,
    guide: Path,
    fake: Any,  # noqa: F811
) -> None:
    fake()
    stage = {"task": "text-pairs", "options": {"guide": str(guide)}}
    stage["data"] = str(write_pairs(tmp_path / "pairs.tsv", "en"))
    stage["translate"] = {"engine": "apertium", "to": ["es"]}
    plan, made = run(stage)
    assert len(guided(made)) == 1
    (step,) = [s for s in plan.steps() if isinstance(s.job, GuidedTexts)]
    assert step.inputs["translated"].kind == "translate"
    vectors = np.load(step.open(Store(tmp_path / "store")) / "vectors.npy")
    assert len(vectors) == 36, "18 texts, and as many translations"


def test_copies_with_synonyms_are_encoded_by_the_training(
    run: Any, tmp_path: Path, guide: Path
) -> None:
    synonyms = tmp_path / "synonyms.json"
    synonyms.write_text('{"dog": ["hound"]}')
    stage = stages(tmp_path, guide)["guide"]
    stage["robust"] = {"data_augmentation": {"synonyms": str(synonyms)}}
    _, made = run(stage)
    assert not guided(made)
    assert sum(count for name, count in made.items() if name.startswith("train")) == 1


def test_texts_of_a_language_do_not_depend_on_those_after_it() -> None:
    records = [
        Record("1", {"a": "one", "b": "uno", "b_2": "une"}, language="de"),
        Record("2", {"a": "new", "b": "one"}, language="fr"),
        Record("3", {"a": "uno", "b": "two", "b_2": "neu"}, language="de"),
    ]
    by_language = texts_by_language(records, ("a", "b"))
    assert {code: texts.read() for code, texts in by_language.items()} == {
        "de": ["one", "uno", "une", "two", "neu"],
        "fr": ["new"],
    }
    alone = texts_by_language([records[0], records[2]], ("a", "b"))
    assert alone["de"].key == by_language["de"].key
    assert all_texts(records, ("a", "b")).read() == ["one", "new", "uno", "une", "two", "neu"]
    assert texts_by_language([], ("a",)) == {}


def test_texts_that_change_during_a_run_are_an_error(
    xlm_folder: Path, tmp_path: Path, guide: Path
) -> None:
    stage = {"task": "text-pairs", "options": {"guide": str(guide)}}
    stage["data"] = str(write_pairs(tmp_path / "pairs.tsv", "de", "fr"))
    arms = {"baseline": {}, "own": {"zero_shot": False, "stages": [stage]}}
    targets = [{"name": "names", "languages": ["de"]}]
    plan = plan_study(
        small_study(
            xlm_folder, seeds=[1], start="plain", arms=arms, targets=targets, comparisons=[]
        )
    )
    for languages in (("fr",), ("fr", "de")):
        write_pairs(tmp_path / "pairs.tsv", *languages)
        with pytest.raises(ArtifactError, match="texts of text-pairs have changed since the plan"):
            run_plan(plan, Store(tmp_path / "store"))


def test_a_text_without_a_vector_is_an_error() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    kept = KeptVectors([digests_of(["a", "b"]), digests_of(["c"])], [rows[:2], rows[2:]])
    places = kept.rows_of(digests_of(["c", "a", "c"]))
    assert np.array_equal(kept.at(places), rows[[2, 0, 2]])
    with pytest.raises(ArtifactError, match="1 of 2 training texts have no vector"):
        kept.rows_of(digests_of(["a", "d"]))
