"""Flickr8k: captions of many publishers on one split of its photographs, and what is trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flickr8k_samples import IDS, LISTS, NAMES, published, put, put_table, tables
from random_scenes import scenes
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.making.task_run import TaskRun
from crosslift.planning.task_runs import task_run
from crosslift.sources.captions import checksum_of, format_of, read_captions
from crosslift.sources.flickr8k.splits import joint_split, photograph_id
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.target_settings import TargetSettings
from crosslift.tasks.all_tasks import find_task
from crosslift.training.task_settings import MixedTaskSettings

BOTH = pytest.mark.parametrize("build", [tables, published])


def pictures_of(data: Path, **settings: Any) -> PictureData:
    loaded = find_target("flickr8k").load(TargetSettings(name="flickr8k", data=data, **settings))
    assert isinstance(loaded, PictureData)
    return loaded


def captions_of(data: Path, **settings: Any) -> BitextData:
    name = "flickr8k-captions"
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, BitextData)
    return loaded


def test_the_strictest_split_of_all_publishers() -> None:
    assert joint_split(("train", "test")) == "test" == joint_split(("test", "dev"))
    assert joint_split(("train", "dev")) == "dev"
    assert joint_split((None, "train")) == "train"
    assert joint_split((None, None)) is None
    assert photograph_id("images/1007129816_e794419615.jpg") == "1007129816"
    assert photograph_id("1007129816.jpg") == "1007129816"
    assert photograph_id("a.jpg") == "a"


@BOTH
def test_pictures_of_the_joint_test_split(build: Callable[[Path], Path], tmp_path: Path) -> None:
    """The last of three test photographs lacks German, French and Czech."""
    data = pictures_of(build(tmp_path))
    measured = (IDS[0], IDS[4])
    assert tuple(data.pictures) == measured
    assert [Path(str(path)).name for path in data.pictures.values()] == [NAMES[0], NAMES[4]]
    assert list(data.texts) == ["en", "de", "zh", "ar", "fr", "cs", "es"]
    assert set(data.gaps) == {"id", "ja", "ru", "tr"}
    assert data.texts["en"] == {IDS[0]: ("en 0 0", "en 0 1"), IDS[4]: ("en 4 0", "en 4 1")}
    assert data.texts["zh"] == {IDS[0]: ("zh 0 0", "zh 0 1"), IDS[4]: ("zh 4 0", "zh 4 1")}
    assert data.texts["de"][IDS[4]][:2] == ("de 4 0", "de 4 1"), "written, not translated"
    assert data.texts["ar"] == {IDS[0]: ("ar 0 0",), IDS[4]: ("ar 4 0",)}
    assert data.texts["fr"] == {IDS[0]: ("fr-t 0 0",), IDS[4]: ("fr-t 4 0",)}
    assert data.texts["es"] == {IDS[0]: ("es 0 0",)}
    assert data.pool == "all", "a text has the same candidates in every language"


@BOTH
def test_captions_of_a_language_and_english(build: Callable[[Path], Path], tmp_path: Path) -> None:
    data = captions_of(build(tmp_path))
    assert list(data.bitexts) == ["de", "zh", "ar", "fr", "cs", "es"]
    assert data.bitexts["zh"].items == (IDS[0], IDS[4])
    assert (data.bitexts["zh"].src, data.bitexts["zh"].tgt) == (
        ("zh 0 0", "zh 4 0"),
        ("en 0 0", "en 4 0"),
    )
    assert data.bitexts["es"].items == (IDS[0],)


@BOTH
def test_training_leaves_all_held_out_photographs_out(
    build: Callable[[Path], Path], tmp_path: Path
) -> None:
    """Multi30k's test photograph is a training photograph of Flickr8k."""
    data = build(tmp_path)
    by_split = {
        s: {r.group for r in read_captions(data, s).records} for s in ("train", "dev", "test")
    }
    photographs = {
        split: {photograph_id(item) for item in items} for split, items in by_split.items()
    }
    assert photographs == {
        "train": {IDS[2]},
        "dev": {IDS[1], IDS[3]},
        "test": {IDS[0], IDS[4], IDS[5]},
    }
    assert not photographs["train"] & set(pictures_of(data).pictures)
    task = find_task("image-text", data)
    assert task.languages == ("en",)
    assert [r.texts["text"] for r in task.source.train()] == ["en 2 0", "en 2 1"]


def test_tables_of_other_languages_have_their_language(tmp_path: Path) -> None:
    """A German table is German, so that a zero-shot arm refuses it; its split is the same."""
    data = tables(tmp_path)
    assert format_of(data) == format_of(data / "captions.de.jsonl") == "flickr8k"
    for name, code in (
        ("captions.de.jsonl", "de"),
        ("captions.fr.translated.jsonl", "fr"),
        ("captions.zh.jsonl", "zh"),
    ):
        records = read_captions(data / name, "train").records
        assert {(r.language, r.group) for r in records} == {(code, IDS[2])}


def test_no_column_changes_the_split(tmp_path: Path) -> None:
    data = tables(tmp_path)
    for path in (data, data / "captions.jsonl"):
        with pytest.raises(DataError, match="fixed columns, but split was bound"):
            find_task("image-text", path, {"split": ""})


def test_photographs_in_no_list_are_counted(tmp_path: Path) -> None:
    data = tables(tmp_path)
    rows = [json.loads(line) for line in (data / "captions.jsonl").read_text().splitlines()]
    rows[2] |= {"split": "none"}
    rows[3] = {key: value for key, value in rows[3].items() if key != "multi30k"} | {
        "split": "none"
    }
    put(data / "captions.jsonl", *(json.dumps(row) for row in rows))
    captions = read_captions(data, "train")
    assert {r.group for r in captions.records} == {IDS[2]}, "Multi30k trains on it"
    assert captions.skipped == {"in no split": 2}


def test_languages_and_pools_do_not_depend_on_the_requested_languages(tmp_path: Path) -> None:
    data = tables(tmp_path)
    assert list(pictures_of(data, languages=("en",)).pictures) == [IDS[0], IDS[4]]
    for name in (
        "captions.de.jsonl",
        *(f"captions.{c}.translated.jsonl" for c in ("de", "fr", "cs")),
    ):
        (data / name).unlink()
    assert list(pictures_of(data, languages=("zh",)).pictures) == [IDS[0], IDS[4], IDS[5]]


def test_half_unpacked(tmp_path: Path) -> None:
    data = tables(tmp_path)
    for name in (NAMES[0], NAMES[1], NAMES[2]):
        (data / "images" / name).unlink()
    with pytest.raises(DataError, match=f"lacks the pictures of 1 of 2 items, such as {NAMES[0]}"):
        pictures_of(data)
    with pytest.raises(DataError, match=f"no picture .*{NAMES[2]}\n"):
        find_task("image-text", data)
    (data / "images" / NAMES[3]).unlink()
    with pytest.raises(DataError, match=f"no picture .*{NAMES[1]}, and 1 more of 2 are missing"):
        read_captions(data, "dev")


def test_faults_of_the_files(tmp_path: Path) -> None:
    data = tables(tmp_path)
    with pytest.raises(DataError, match="no captions in sw"):
        pictures_of(data, languages=("sw",))
    with pytest.raises(DataError, match="no captions in ja"):
        captions_of(data, languages=("ja",))
    put_table(data / "captions.xflickr.es.jsonl", "es", 1, range(3, 4))
    with pytest.raises(DataError, match=r"captions of 1 photographs, and none is among the 2"):
        pictures_of(data)
    put_table(data / "captions.cs.translated.jsonl", "cs", 1, range(3, 4))
    with pytest.raises(DataError, match=r"none of the 3 test photographs .* in each of en, de, zh"):
        pictures_of(data)
    put(data / "captions.jsonl", (data / "captions.jsonl").read_text().splitlines()[2])
    with pytest.raises(
        DataError, match=r"nothing in .* says which photographs .* test photographs"
    ):
        pictures_of(data)


def test_faults_of_published_files(tmp_path: Path) -> None:
    data = published(tmp_path)
    put(data / "flickr8kcn/data/flickr8kzhc.caption.txt", f"{NAMES[0]} no number")
    with pytest.raises(DataError, match=r"flickr8kzhc.caption.txt, row 1"):
        pictures_of(data)
    put(data / "Flickr8k_text" / LISTS["dev"], NAMES[3], NAMES[4])
    with pytest.raises(DataError, match=f"row .: {NAMES[4]} is in the list of dev too"):
        read_captions(data, "train")
    (data / "Flickr8k_text/Flickr8k.token.txt").unlink()
    with pytest.raises(DataError, match="no English captions"):
        captions_of(data)


def test_the_checksum_holds_the_lists(tmp_path: Path) -> None:
    data = published(tmp_path)
    before, trained = pictures_of(data).checksum, checksum_of(data)
    put(data / "multi30k/data/task1/image_splits/val.txt", "998.jpg")
    for code in ("fr", "cs"):
        put(data / f"multi30k/data/task1/raw/val.{code}.gz", "other")
    assert pictures_of(data, languages=("en",)).checksum != before
    assert checksum_of(data) != trained


def test_other_languages_need_an_arm_that_says_so(tmp_path: Path) -> None:
    assert find_task("image-text", tables(tmp_path) / "captions.zh.jsonl").languages == ("zh",)
    with pytest.raises((DataError, StudyError)):
        find_task("image-text", tmp_path / "captions.sw.jsonl")


def test_notes_tell_written_from_translated(tmp_path: Path) -> None:
    data = tables(tmp_path)
    notes = pictures_of(data).notes
    assert notes["en"] == "2 of 3 test photographs, 4 captions, written in English (Flickr8k)"
    assert notes["fr"] == "2 of 3 test photographs, 2 captions, translated (Multi30k)"
    assert notes["es"] == "1 of 3 test photographs, 1 captions, written in Spanish (xFlickr&CO)"
    assert set(captions_of(data).notes) == {"de", "zh", "ar", "fr", "cs", "es"}
    text = (data / "captions.zh.jsonl").read_text(encoding="utf-8")
    row = {"id": "9", "image": "images/9_9.jpg", "captions": ["zh 9 0"], "split": "train"}
    put(data / "captions.zh.jsonl", text.strip(), json.dumps(row))
    assert (
        pictures_of(data).notes["zh"].endswith("; 1 photographs without English captions left out")
    )


# What is trained on, in a study


def more_training(data: Path, count: int = 12) -> Path:
    """Adds photographs that no publisher holds out, with three captions each."""
    pictures = scenes(count + 20)[20:]
    rows = (data / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    for number, picture in enumerate(pictures, start=500):
        picture.save(data / f"images/{number}_a.jpg", quality=95)
        captions = [f"scene {number} told {n} times" for n in range(3)]
        row = {"image": f"images/{number}_a.jpg", "captions": captions, "split": "train"}
        rows.append(json.dumps(row | {"multi30k": "train"}))
    put(data / "captions.jsonl", *rows)
    return data


def run_of(data: Path, **settings: Any) -> TaskRun:
    return task_run(MixedTaskSettings(task="image-text", data=data, **settings))


def test_controls_have_the_captions_of_the_arm(tmp_path: Path) -> None:
    """With and without a limit: two captions of a photograph, and masked LM on each."""
    data, store = more_training(tables(tmp_path)), Store(tmp_path / "store")
    for limit, photographs in ((None, 13), (9, 3)):
        arm, _ = run_of(data, limit=limit).train(store)
        pairs, _ = run_of(data, limit=limit, control="captions-only").train(store)
        alone, _ = run_of(data, limit=limit, control="same-updates-no-task").train(store)
        texts = [record.texts["text"] for record in arm]
        assert [record.texts["anchor"] for record in pairs] == texts
        assert {record.texts["positive"] for record in pairs} == set(texts)
        assert all(r.texts["anchor"] != r.texts["positive"] for r in pairs)
        assert [record.texts["text"] for record in alone] == texts
        assert len({record.group for record in arm}) == photographs
    left_over, _ = run_of(data, limit=10).train(store)
    assert len(left_over) == 10, "of the last photograph as many captions as find room"


def test_a_test_photograph_under_another_name_is_reported(xlm_folder: Path, tmp_path: Path) -> None:
    """Training data of another folder with a copy of a test photograph, smaller and renamed."""
    data, other = more_training(tables(tmp_path / "flickr")), tmp_path / "own"
    other.mkdir()
    pictures = scenes(20)
    pictures[0].save(data / f"images/{NAMES[4]}", quality=95)
    pictures[1].save(data / f"images/{NAMES[0]}", quality=95)
    rows = ["image\ttext"]
    for number, picture in enumerate((pictures[0].resize((180, 180)), *pictures[2:10])):
        picture.save(other / f"{number}.png")
        rows += [f"{number}.png\tsomething {number}", f"{number}.png\tanother {number}"]
    put(other / "t.tsv", *rows)
    arms = {
        "baseline": {},
        "flickr": {"stages": [{"task": "image-text", "data": str(data)}]},
        "own": {"stages": [{"task": "image-text", "data": str(other / "t.tsv")}]},
        "texts": {
            "stages": [{"task": "image-text", "data": str(data), "control": "same-updates-no-task"}]
        },
    }
    targets = [
        {"name": name, "data": str(data), "languages": languages}
        for name, languages in (
            ("flickr8k", ["en", "de"]),
            ("flickr8k-captions", ["de", "fr"]),
            ("flickr8k-pairs", ["de-fr"]),
        )
    ]
    study = small_study(
        xlm_folder, arms=arms, targets=targets, comparisons=[], start="plain", seeds=[1]
    )
    run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    content = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    pictures_overlap = {
        entry["task"]: (entry["records"], entry["items"], entry["examples"])
        for entry in content["overlap"]
        if entry.get("kind") == "pictures"
    }
    assert pictures_overlap["image-text"] == (15, 0, []), "13 training and 2 dev photographs"
    records, items, (example,) = pictures_overlap["image-text (2)"]
    assert (records, items, example["train"], example["test"]) == (9, 1, "0.png", IDS[4])
    notes = {t["name"]: {n["language"]: n["note"] for n in t["notes"]} for t in content["targets"]}
    assert notes["flickr8k"]["de"].endswith("written in German (Multi30k)")
    report = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "German-French" in report and "Pairs of languages" in report
    assert "translated (Multi30k)" in report
