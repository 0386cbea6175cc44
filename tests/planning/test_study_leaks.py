"""What of a study's data is compared with its targets, and which items are unclean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dataset_samples import tabs, write_sample
from labelled_samples import xtreme_folder
from small_study import small_study

from crosslift.artifacts.store import Store
from crosslift.making.text_overlap import ComparedTexts
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.sources.bucc_files import BuccSplit
from crosslift.steps.step import Workplace
from crosslift.targets.kinds.mined_texts import overlapping_sentences

SPLIT = BuccSplit(
    language="de",
    split="test",
    src_ids=("de-1", "de-2", "de-3", "de-4", "de-5"),
    src=("Regen", "Schnee", "Wind", "Regen", "Sonne"),
    tgt_ids=("en-1", "en-2", "en-3"),
    tgt=("snow", "rain", "fog"),
    gold=((1, 0), (3, 1)),
)


@pytest.mark.parametrize(
    ("texts", "items"),
    [
        ({"Wind"}, {"de-3"}),
        ({"snow"}, {"de-2"}),
        ({"rain"}, {"de-1", "de-4"}),
        ({"Regen"}, {"de-1", "de-4"}),
        ({"fog"}, set()),
        (set(), set()),
    ],
    ids=["src", "its gold", "gold of a repeated src", "repeated src", "gold of none", "nothing"],
)
def test_a_mined_sentence_is_unclean_by_either_side(texts: set[str], items: set[str]) -> None:
    assert overlapping_sentences(SPLIT, texts) == items


def test_a_split_without_gold_is_unclean_by_its_src_side() -> None:
    split = BuccSplit("de", "test", ("de-1",), ("Regen",), ("en-1",), ("rain",), None)
    assert overlapping_sentences(split, {"rain"}) == set()
    assert overlapping_sentences(split, {"Regen"}) == {"de-1"}


HEAD = "sentence1|sentence2|gold_label"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three premises in train and dev, of which two are also Tatoeba's texts."""
    return write_sample(
        tmp_path,
        {
            "cad/train.tsv": tabs(HEAD, "The old dog sleeps here.|A dog rests.|entailment"),
            "cad/dev.tsv": tabs(HEAD, "We went to the big lake.|It was dry.|contradiction"),
            "tatoeba/tatoeba.deu-eng.deu": "Der alte Hund schläft hier.\nWir fuhren an den See.\n",
            "tatoeba/tatoeba.deu-eng.eng": "The old cat sleeps here.\nWe went to the big lake!\n",
        },
    )


def planned(encoder: Path, data: Path, *stages: dict[str, Any], **changes: Any) -> Plan:
    arms = {"baseline": {}} | {
        f"arm {number}": {"stages": [{"task": "snli-cad", "data": str(data / "cad"), **stage}]}
        for number, stage in enumerate(stages)
    }
    targets = [{"name": "tatoeba", "data": str(data / "tatoeba"), "languages": ["de"]}]
    raw = {"start": "plain", "targets": targets, "comparisons": [], "arms": arms, "seeds": [1]}
    return plan_study(small_study(encoder, **{**raw, **changes}))


def compared(plan: Plan, task: str, target: str, folder: Path) -> Any:
    """What the step that compares them writes."""
    step = plan.overlaps[task, target]
    folder.mkdir()
    step.make(step, Workplace(Store(folder / "store")), folder)
    return json.loads((folder / "overlap.json").read_text(encoding="utf-8"))


NEAR = {"The old cat sleeps here.": "near"}
BOTH = NEAR | {"We went to the big lake!": "exact"}


@pytest.mark.parametrize(
    ("stages", "texts", "records"),
    [
        ([{}], NEAR, 1),
        ([{"keep_best": True}], BOTH, 2),
        ([{"early_stopping": {}}], BOTH, 2),
        ([{}, {"keep_best": True, "dev_limit": 1}], BOTH, 2),
        ([{}, {"keep_best": True, "control": "placebo-labels"}], BOTH, 2),
        ([{"keep_best": True, "control": "placebo-labels"}, {}], BOTH, 2),
    ],
    ids=["last weights", "best", "stopped", "best in another arm", "in a control", "control first"],
)
def test_dev_texts_are_compared_where_they_choose_weights(
    xlm_folder: Path, data: Path, stages: list[dict[str, Any]], texts: Any, records: int
) -> None:
    plan = planned(xlm_folder, data, *stages)
    assert list(plan.overlaps) == [("snli-cad", "tatoeba")]
    found = compared(plan, "snli-cad", "tatoeba", data / "out")
    assert (found["texts"], found["records"]) == (texts, records)


def test_a_step_that_compares_dev_texts_has_another_key(xlm_folder: Path, data: Path) -> None:
    keys = {
        planned(xlm_folder, data, stage).overlaps["snli-cad", "tatoeba"].key
        for stage in ({}, {"keep_best": True}, {"early_stopping": {}})
    }
    assert len(keys) == 2


def test_texts_whose_vectors_distillation_holds_are_compared(xlm_folder: Path, data: Path) -> None:
    (data / "held.tsv").write_text(
        "anchor\tpositive\nDer alte Hund schlaft hier\tsleep\n", encoding="utf-8"
    )
    held = {"task": "text-pairs", "data": str(data / "held.tsv")}
    plan = planned(xlm_folder, data, {"distillation": held})
    name = "text-pairs (distillation)"
    assert list(plan.overlaps) == [("snli-cad", "tatoeba"), (name, "tatoeba")]
    found = compared(plan, name, "tatoeba", data / "out")
    assert found["texts"] == {"Der alte Hund schläft hier.": "near"}


@pytest.mark.parametrize("best", [True, False])
def test_dev_texts_of_fine_tuning_are_compared_where_they_choose(
    xlm_folder: Path, tmp_path: Path, best: bool
) -> None:
    folder = xtreme_folder(tmp_path / "data")
    plan = planned(
        xlm_folder,
        tmp_path,
        targets=[{"name": "xnli", "data": str(folder / "xnli")}],
        fine_tune={"budget": {"updates": 1, "batch_size": 2}, "keep_best": best},
    )
    (((name, target), step),) = plan.overlaps.items()
    run = step.job_as(ComparedTexts).run
    found = compared(plan, name, target, tmp_path / "out")
    trained, dev = len(run.task.source.train()), len(run.task.source.dev())
    assert dev > 0
    assert found["records"] == trained + (dev if best else 0)
