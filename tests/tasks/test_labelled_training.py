"""Training and model selection of phase three: English only, and never scored examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dataset_samples import nli, write_sample
from labelled_samples import (
    articles,
    nli_pairs,
    pairs_file,
    parts_of_speech,
    squad_file,
    words_file,
    xtreme_folder,
)

from crosslift.errors import DataError
from crosslift.sources.labelled.english import check_english, is_english
from crosslift.sources.labelled.questions import questions
from crosslift.sources.labelled.training import hold_out
from crosslift.sources.record import Record
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings
from crosslift.tasks.all_tasks import find_task


def load(name: str, data: Path | None = None, **settings: Any) -> LabelledData:
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, LabelledData)
    return loaded


def put(folder: Path, files: Mapping[str, str]) -> Path:
    return write_sample(folder, files)


# Training


def test_the_english_folder(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    rows = [
        nli(f"{n}e", text, pair, label) for n, (text, pair, label) in enumerate(nli_pairs("en", 6))
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    other = put(tmp_path / "mnli", {"multinli_1.0/multinli_1.0_train.jsonl": text})
    data = load("xnli", folder, english=other)
    source = data.task.source
    ids = {record.id for record in (*source.train(), *source.dev())}
    assert ids == {f"train:{n}e" for n in range(6)}


def test_an_english_folder_without_the_training_set(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    with pytest.raises(DataError, match="holds no English training set of xnli") as error:
        load("xnli", folder, english=folder / "squad")
    for part in ("multinli_1.0_train.jsonl", "https://cims.nyu.edu/~sbowman/multinli/"):
        assert part in str(error.value)


def test_squad_lies_beside_xquad(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    train = load("xquad", folder / "xquad").task.source.train()
    assert {record.id.split(":")[1][0] for record in train} == {"s"}


def test_training_data_in_another_language(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    files = {
        "xnli/train-en.tsv": pairs_file(nli_pairs("de", 12)),
        "udpos/train-en.tsv": words_file(parts_of_speech("zh", 8)),
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json": squad_file(articles("fi", 8)),
    }
    put(folder, files)
    for name in ("xnli", "udpos", "tydiqa"):
        with pytest.raises(DataError, match=r"% of \d+ records read as English; record 'train:"):
            load(name, folder).task.source.train()
    with pytest.raises(DataError, match="read as English"):
        find_task("tydiqa", folder).source.train()


def test_a_tenth_in_another_language_is_too_much() -> None:
    english = [Record(str(n), {"text": f"This is the house of number {n}."}) for n in range(90)]
    finnish = [Record(f"f{n}", {"text": f"Tuo talo oli numero {n} kadulla."}) for n in range(10)]
    check_english([*english, *finnish[:4]], "it")
    with pytest.raises(DataError, match=r"90\.0% of 100 records read as English; record 'f0'"):
        check_english([*english, *finnish], "it")


def test_ids_that_name_another_language() -> None:
    texts = {"question": "Who wrote the book?", "passage": "She wrote the book."}
    check_english([Record("train:english-1-0", texts), Record("train:x-ray-1", texts)], "it")
    for name in ("train:swahili-1-0", "telugu-7"):
        with pytest.raises(DataError, match=f"record '{name}' is of"):
            check_english([Record("english-1-0", texts), Record(name, texts)], "it")


def test_a_foreign_question_on_an_english_passage_is_not_english() -> None:
    texts = {"question": "Kuka kirjoitti sen ja milloin?", "passage": "She wrote the book."}
    with pytest.raises(DataError, match=r"0\.0% of 1"):
        check_english([Record("1", texts)], "it")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Who wrote the book in the end?", True),
        ("Oslo Bergen", True),
        ("", True),
        ("他在哪里出生", False),
        ("Wer hat das Buch am Ende geschrieben?", False),
        ("Je, nani aliandika kitabu hicho?", False),
        ("Kuka syntyi tuossa vanhassa talossa?", False),
    ],
)
def test_what_reads_as_english(text: str, right: bool) -> None:
    assert is_english(text) is right


# Model selection


@pytest.mark.parametrize("name", ["xnli", "pawsx", "udpos", "panx"])
def test_model_selection_uses_english_dev_if_it_is_not_scored(name: str, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "all")
    data = load(name, folder)
    dev = data.task.source.dev()
    assert [record.id for record in dev] == [f"dev:{n}" for n in range(8)]
    assert [(r.texts, r.words) for r in dev] == [
        (r.texts, r.words) for r in load(name, folder, split="dev").tests["en"]
    ]
    assert "English dev" in data.selection


@pytest.mark.parametrize("languages", [None, ("de",)])
@pytest.mark.parametrize("name", ["xnli", "pawsx", "udpos", "panx"])
def test_where_dev_is_scored_training_examples_are_held_out(
    name: str, languages: tuple[str, ...] | None, tmp_path: Path
) -> None:
    data = load(name, xtreme_folder(tmp_path), languages=languages)
    source = data.task.source
    train, dev = source.train(), source.dev()
    ids = [record.id for record in (*train, *dev)]
    assert len(ids) == len(set(ids)) == (24 if name == "xnli" else 12)
    assert dev
    assert not {record.texts.get("text", record.words) for record in train} & {
        record.texts.get("text", record.words) for record in dev
    }
    assert data.selection.startswith("a tenth of the English training examples")
    assert data.selection.endswith("are of the split that is scored")


def test_without_english_dev_files_training_examples_are_held_out(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "all")
    (folder / "udpos" / "dev-en.tsv").unlink()
    data = load("udpos", folder)
    assert (data.split, data.task.source.dev()[0].id[:6]) == ("test", "train:")
    assert data.selection.endswith("there are no English dev examples to choose by")


@pytest.mark.parametrize("name", ["xquad", "mlqa"])
def test_squad_dev_is_used_neither_for_training_nor_for_model_selection(
    name: str, tmp_path: Path
) -> None:
    folder = xtreme_folder(tmp_path)
    source = load(name, folder).task.source
    train, dev = source.train(), source.dev()
    assert {record.id[:7] for record in (*train, *dev)} == {"train:s"}
    assert dev
    passages = [{record.texts["passage"] for record in side} for side in (train, dev)]
    assert not passages[0] & passages[1]
    assert "one fine-tuning serves XQuAD and MLQA" in load(name, folder).selection


def test_xquad_and_mlqa_train_on_the_same(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    one, other = (load(name, folder).task for name in ("xquad", "mlqa"))
    assert (one.name, one.form) == (other.name, other.form)
    assert one.source.checksum() == other.source.checksum()


def test_records_of_model_selection_are_part_of_the_checksum(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "all")
    sums = [load("xnli", folder, split=split).task.source.checksum() for split in ("dev", "test")]
    again = load("xnli", folder, split="test").task.source.checksum()
    assert sums[0] != sums[1] == again
    put(folder, {"xnli/dev-en.tsv": pairs_file(nli_pairs("en", 7))})
    assert load("xnli", folder, split="test").task.source.checksum() != again


def passages(count: int, each: int) -> list[Record]:
    return [
        Record(f"{n}-{of}", {"question": f"Why {of}?", "passage": f"Passage {n}."})
        for n in range(count)
        for of in range(each)
    ]


def test_a_tenth_is_held_out_whole_passages_together() -> None:
    records = passages(100, 5)
    train, dev = hold_out(records)
    assert (len(train), len(dev)) == (450, 50)
    assert sorted([*train, *dev], key=lambda r: r.id) == sorted(records, key=lambda r: r.id)
    assert not {r.texts["passage"] for r in train} & {r.texts["passage"] for r in dev}
    assert [r for r in records if r in train] == train
    turned = hold_out(records[::-1])[1]
    assert {record.id for record in turned} == {record.id for record in dev}


def test_at_most_a_thousand_are_held_out() -> None:
    assert [len(part) for part in hold_out(passages(4_000, 3))] == [11_001, 999]
    assert [len(part) for part in hold_out(passages(2, 2))] == [2, 2]
    with pytest.raises(DataError, match="10 training examples of 1 passage"):
        hold_out(passages(1, 10))


# TyDiQA without its dev files


def training_files_alone(tmp_path: Path) -> Path:
    files = {
        f"tydiqa.goldp.{code}.train.json": squad_file(articles(code, 6, 4, prefix=""))
        for code in ("en", "fi")
    }
    return put(tmp_path / "tydiqa", files)


def test_training_questions_of_other_languages_are_scored_if_there_are_no_others(
    tmp_path: Path,
) -> None:
    folder = training_files_alone(tmp_path)
    data = load("tydiqa", folder)
    assert (data.split, data.labelled, list(data.tests)) == ("dev", True, ["fi"])
    assert data.gaps["en"] == "its examples are trained on"
    assert data.gaps["ko"] == "no dev examples in tydiqa"
    assert {record.language for record in data.task.source.train()} == {"en"}
    for options in ({"split": "dev"}, {"split": "test"}, {"languages": ("en",)}):
        with pytest.raises(DataError, match="examples of tydiqa in"):
            load("tydiqa", folder, **options)


def test_training_questions_are_not_scored_beside_dev_files(tmp_path: Path) -> None:
    folder = training_files_alone(tmp_path)
    put(folder, {"tydiqa.goldp.en.dev.json": squad_file(articles("en", 2, prefix=""))})
    data = load("tydiqa", folder)
    assert (data.split, list(data.tests)) == ("test", ["en"])


def test_ids_that_repeat_get_their_number(tmp_path: Path) -> None:
    twice = [*articles("ko", 1, prefix=""), *articles("ko", 1, prefix="")]
    path = put(tmp_path, {"a.json": squad_file(twice)}) / "a.json"
    assert [row.values["id"] for row in questions(path)] == ["0-0-1", "0-1-2", "0-0-3", "0-1-4"]
    once = put(tmp_path, {"b.json": squad_file(twice[:1])}) / "b.json"
    assert [row.values["id"] for row in questions(once)] == ["0-0", "0-1"]
