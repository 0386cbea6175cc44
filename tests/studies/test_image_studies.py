"""The shipped studies with pictures: valid, planned, and run at tiny size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from executed_modules import modules_outside_their_code
from PIL import Image
from tiny_translators import FAMILIES

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.planning.plan_study import plan_study
from crosslift.studies.reading import read_study, study_of

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = [{"name": "names", "languages": ["de", "ar"]}]
CAPTIONS = ("a red thing", "something red", "one picture of a thing", "a thing", "it is red")


def picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((48, 36)).save(path)


def coco(folder: Path) -> Path:
    """COCO's captions of six pictures for training and four for dev, as published."""
    for split, count in (("train2017", 6), ("val2017", 4)):
        images, annotations = [], []
        for i in range(count):
            name = f"{i + 1:012d}.jpg"
            picture(folder / split / name, i)
            images.append({"id": i + 1, "file_name": name, "height": 36, "width": 48})
            annotations += [
                {"image_id": i + 1, "id": 10 * i + n, "caption": f"{text} {i}"}
                for n, text in enumerate(CAPTIONS)
            ]
        path = folder / "annotations" / f"captions_{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations}))
    return folder


def multilingual(folder: Path) -> Path:
    rows = []
    for i in range(6):
        picture(folder / f"{i}.jpg", i)
        rows += [
            {"image": f"{i}.jpg", "text": f"{code} caption {i}", "language": code}
            for code in ("de", "en", "fr")
        ]
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def vit(folder: Path) -> Path:
    """A tiny ViT, in the folder's form as published."""
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
    )
    torch.manual_seed(0)
    transformers.ViTModel(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    half = [0.5, 0.5, 0.5]
    facts = {"image_processor_type": "ViTImageProcessor", "size": size, "resample": 2}
    facts |= {"do_resize": True, "do_rescale": True, "do_normalize": True}
    facts |= {"image_mean": half, "image_std": half}
    (folder / "preprocessor_config.json").write_text(json.dumps(facts))
    return folder


def krasner(folder: Path, **changes: Any) -> dict[str, Any]:
    """The study on tiny data."""
    raw = read_study(STUDIES / "krasner2025.yaml").model_dump(mode="json", exclude_defaults=True)
    pivot = folder / "pivot.tsv"
    pivot.write_text(
        "anchor\tpositive\tlanguage\n" + "".join(f"text {i}\tSatz {i}\tde\n" for i in range(6))
    )
    data = {"coco": coco(folder / "coco"), "captions-multilingual": multilingual(folder / "many")}
    data["pivot.tsv"] = pivot
    for arm in raw["arms"].values():
        for stage in arm.get("stages", ()):
            for task in stage["tasks"]:
                task["data"] = str(data[Path(task["data"]).name])
    return raw | {"targets": NAMES} | changes


def test_krasner_2025_runs_at_tiny_size(xlm_folder: Path, tmp_path: Path) -> None:
    raw = krasner(tmp_path, seeds=[1], budget={"updates": 2, "batch_size": 4})
    nllb = FAMILIES["nllb"](tmp_path / "nllb")
    encoders = {"xlm-roberta-large": xlm_folder, "nllb": nllb}
    raw["starts"] = {name: {"encoder": str(folder)} for name, folder in encoders.items()}
    raw["targets"] = [*NAMES, {"name": "pictures", "languages": ["en", "de"]}]
    tower = str(vit(tmp_path / "vit"))
    for arm in raw["arms"].values():
        for stage in arm.get("stages", ()):
            for task in stage["tasks"]:
                if "options" in task:
                    task["options"] |= {"tower": tower}
                    task["options"].pop("tower_revision")
                    if "hidden_state" in task["options"]:
                        task["options"]["hidden_state"] = 1
    with modules_outside_their_code() as outside:
        run = run_study(study_of(raw), tmp_path / "run", Store(tmp_path / "store"))
    assert "features" in outside and not any(outside.values()), outside
    kinds = {arm.name: arm.control for arm in run.run.arms}
    assert kinds["english--random-features"] == "random-features"
    assert len(kinds) == 4 + 4 + 2 + 3
    assert {arm.name for arm in run.run.arms if not arm.zero_shot} == {
        *("multilingual", "multilingual--shuffled-pictures", "multilingual--captions-only"),
        "bitext",
    }
    scored = {score.arm for score in run.scores if score.target == "pictures"}
    assert scored == {
        *("english", "english--shuffled-pictures", "english--random-features"),
        *("multilingual", "multilingual--shuffled-pictures", "english-early", "nllb-english"),
    }


def test_krasner_2025_is_planned_without_the_hub(tmp_path: Path) -> None:
    plan = plan_study(study_of(krasner(tmp_path)))
    assert len(plan.runs) == 2 + 3 * 11
    features = {step.key for step in plan.steps() if step.kind == "features"}
    # published: train and dev of English, train of several languages; random: three seeds of English
    assert len(features) == 3 + 2 * 3


@pytest.mark.parametrize("name", ["image-vs-text", "image-vs-text-rates"])
def test_image_vs_text_is_valid_and_names_its_parts(name: str) -> None:
    study = read_study(STUDIES / f"{name}.yaml", Path("DIR"))
    stems = {arm.partition("@")[0] for arm in study.arms}
    tasks = {"names", "nli", "qa", "pictograms", "photos", "both"}
    assert {*tasks, *(f"{task}-embedded" for task in tasks)} <= stems
    assert len({study.budget_of(s) for arm in study.arms.values() for s in arm.stages}) == 1
    if name == "image-vs-text":
        assert study.seeds == (1, 2, 3)
        assert "photos--captions-only" in stems
        for arm in study.arms.values():
            if arm.control_of:
                whole = study.arms[arm.control_of].stages[0]
                assert arm.stages[0].learning_rate == whole.learning_rate
