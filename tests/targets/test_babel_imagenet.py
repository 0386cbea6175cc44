"""Babel-ImageNet in its published formats: names, prompts, photographs, gaps, and its scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from babel_sample import names_of, write_babel, write_picture
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.imagenet_names import language_of
from crosslift.sources.captioned_targets.imagenet_photographs import load_photographs
from crosslift.targets.all_targets import TARGETS, find_target
from crosslift.targets.babel_imagenet import UNSEEN
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.protocols import PICTURE_CLASSES
from crosslift.targets.target_settings import TargetSettings


def load(folder: Path, images: Path | None = None, languages: Sequence[str] = ()) -> PictureData:
    target_settings = TargetSettings(
        name="babel-imagenet", data=folder, images=images, languages=tuple(languages) or None
    )
    data = find_target("babel-imagenet").load(target_settings)
    assert isinstance(data, PictureData)
    return data


# Names and prompts


def test_names_pictures_and_gaps(tmp_path: Path) -> None:
    data = load(write_babel(tmp_path))
    assert {code: len(names) for code, names in data.texts.items()} == {"en": 12, "yue": 10}
    assert data.gaps == {"cv": "4 classes with a name and a photograph"}
    assert data.texts["yue"]["3"] == ("嘢 3",)
    assert data.classes["images/n00000003_thing.jpg"] == "3"
    assert len(data.pictures) == 12


def test_classes_without_a_photograph_are_counted(tmp_path: Path) -> None:
    data = load(write_babel(tmp_path, count=11))
    assert data.left_out == {"en": {UNSEEN: 1}}
    assert len(data.texts["en"]) == 12 and len(data.pictures) == 11
    assert load(write_babel(tmp_path / "whole")).left_out == {}


def test_only_photographs_of_measured_languages_are_read(tmp_path: Path) -> None:
    write_babel(tmp_path)
    for name in ("ZH_YUE", "yue"):
        data = load(tmp_path, languages=(name,))
        assert list(data.texts) == ["yue"] and len(data.pictures) == 10
    assert data.checksum != load(tmp_path).checksum


def test_prompts_of_some_languages(tmp_path: Path) -> None:
    write_babel(tmp_path)
    before = load(tmp_path).checksum
    prompts = {"EN": ["a photo of a {}.", " {} in the snow"]}
    (tmp_path / "prompts.json").write_text(json.dumps(prompts), encoding="utf-8")
    data = load(tmp_path)
    assert data.texts["en"]["0"] == ("a photo of a thing 0.", "thing 0 in the snow")
    assert data.texts["yue"]["0"] == ("嘢 0",)
    assert data.checksum != before


def test_codes_of_wikipedia_editions() -> None:
    published = ("DE", "ZH_YUE", "BAT_SMG", "SIMPLE", "ALS", "NDS_NL", "ZH_MIN_NAN")
    codes = ["de", "yue", "sgs", "en-simple", "gsw", "nds-NL", "nan"]
    assert [language_of(code) for code in published] == codes


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[0, 1], ["a"]], "2 indices and 1 names"),
        ([[0, 0], ["a", "b"]], "class index 0"),
        ([[0, 1000], ["a", "b"]], "class index 1000"),
        ([[0, True], ["a", "b"]], "class index"),
        ([[0, 1], ["a", " "]], "class 1 has the name"),
        ({"0": "a"}, "two lists of one length"),
    ],
)
def test_names_at_fault(value: Any, message: str, tmp_path: Path) -> None:
    write_babel(tmp_path, {"EN": names_of(12, "thing"), "DE": value})
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path)
    assert "babel_imagenet-298.json, DE" in str(caught.value)


def test_a_template_without_a_place(tmp_path: Path) -> None:
    write_babel(tmp_path)
    (tmp_path / "prompts.json").write_text('{"EN": ["a photo"]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"prompts\.json, EN"):
        load(tmp_path)


def test_missing_files_and_languages(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no babel_imagenet-298\.json"):
        load(tmp_path)
    write_babel(tmp_path)
    with pytest.raises(DataError, match="no names of classes in fr"):
        load(tmp_path, languages=("fr",))
    with pytest.raises(DataError, match="language cv: 4 classes"):
        load(tmp_path, languages=("CV",))
    (tmp_path / "images" / "n00000003_thing.jpg").unlink()
    with pytest.raises(DataError, match="row 4: no picture"):
        load(tmp_path)


# Photographs


def write_validation(folder: Path, synsets: Sequence[str], each: int = 1) -> Path:
    for i, synset in enumerate(synsets):
        for j in range(each):
            write_picture(folder / synset / f"ILSVRC2012_val_{i:05}{j:03}.JPEG", i)
    return folder


def write_order(path: Path, synsets: Sequence[str]) -> None:
    if path.suffix == ".json":
        text = json.dumps({str(i): [synset, "name"] for i, synset in enumerate(synsets)})
    else:
        text = "".join(f"{synset} name, other name\n" for synset in synsets)
    path.write_text(text, encoding="utf-8")


SYNSETS = [f"n{10_000_000 - 7 * i:08}" for i in range(1000)]
"""Not in sorted order, so that the test shows which order is used."""


@pytest.mark.parametrize("name", ["imagenet_class_index.json", "LOC_synset_mapping.txt"])
def test_the_validation_layout_and_the_order_of_its_classes(name: str, tmp_path: Path) -> None:
    write_validation(tmp_path / "val", SYNSETS[5:8], each=2)
    with pytest.raises(DataError, match="3 folders of classes and no file"):
        load_photographs(tmp_path)
    write_order(tmp_path / name, SYNSETS)
    for folder in (tmp_path, tmp_path / "val"):
        photographs = load_photographs(folder)
        assert photographs.order == name
        assert sorted(photographs.classes.values()) == ["5", "5", "6", "6", "7", "7"]
        assert all(
            SYNSETS[int(photographs.classes[i])] in str(p) for i, p in photographs.pictures.items()
        )
        firsts = list(photographs.classes.values())[:3]
        assert sorted(firsts) == ["5", "6", "7"], "classes take turns"


def test_all_folders_are_ordered_by_name(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "p.jpg", 1)
    for synset in SYNSETS:
        (tmp_path / "val" / synset).mkdir(parents=True)
        (tmp_path / "val" / synset / "p.JPEG").hardlink_to(picture)
    photographs = load_photographs(tmp_path)
    assert photographs.order == "the sorted names of 1,000 folders"
    assert photographs.classes[f"val/{min(SYNSETS)}/p.JPEG"] == "0"
    assert photographs.classes[f"val/{max(SYNSETS)}/p.JPEG"] == "999"


def test_folders_at_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        load_photographs(tmp_path / "none")
    with pytest.raises(DataError, match="no photographs of ImageNet"):
        load_photographs(tmp_path)
    write_validation(tmp_path / "val", ["n00000001"])
    write_order(tmp_path / "LOC_synset_mapping.txt", SYNSETS)
    with pytest.raises(DataError, match="n00000001 is of no class of LOC_synset_mapping"):
        load_photographs(tmp_path)
    write_order(tmp_path / "LOC_synset_mapping.txt", SYNSETS[:999])
    with pytest.raises(DataError, match="names 999 classes"):
        load_photographs(tmp_path)


def test_names_with_photographs_elsewhere(tmp_path: Path) -> None:
    write_babel(tmp_path / "names", count=1)
    write_validation(tmp_path / "imagenet" / "val", SYNSETS[:12], each=2)
    write_order(tmp_path / "imagenet" / "LOC_synset_mapping.txt", SYNSETS)
    data = load(tmp_path / "names", tmp_path / "imagenet")
    assert len(data.pictures) == 24 and set(data.texts) == {"en", "yue"}


# Scores


def test_accuracies_are_those_of_scikit_learn(tmp_path: Path) -> None:
    """Each language has its own classes, and classes have different numbers of pictures."""
    data = load(write_babel(tmp_path))
    items = [f"p{i}" for i in range(80)]
    generator = np.random.default_rng(4)
    drawn = generator.geometric(0.2, 80)
    classes = {item: str(min(int(n), 11)) for item, n in zip(items, drawn, strict=True)}
    data = replace(data, pictures=dict.fromkeys(items, tmp_path), classes=classes)
    of_class = {str(i): generator.normal(size=16).astype(np.float32) for i in range(12)}
    picture_vectors = {i: of_class[classes[i]] + 1.2 * generator.normal(size=16) for i in items}

    def texts(requested: Sequence[str]) -> np.ndarray:
        return np.stack([of_class[text.split()[1]] for text in requested])

    def pictures(requested: Sequence[str]) -> np.ndarray:
        return np.stack([picture_vectors[item] for item in requested]).astype(np.float32)

    for outcomes in evaluate_pictures(PICTURE_CLASSES, data, texts, pictures):
        truth = [classes[item] for item in outcomes.items]
        assert set(truth) <= set(data.texts[outcomes.language])
        accuracy = accuracy_score(truth, outcomes.retrieved)
        assert outcomes.score("top1_accuracy") == pytest.approx(accuracy) and 0.2 < accuracy < 0.95
        with np.errstate(all="ignore"):
            balanced = balanced_accuracy_score(truth, outcomes.retrieved)
        assert outcomes.score("class_accuracy") == pytest.approx(balanced)
        assert balanced != pytest.approx(accuracy, abs=0.005)
        assert outcomes.score("chance") == pytest.approx(1 / len(data.texts[outcomes.language]))


def test_which_targets_are_of_photographs_that_towers_are_trained_on() -> None:
    photograph_sets = {name: t.photographs for name, t in TARGETS.items() if t.photographs}
    assert photograph_sets == {"babel-imagenet": "imagenet-1k"}
