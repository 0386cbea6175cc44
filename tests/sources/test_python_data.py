"""Rows of Python as files: the same rows are the same file, whatever object held them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pandas
import polars
import pyarrow as pa
import pytest
from PIL import Image
from pydantic import ValidationError

import crosslift
from crosslift.errors import DataError
from crosslift.planning.load_target import load_target
from crosslift.sources.bitext_files import load_folder
from crosslift.sources.python_data import as_path
from crosslift.sources.python_rows import rows_file
from crosslift.sources.record_tables import read_records
from crosslift.studies.reading import StudyFileError
from crosslift.targets.target_settings import TargetSettings
from crosslift.tasks.all_tasks import find_task
from crosslift.training.task_settings import TaskSettings

PAIRS = [("How are you?", "Fine, thanks."), ("Où est-il ?", "He is here.")]
NAMED = [{"anchor": anchor, "positive": positive} for anchor, positive in PAIRS]
SHUFFLED = [NAMED[1], NAMED[0], NAMED[1]]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


HOLDERS: dict[str, Callable[[], Any]] = {
    "pairs": lambda: PAIRS,
    "lists": lambda: [list(pair) for pair in PAIRS],
    "generator": lambda: (pair for pair in PAIRS),
    "mappings": lambda: NAMED,
    "pyarrow": lambda: pa.Table.from_pylist(NAMED),
    "pandas": lambda: pandas.DataFrame(NAMED),
    "part of a frame": lambda: pandas.DataFrame(SHUFFLED).iloc[[1, 2]],
    "polars": lambda: polars.DataFrame(NAMED),
    "dataset": lambda: datasets.Dataset.from_list(NAMED),
    "part of a dataset": lambda: datasets.Dataset.from_list(SHUFFLED).select([1, 2]),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_the_same_rows_are_the_same_file(holder: str, own_home: Path) -> None:
    path = rows_file(HOLDERS[holder]())
    assert path == rows_file(PAIRS) and path.is_relative_to(own_home)
    records = read_records(path, {"anchor": "anchor", "positive": "positive"})
    assert [tuple(record.texts.values()) for record in records] == PAIRS


def test_other_rows_are_another_file_and_paths_stay() -> None:
    assert rows_file(PAIRS) != rows_file(PAIRS[::-1])
    assert as_path("a.tsv") == "a.tsv" and as_path(Path("b")) == Path("b") and as_path(None) is None


def test_texts_and_third_texts() -> None:
    records = read_records(rows_file(["one text", "two texts"]), {"text": "text"})
    assert [record.texts["text"] for record in records] == ["one text", "two texts"]
    task = find_task("text-pairs", rows_file([("a", "b", "c"), ("d", "e", "f")]))
    assert task.source.train()[0].texts == {"anchor": "a", "positive": "b", "negative": "c"}


def test_rows_by_language_are_a_folder() -> None:
    rows = {"deu": [("eins", "one"), ("zwei", "two")], "sw": [("moja", "one"), ("mbili", "two")]}
    folder = as_path(rows)
    assert folder == as_path(dict(reversed(rows.items())))
    assert folder != as_path({"de": rows["deu"]})
    bitexts = load_folder(folder).bitexts
    assert (bitexts["sw"].src, bitexts["sw"].tgt) == (("moja", "mbili"), ("one", "two"))
    assert list(bitexts) == ["de", "sw"]
    texts = find_task("masked-lm", as_path({"de": ["ein Text"], "sw": [{"text": "neno"}]}))
    assert texts.languages == ("de", "sw")


def test_pairs_by_language_are_a_table_for_own_pairs() -> None:
    pairs = {"de": [("Frage", "Antwort"), ("Wo?", "Hier.")], "sw": [("swali", "jibu"), ("a", "b")]}
    rows = [
        {"anchor": a, "positive": b, "language": c} for c, both in pairs.items() for a, b in both
    ]
    task = TaskSettings(task="text-pairs", data=pairs)  # type: ignore[arg-type]
    target = TargetSettings(name="text-pairs", data=pairs)  # type: ignore[arg-type]
    assert task.data == target.data == rows_file(rows)
    records = find_task("text-pairs", task.data).source.train()
    assert [record.language for record in records] == ["de", "de", "sw", "sw"]
    loaded = load_target(target).data.bitexts
    assert loaded["sw"].tgt == ("jibu", "b")
    columns = {c: [{"anchor": a, "positive": b} for a, b in both] for c, both in pairs.items()}
    assert as_path(columns) == task.data
    bitexts = TargetSettings(name="bitext", data=pairs)  # type: ignore[arg-type]
    assert bitexts.data is not None and bitexts.data.is_dir()


def test_graded_pairs_by_language_are_what_sts_reads() -> None:
    rows = {"de": [(5, "ein Hund", "der Hund"), (0.5, "ein Hund", "Regen")]}
    data = load_target(TargetSettings(name="sts", data=rows)).data  # type: ignore[arg-type]
    assert data.pairs["de"].grades == (5.0, 0.5)
    assert data.pairs["de"].tgt == ("der Hund", "Regen")


@pytest.mark.parametrize("kind", ["dataset", "rows"])
def test_captions_by_language_are_one_table(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "red.png"
    Image.new("RGB", (8, 8), "red").save(place)
    texts = {"en": ["red"], "de": ["rot", "ganz rot"]}
    features = {"image": datasets.Image(), "text": datasets.Value("string")}
    data: dict[str, Any] = {}
    for code, captions in texts.items():
        rows = [{"image": place, "text": caption} for caption in captions]
        if kind == "dataset":
            pictures = [{**row, "image": Image.new("RGB", (8, 8), "red")} for row in rows]
            data[code] = datasets.Dataset.from_list(pictures, features=datasets.Features(features))
        else:
            data[code] = rows
    settings = TaskSettings(task="image-text", data=data)  # type: ignore[arg-type]
    records = find_task("image-text", settings.data).source.train()
    assert [(record.language, record.texts["text"]) for record in records] == [
        (code, caption) for code, captions in texts.items() for caption in captions
    ]


def test_an_error_names_the_splits_of_a_dataset() -> None:
    parts = {"train": datasets.Dataset.from_list(NAMED), "test": datasets.Dataset.from_list(NAMED)}
    splits = datasets.DatasetDict(parts)
    with pytest.raises(DataError, match="the splits train, test") as caught:
        as_path(splits)
    assert caught.value.remedy == "give one: data=NAME['train']"
    with pytest.raises(
        ValidationError, match=r"the splits train, test; give one: data=NAME\['train'"
    ):
        TaskSettings(task="text-pairs", data=splits)  # type: ignore[arg-type]
    assert TaskSettings(task="text-pairs", data=splits["train"]).data == rows_file(NAMED)  # type: ignore[arg-type]


def test_a_dataset_with_pictures_is_read_with_them() -> None:
    pictures = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    dataset = datasets.Dataset.from_list(
        [{"image": p, "text": f"picture {n}"} for n, p in enumerate(pictures)],
        features=datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")}),
    )
    path = rows_file(dataset)
    assert path.suffix == ".parquet" and path == rows_file(dataset.select([0, 1]))
    assert path != rows_file(dataset.select([1, 0]))
    records = find_task("image-text", path).source.train()
    assert [record.texts["text"] for record in records] == ["picture 0", "picture 1"]
    assert all(record.image is not None for record in records)


def test_pictures_of_rows_are_found_by_their_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    (tmp_path / "red.png").write_bytes(buffer.getvalue())
    monkeypatch.chdir(tmp_path)
    task = find_task("image-text", rows_file([{"image": Path("red.png"), "text": "red"}]))
    (record,) = task.source.train()
    assert record.image is not None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "without a row"),
        ({}, "no language"),
        ([("alone",)], "row 1"),
        ([("a", "b"), 3], "row 2: 3"),
        ([{"anchor": object()}], "a value of the type object"),
        (7, "type int"),
        ({"train": PAIRS}, "the splits train"),
        ({"klingon": PAIRS}, "'klingon', which is the code of no known language"),
        ({"de": [{"anchor": "a", "language": "de"}]}, "have a column 'language'"),
        ({"de": [{"anchor": "a"}, 3]}, "row 2 of 'de': 3"),
        ({"de": [(1, "a", "b"), (2, "c")]}, "a grade, a text and a text"),
        ({"de": PAIRS, "German": PAIRS}, "each language once"),
        ({"de": [("a\tb", "c")]}, "tabs"),
        ({"de": [("a", "b"), ("c", 3)]}, "row 2 of 'de'"),
        (["half \ud800"], "not UTF-8"),
    ],
)
def test_what_is_no_data_is_refused(rows: Any, message: str, own_home: Path) -> None:
    with pytest.raises(DataError, match=message):
        as_path(rows)
    assert not own_home.exists()


def test_settings_take_rows() -> None:
    settings = TaskSettings(task="text-pairs", data=PAIRS)  # type: ignore[arg-type]
    assert settings.data == rows_file(PAIRS)
    assert TaskSettings.model_validate_json(settings.model_dump_json()) == settings
    with pytest.raises(ValidationError, match="one split of a dataset"):
        TaskSettings(task="text-pairs", data={"train": PAIRS})  # type: ignore[arg-type]


def test_a_study_says_where_its_rows_are_wrong() -> None:
    settings: dict[str, Any] = {
        "name": "mine",
        "question": "Do they help?",
        "starts": {"e": {"encoder": "embedded"}},
        "start": "e",
        "budget": {"updates": 2, "batch_size": 2},
        "targets": ["names"],
    }
    stage = {"task": "text-pairs", "data": pandas.DataFrame(NAMED)}
    study = crosslift.build_study(**settings, arms={"baseline": {}, "own": {"stages": [stage]}})
    assert study.arms["own"].stages[0].tasks[0].data == rows_file(PAIRS)
    wrong = {"own": {"stages": [{"task": "text-pairs", "data": [("a", "b"), 3]}]}}
    with pytest.raises(StudyFileError, match=r"arms\.own\.stages\[0\]\.data: found.*row 2: 3"):
        crosslift.build_study(**settings, arms={"baseline": {}} | wrong)
    with pytest.raises(StudyFileError, match="needs it"):
        lacking = {"own": {"stages": [{"task": "text-pairs", "data": ""}]}}
        crosslift.build_study(**settings, arms={"baseline": {}} | lacking)
