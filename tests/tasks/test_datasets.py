"""Tasks on published datasets: facts, published files, the hub, and each fault."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dataset_samples import (
    ANLI_FILES,
    CCG_FILES,
    HUB_ROWS,
    MNLI_FILES,
    PASSAGE,
    SAMPLES,
    SICK_FILES,
    SICK_HEADER,
    SNLI_FILES,
    Sample,
    commonsense,
    derivation,
    lines,
    nli,
    squad,
    tabs,
    write_sample,
)
from labelled_task_samples import TASK_HUB_ROWS, TASK_SAMPLES
from tiny_encoder import load_tiny

from crosslift.artifacts.read_once import reading_once
from crosslift.errors import DataError, StudyError
from crosslift.forms.form import FormOptions, Split
from crosslift.languages import is_known
from crosslift.sources import dataset_files
from crosslift.sources.fields import SpanFields
from crosslift.sources.formats import rows
from crosslift.sources.formats.rows import lines_of
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import DatasetSource, Derived, PublishedData, Together
from crosslift.sources.record import Record
from crosslift.tasks.all_tasks import CORPORA, DATASETS, EMBEDDED, TASKS, find_task, needs_data
from crosslift.tasks.ccg import OTHER, CommonTags, common_tags
from crosslift.tasks.dataset import NLI_LABELS, DatasetTask
from crosslift.tasks.nli_contrastive import sentences_twice, triplets
from crosslift.tasks.own_files import OWN_FILE_TASKS
from crosslift.tasks.squad_pairs import sentence_around
from crosslift.tasks.task import IntermediateTask

SAMPLES = {**SAMPLES, **TASK_SAMPLES}
HUB_ROWS = {**HUB_ROWS, **TASK_HUB_ROWS}
CASES = [
    pytest.param(name, sample, id=f"{name}-{number}")
    for name, samples in SAMPLES.items()
    for number, sample in enumerate(samples, start=1)
]
NOT_PINNED = {"RobZamp/sick", "google/xtreme"}
ON_A_BRANCH = {"sick", "sick-relatedness", "udpos", "tydiqa"}
SIQA_ROW = SAMPLES["social-iqa"][1].files["dev.jsonl"]
LOCAL_ONLY = {"ccg", "snli-cad", "snli-cad-contrastive"}


def open_sample(name: str, sample: Sample, folder: Path) -> IntermediateTask:
    return find_task(name, write_sample(folder, sample.files))


def published(source: DatasetSource) -> Iterator[PublishedData]:
    """Every dataset that is part of a source."""
    if isinstance(source, PublishedData):
        yield source
    for part in source.parts.values() if isinstance(source, Together) else ():
        yield from published(part)
    if isinstance(source, Derived | CommonTags):
        yield from published(source.of)


# Facts


def test_every_dataset_has_a_sample_and_hub_rows() -> None:
    assert set(SAMPLES) == set(DATASETS)
    direct = {
        name
        for name, task in DATASETS.items()
        if isinstance(task.source, PublishedData) and task.source.hub is not None
    }
    assert set(HUB_ROWS) == direct
    for name, task in DATASETS.items():
        if isinstance(task.source, PublishedData):
            assert len(SAMPLES[name]) == len(task.source.files.layouts)


def test_names_are_unique() -> None:
    assert not set(DATASETS) & {*EMBEDDED, *OWN_FILE_TASKS}
    assert set(TASKS) == {*DATASETS, *EMBEDDED, *CORPORA}
    titles = Counter(task.title for task in TASKS.values())
    assert max(titles.values()) == 1


@pytest.mark.parametrize("task", DATASETS.values(), ids=list(DATASETS))
def test_facts_are_complete(task: DatasetTask) -> None:
    assert DATASETS[task.name] is task
    assert find_task(task.name) is task
    assert all([task.title, task.licence, task.citation])
    assert task.languages == ("en",)
    assert is_known("en")
    assert not task.pictures
    assert task.train_examples > 1000
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", task.name)
    for data in published(task.source):
        assert data.files.where.startswith(("https://", "http://"))
        assert data.hub is None or data.hub.pinned or data.hub.id in NOT_PINNED


def test_lists_of_exceptions_are_not_stale() -> None:
    hubs = [d.hub for task in DATASETS.values() for d in published(task.source) if d.hub]
    assert {hub.id for hub in hubs if not hub.pinned} == NOT_PINNED
    assert {name for name in DATASETS if needs_data(name)} == LOCAL_ONLY
    assert all(needs_data(name) for name in OWN_FILE_TASKS)
    assert not any(needs_data(name) for name in EMBEDDED)


def test_the_nine_tasks_of_phang_and_the_size_of_anli_plus() -> None:
    nine = ["anli-plus", "mnli", "qqp", "squad-2.0", "squad-1.1", "hellaswag", "ccg"]
    assert list(DATASETS)[:9] == [*nine, "cosmos-qa", "commonsense-qa"]
    assert DATASETS["anli-plus"].train_examples == 1_104_934


# Files


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_folder_is_read(name: str, sample: Sample, tmp_path: Path) -> None:
    task = open_sample(name, sample, tmp_path)
    dataset = task.source.read("train")
    assert dataset.records[0] == sample.first
    assert len(dataset.records) == sample.train
    assert dict(dataset.skipped) == dict(sample.skipped)
    assert task.source.train() == dataset.records
    dev = task.source.dev()
    assert len(dev) == sample.dev
    ids = [record.id for record in (*dataset.records, *dev)]
    assert len(set(ids)) == len(ids)
    for record in (*dataset.records, *dev):
        assert record.language == "en"
        check_form(task, record)


def check_form(task: IntermediateTask, record: Record) -> None:
    """The fields that the task's form binds exist, and fit its options."""
    assert set(record.texts) == set(task.form.columns.values())
    assert all(text.strip() for text in record.texts.values())
    options = task.form.options
    if task.form.name == "classification":
        assert record.label in options["labels"]
    elif task.form.name == "multiple-choice":
        assert len(record.choices) == options["choices"]
        assert record.answer in range(options["choices"])
    elif task.form.name == "span-qa":
        assert record.spans or options["unanswerable"]
        assert all(0 <= a < b <= len(record.texts["passage"]) for a, b in record.spans)
    elif task.form.name == "tagging":
        assert len(record.words) == len(record.tags) > 0
        assert set(record.tags) <= set(options["tags"])
    elif task.form.name == "regression":
        assert options["lowest"] <= (-1 if record.score is None else record.score)
        assert (99 if record.score is None else record.score) <= options["highest"]
    else:
        assert task.form.name == "text-pairs"
        assert record.group


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_byte_order_mark_and_crlf_change_nothing(name: str, sample: Sample, tmp_path: Path) -> None:
    plain = {
        file: text.lstrip("\ufeff").replace("\r\n", "\n") for file, text in sample.files.items()
    }
    marked = {file: "\ufeff" + text.replace("\n", "\r\n") for file, text in plain.items()}
    tasks = [
        find_task(name, write_sample(tmp_path / folder, files))
        for folder, files in (("plain", plain), ("marked", marked))
    ]
    for split in ("train", "dev"):
        assert tasks[0].source.read(split) == tasks[1].source.read(split)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_folder_without_dev_files_has_no_dev(name: str, sample: Sample, tmp_path: Path) -> None:
    files = {file: text for file, text in sample.files.items() if file not in sample.dev_files}
    source = find_task(name, write_sample(tmp_path, files)).source
    assert source.dev() == []
    assert len(source.train()) == sample.train
    assert len(source.checksum()) == 64


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_checksum_is_of_what_is_read(name: str, sample: Sample, tmp_path: Path) -> None:
    here = write_sample(tmp_path / "here", sample.files)
    copy = shutil.copytree(here, tmp_path / "there" / "deeper")
    (copy / "notes.md").write_text("not read")
    first = find_task(name, here).source.checksum()
    assert find_task(name, copy).source.checksum() == first
    for number, (file, text) in enumerate(sample.files.items()):
        if "mismatched" in file:
            continue
        other = write_sample(tmp_path / str(number), {**sample.files, file: text + "\n"})
        assert find_task(name, other).source.checksum() != first, file


def test_a_run_sums_files_once_and_the_next_run_sees_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[Path]] = []
    real = dataset_files.sha256_of
    monkeypatch.setattr(
        dataset_files, "sha256_of", lambda paths: calls.append(list(paths)) or real(calls[-1])
    )
    source = find_task("sick", write_sample(tmp_path, SICK_FILES)).source
    with reading_once():
        sums = {source.checksum() for _ in range(3)}
    assert (len(sums), len(calls)) == (1, 1)
    write_sample(tmp_path, {"SICK_trial.txt": SICK_FILES["SICK_trial.txt"] + "\n"})
    with reading_once():
        assert source.checksum() not in sums
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnli", "multinli_1.0"),
        ("snli", "snli_1.0"),
        ("anli", "anli_v1.0"),
        ("snli-cad", "NLI/all_combined"),
        ("qqp", "QQP"),
        ("paws", "final"),
        ("ccg", "data/AUTO"),
        ("sts-b", "stsbenchmark"),
        ("hellaswag", "data"),
    ],
)
def test_files_may_lie_where_the_archive_puts_them(name: str, folder: str, tmp_path: Path) -> None:
    sample = SAMPLES[name][0]
    write_sample(tmp_path / folder, sample.files)
    assert find_task(name, tmp_path).source.train()[0] == sample.first


def test_anli_plus_reads_the_three_archives_side_by_side(tmp_path: Path) -> None:
    for folder, files in (
        ("anli_v1.0", ANLI_FILES),
        ("multinli_1.0", MNLI_FILES),
        ("snli_1.0", SNLI_FILES),
    ):
        write_sample(tmp_path / folder, files)
    records = find_task("anli-plus", tmp_path).source.train()
    parts = Counter(record.id.split(":")[0] for record in records)
    assert parts == {"anli": 3, "mnli": 3, "snli": 4}
    assert {record.label for record in records} == set(NLI_LABELS)


# Records in full


def test_the_mismatched_dev_file_is_not_used(tmp_path: Path) -> None:
    task = open_sample("mnli", SAMPLES["mnli"][0], tmp_path)
    dataset = task.source.read("dev")
    assert [record.id for record in dataset.records] == ["dev:9e", "dev:9c"]
    assert dataset.skipped == {"no gold label": 1}


def test_spans_point_at_the_answers(tmp_path: Path) -> None:
    source = open_sample("squad-1.1", SAMPLES["squad-1.1"][0], tmp_path).source
    answers = [
        [record.texts["passage"][a:b] for a, b in record.spans]
        for record in (*source.train(), *source.dev())
    ]
    assert answers == [["Oslo"], ["1950"], ["Oslo", "in Oslo"]]
    assert source.train()[0].texts["passage"] == PASSAGE


def test_plausible_answers_are_no_answers(tmp_path: Path) -> None:
    source = open_sample("squad-2.0", SAMPLES["squad-2.0"][0], tmp_path).source
    assert [len(record.spans) for record in (*source.train(), *source.dev())] == [0, 1, 2, 0]


def test_answers_of_cosmos_qa_are_counted_from_0_under_both_headers(tmp_path: Path) -> None:
    source = open_sample("cosmos-qa", SAMPLES["cosmos-qa"][0], tmp_path).source
    assert "answer4" in SAMPLES["cosmos-qa"][0].files["valid.csv"]
    for record in (*source.train(), *source.dev()):
        assert record.choices == ("A", "B", "C", "None of these")
        assert record.answer == 2


def test_rare_and_unseen_tags_are_other(tmp_path: Path) -> None:
    task = open_sample("ccg", SAMPLES["ccg"][0], tmp_path)
    assert task.form.options == {"tags": (".", "N", r"S[dcl]\NP", OTHER)}
    records = {record.id: record for record in task.source.train()}
    assert records["train:wsj_0202.1"].words == ("-LRB-", "Oh")
    assert records["train:wsj_0202.1"].tags == (OTHER, "N")
    assert task.source.dev()[0].tags == ("N", OTHER)


def test_the_tags_follow_the_files(tmp_path: Path) -> None:
    write_sample(tmp_path, CCG_FILES)
    before = find_task("ccg", tmp_path).form.options["tags"]
    new = "".join(derivation(f"wsj_2102.{n}", ("hi", "INTJ")) for n in range(10))
    write_sample(tmp_path, {"21/wsj_2102.auto": new})
    assert set(find_task("ccg", tmp_path).form.options["tags"]) - set(before) == {"INTJ"}


def test_a_tag_counts_from_the_fewest_on() -> None:
    records = [Record("a", words=("x",) * 5, tags=("b", "a", "b", "c", "b")), Record("b")]
    assert common_tags(records, 3) == ("b",)
    assert common_tags(records, 1) == ("a", "b", "c")


def test_triplets_use_the_contradictions_of_their_premise_in_turn() -> None:
    rows = ["P e1 entailment", "P c1 contradiction", "Q e2 entailment", "P e3 entailment"]
    rows += ["P c2 contradiction", "P n neutral", "P e4 entailment", "R c contradiction"]
    records = []
    for number, row in enumerate(rows):
        premise, hypothesis, label = row.split()
        records.append(Record(str(number), {"text": premise, "pair": hypothesis}, label=label))
    triplet_records = triplets(records)
    assert [tuple(record.texts.values()) for record in triplet_records] == [
        ("P", "e1", "c1"),
        ("P", "e3", "c2"),
        ("P", "e4", "c1"),
    ]
    assert {record.group for record in triplet_records} == {"P"}
    assert [record.id for record in triplet_records] == ["0", "3", "6"]


def test_each_sentence_appears_once_in_the_unsupervised_task() -> None:
    records = [
        Record("1", {"text": "A", "pair": "B"}, label="neutral"),
        Record("2", {"text": "A", "pair": "C"}, label="entailment"),
        Record("3", {"text": "C", "pair": "D"}, label="entailment"),
    ]
    pairs = sentences_twice(records)
    assert [record.texts["anchor"] for record in pairs] == ["A", "B", "C", "D"]
    assert all(record.texts["anchor"] == record.texts["positive"] for record in pairs)


def test_dev_pairs_have_one_right_answer_each(tmp_path: Path) -> None:
    premise = [nli(f"{i}e", "P", f"e{i}", "entailment") for i in range(3)]
    rows = lines(*premise, nli("c", "P", "c", "contradiction"))
    source = find_task(
        "nli-contrastive",
        write_sample(tmp_path, {**MNLI_FILES, **SNLI_FILES, "snli_1.0_dev.jsonl": rows}),
    ).source
    ids = [record.id for record in source.dev()]
    assert ids == ["mnli:dev:9e", "snli:dev:0e"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("Oslo", "Mr. Ué lives in Oslo."),
        ("1950", "He was born in 1950!"),
        ("cold", "Oslo is cold."),
        ("1950! Oslo", "He was born in 1950! Oslo is cold."),
    ],
)
def test_the_sentence_around_an_answer(answer: str, sentence: str) -> None:
    start = PASSAGE.index(answer)
    assert sentence_around(PASSAGE, start, start + len(answer)) == sentence


@pytest.mark.parametrize(
    ("passage", "answer", "sentence"),
    [
        ("It is in the U.S. Army. He left.", "Army", "It is in the U.S. Army."),
        ('She said "No." Then it ended.', "ended", "Then it ended."),
        ("It cost 3.5 dollars. So.", "3.5", "It cost 3.5 dollars."),
        ("One line\nAnother line", "Another", "Another line"),
    ],
)
def test_where_sentences_end(passage: str, answer: str, sentence: str) -> None:
    start = passage.index(answer)
    assert sentence_around(passage, start, start + len(answer)) == sentence


# Faults of files: task, files that replace those of its sample, what the error must say


def _edit(name: str, file: str, old: str, new: str) -> tuple[str, dict[str, str]]:
    text = SAMPLES[name][0].files[file]
    assert old in text
    return name, {file: text.replace(old, new, 1)}


FAULTS: dict[str, tuple[tuple[str, dict[str, str]], tuple[str, ...]]] = {
    "label outside the set": (
        _edit(
            "mnli", "multinli_1.0_train.jsonl", '"gold_label": "neutral"', '"gold_label": "maybe"'
        ),
        ("multinli_1.0_train.jsonl, row 1", "'maybe'", "entailment, neutral, contradiction, -"),
    ),
    "label missing": (
        _edit("snli", "snli_1.0_train.jsonl", '"gold_label": ', '"gold": '),
        ("snli_1.0_train.jsonl, row 1", "no column 'gold_label'", "annotator_labels, gold, pairID"),
    ),
    "label not a text": (
        _edit("snli", "snli_1.0_train.jsonl", '"gold_label": "entailment"', '"gold_label": ["e"]'),
        ("row 1", "['e']"),
    ),
    "empty text": (
        _edit("snli", "snli_1.0_train.jsonl", "An animal moves.", " "),
        ("snli_1.0_train.jsonl, row 1", "'sentence2' is empty"),
    ),
    "no text": (
        _edit("snli", "snli_1.0_train.jsonl", '"An animal moves."', "null"),
        ("snli_1.0_train.jsonl, row 1", "'sentence2' holds None"),
    ),
    "id twice": (
        _edit("snli", "snli_1.0_train.jsonl", "7.jpg#0r2e", "7.jpg#0r1e"),
        ("snli_1.0_train.jsonl, row 4", "'7.jpg#0r1e' appears twice"),
    ),
    "id twice in two files": (
        _edit("anli", "R3/train.jsonl", "u3", "u1"),
        ("R3/train.jsonl, row 1", "'u1' appears twice"),
    ),
    "not JSON": (
        _edit("anli", "R2/train.jsonl", "{", "["),
        ("R2/train.jsonl, row 1", "not JSON"),
    ),
    "no object": (("anli", {"R2/train.jsonl": "[1]\n"}), ("R2/train.jsonl, row 1: [1]",)),
    "round missing": (("anli", {"R2/train.jsonl": ""}), ("R2/train.jsonl", "R1/train.jsonl")),
    "SICK with other columns": (
        (
            "sick",
            {
                "SICK_train.txt": tabs(
                    "pair_ID|sentence_A|sentence_B|entailment_label|relatedness_score",
                    "1|A|B|NEUTRAL|4.5",
                )
            },
        ),
        ("SICK_train.txt, row 2", "no column 'entailment_judgment'", "entailment_label"),
    ),
    "too many cells": (
        ("sick", {"SICK_train.txt": tabs(SICK_HEADER, "1|A|B|2|NEUTRAL|x")}),
        ("SICK_train.txt, row 2: 6 columns", "5 columns: pair_ID"),
    ),
    "a column twice": (
        ("sick", {"SICK_train.txt": tabs(SICK_HEADER.replace("_B", "_A"), "1|A|B|2|NEUTRAL")}),
        ("SICK_train.txt, row 1", "names 'sentence_A' twice"),
    ),
    "grade out of range": (
        _edit("sick-relatedness", "SICK_train.txt", "4.5", "5.5"),
        ("SICK_train.txt, row 2", "'5.5'", "from 1 to 5"),
    ),
    "grade is no number": (
        _edit("sts-b", "sts-train.csv", "4.75", "high"),
        ("sts-train.csv, row 1", "'high'", "from 0 to 5"),
    ),
    "grade is not finite": (
        _edit("sts-b", "sts-train.csv", "4.75", "nan"),
        ("sts-train.csv, row 1", "'nan'"),
    ),
    "too few cells": (
        ("sts-b", {"sts-train.csv": tabs("main|x|2012|1|2.0|A")}),
        ("sts-train.csv, row 1: 6 columns", "genre, filename, year"),
    ),
    "an unclosed quote": (
        ("cosmos-qa", {"train.csv": 'id,context\n1,"open\n'}),
        ("train.csv, row 2", "CSV with quotes"),
    ),
    "answer beyond the choices": (
        _edit("cosmos-qa", "train.csv", ",2\n", ",4\n"),
        ("train.csv, row 2", "'label' holds '4'", "0, 1, 2, 3"),
    ),
    "three endings": (
        _edit("hellaswag", "hellaswag_train.jsonl", '"walks up.", ', ""),
        ("hellaswag_train.jsonl, row 1", "'endings'", "a list of 4"),
    ),
    "an empty choice": (
        _edit("hellaswag", "hellaswag_train.jsonl", "walks up.", ""),
        ("hellaswag_train.jsonl, row 1", "'endings' is empty"),
    ),
    "choices of other letters": (
        (
            "commonsense-qa",
            {"train_rand_split.jsonl": lines(commonsense("k", "Why?", "A", labels="ABCDF"))},
        ),
        ("train_rand_split.jsonl, row 1", "choices A, B, C, D, F", "ABCDE"),
    ),
    "an unlabelled test row": (
        _edit("commonsense-qa", "train_rand_split.jsonl", '"answerKey": "C", ', ""),
        ("train_rand_split.jsonl, row 1", "no column 'answerKey'"),
    ),
    "no list of data": (
        ("squad-1.1", {"train-v1.1.json": '{"version": "1.1", "articles": []}'}),
        ("train-v1.1.json", "no list 'data'", "SQuAD's layout"),
    ),
    "no JSON of SQuAD": (("squad-1.1", {"train-v1.1.json": "x"}), ("train-v1.1.json", "not JSON")),
    "no questions": (
        ("squad-1.1", {"train-v1.1.json": '{"data": []}'}),
        ("no training record", "no row"),
    ),
    "answer not at its offset": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", "Where?", [("Oslo", 3)]))}),
        ("train-v1.1.json, question 'q7'", "'Oslo'", "at 3 is '. Ué'"),
    ),
    "offset beyond the passage": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", "Where?", [("Oslo", 999)]))}),
        ("question 'q7'", "at 999 is ''"),
    ),
    "negative offset": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", "Where?", [("cold", -5)]))}),
        ("question 'q7'", "'cold' at -5"),
    ),
    "empty answer": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", "Where?", [("", 3)]))}),
        ("question 'q7'", "answer '' at 3"),
    ),
    "SQuAD 2.0 as 1.1": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", "Where?", []), version="v2.0")}),
        ("question 'q7'", "no answer", "SQuAD 2.0"),
    ),
    "empty question": (
        ("squad-1.1", {"train-v1.1.json": squad(("q7", " ", [("cold", PASSAGE.index("cold"))]))}),
        ("question 'q7'", "'question' is empty"),
    ),
    "question id twice": (
        (
            "squad-1.1",
            {"train-v1.1.json": squad(*[("q7", "A?", [("cold", PASSAGE.index("cold"))])] * 2)},
        ),
        ("question 'q7'", "appears twice"),
    ),
    "fewer labels than objects": (
        ("social-iqa", {"train.jsonl": SIQA_ROW * 2, "train-labels.lst": "1\n"}),
        ("train-labels.lst has fewer lines than", "train.jsonl"),
    ),
    "more labels than objects": (
        ("social-iqa", {"train.jsonl": SIQA_ROW, "train-labels.lst": "1\n2\n"}),
        ("train.jsonl has fewer lines than", "train-labels.lst"),
    ),
    "a section missing": (("ccg", {"07/wsj_0701.auto": ""}), ("07/*.auto", "LDC2005T13")),
    "no derivation": (
        _edit("ccg", "02/wsj_0201.auto", "(<L N NN NN Dogs N>)", "(<L N NN Dogs N>)"),
        ("02/wsj_0201.auto, row 2", "CCGbank's AUTO format"),
    ),
    "a derivation without its id": (
        _edit("ccg", "02/wsj_0201.auto", "ID=wsj_0201.1", "wsj_0201.1"),
        ("02/wsj_0201.auto, row 1", "CCGbank's AUTO format"),
    ),
}
DROPPED = {"round missing", "a section missing"}  # the file of an empty text is not written
ALONE = {"fewer labels than objects", "more labels than objects"}  # not the first layout's files


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_name_file_and_row(fault: str, tmp_path: Path) -> None:
    (name, changed), parts = FAULTS[fault]
    files = {**({} if fault in ALONE else SAMPLES[name][0].files), **changed}
    if fault in DROPPED:
        files = {file: text for file, text in files.items() if text}
    write_sample(tmp_path, files)
    with pytest.raises(DataError) as error:
        find_task(name, tmp_path).source.train()
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_each_reader_names_the_line_of_bytes_that_are_not_utf_8(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    write_sample(tmp_path, sample.files)
    file = next(iter(sample.files))
    (tmp_path / file).write_bytes(sample.files[file].encode() + b"\n\xff\n")
    with pytest.raises(DataError, match="0xff is not UTF-8") as error:
        find_task(name, tmp_path).source.train()
    line = (sample.files[file] + "\n").count("\n") + 1
    assert re.search(rf"{re.escape(Path(file).name)}, (row|line) {line}:", str(error.value))


@pytest.mark.parametrize("name", DATASETS)
def test_the_error_names_missing_files_and_their_source(name: str, tmp_path: Path) -> None:
    first = next(published(DATASETS[name].source)).files
    (tmp_path / "readme.txt").write_text("x")
    for folder, what in ((tmp_path, "it holds readme.txt"), (tmp_path / "no", "is not a folder")):
        with pytest.raises(DataError) as error:
            find_task(name, folder).source.checksum()
        for part in (str(folder), what, first.layouts[0].train[0], first.where):
            assert part in str(error.value)


def test_a_file_instead_of_its_folder(tmp_path: Path) -> None:
    write_sample(tmp_path, SICK_FILES)
    with pytest.raises(DataError, match="is not a folder"):
        find_task("sick", tmp_path / "SICK_train.txt").source.train()


def test_one_dev_file_of_several_is_an_error(tmp_path: Path) -> None:
    files = {file: text for file, text in ANLI_FILES.items() if file != "R2/dev.jsonl"}
    source = find_task("anli", write_sample(tmp_path, files)).source
    with pytest.raises(DataError, match=re.escape("holds no R2/dev.jsonl")):
        source.dev()


def test_social_iqa_without_its_labels(tmp_path: Path) -> None:
    write_sample(tmp_path, {"train.jsonl": "{}\n"})
    with pytest.raises(DataError, match=r"has no train-labels\.lst beside it"):
        find_task("social-iqa", tmp_path).source.train()


def test_an_answer_to_an_impossible_question(tmp_path: Path) -> None:
    text = squad(("q7", "Where?", [("cold", PASSAGE.index("cold"))]), version="v2.0")
    write_sample(tmp_path, {"train-v2.0.json": text.replace("false", "true")})
    with pytest.raises(DataError, match="question called impossible"):
        find_task("squad-2.0", tmp_path).source.train()


def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = find_task("squad-1.1", write_sample(tmp_path, SAMPLES["squad-1.1"][0].files))
    real = SpanFields.record

    def record(self: SpanFields, row: Any, split: str) -> Record | str:
        with (tmp_path / "train-v1.1.json").open("a") as file:
            file.write(" ")
        return real(self, row, split)

    monkeypatch.setattr(SpanFields, "record", record)
    with pytest.raises(DataError, match="changed while"):
        task.source.train()


def test_no_triplet_can_be_made(tmp_path: Path) -> None:
    files = {"train.tsv": tabs("sentence1|sentence2|gold_label", "A|B|neutral")}
    with pytest.raises(DataError, match="no training record can be made"):
        find_task("snli-cad-contrastive", write_sample(tmp_path, files)).source.train()


def test_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="`columns` names text"):
        find_task("mnli", tmp_path, {"text": "premise"})


def test_lines_end_with_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_bytes("\ufeffa\x0bb\u2028c\r\nd\re\n".encode())
    assert list(lines_of(path)) == [(1, "a\x0bb\u2028c"), (2, "d\re")]
    with pytest.raises(DataError, match="cannot be read"):
        list(lines_of(tmp_path / "missing.tsv"))


@pytest.mark.parametrize("block", [1, 5, 7, 1 << 20])
def test_lines_are_the_same_however_large_the_blocks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(rows, "_BLOCK", block)
    path = tmp_path / "x.tsv"
    parts = ["", "a", "é\u20ac", "\r", "long" * 9, "x\ry", "\ufeff", "\x1c\u2028\x85"]
    ends = ("\n", "\r\n", "\r\r\n", "\n\n")
    whole = "first\n" + "".join(part + end for part in parts for end in ends)
    for text in ("", "a", "\n", "a\n\n", whole, whole + "last", whole + "last\r"):
        path.write_bytes(text.encode())
        lines = text.removesuffix("\n").split("\n") if text else []
        expected = [(n, line.removesuffix("\r")) for n, line in enumerate(lines, 1)]
        assert list(lines_of(path)) == expected
    path.write_bytes(f"{whole}{{}}\n\n".encode().replace(b"{}", b"b\xffd"))
    row = len(whole.split("\n"))
    with pytest.raises(DataError, match=f"row {row}: byte 0xff is not UTF-8"):
        list(lines_of(path))


# The hub


Load = Callable[..., Any]


@pytest.fixture
def put_hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Load], None]:
    """Replaces `datasets.load_dataset` by a function."""

    def put(load: Load) -> None:
        module = ModuleType("datasets")
        module.load_dataset = load
        monkeypatch.setitem(sys.modules, "datasets", module)

    return put


@pytest.mark.parametrize("name", HUB_ROWS)
def test_rows_of_the_hub_are_read(name: str, put_hub: Callable[[Load], None]) -> None:
    rows, first = HUB_ROWS[name]
    requests: list[tuple[str, str | None, str, str]] = []

    def load(dataset: str, config: str | None, *, split: str, revision: str) -> Any:
        requests.append((dataset, config, split, revision))
        return rows

    put_hub(load)
    task = DATASETS[name]
    hub = next(published(task.source)).hub
    assert hub is not None
    records = task.source.train()
    assert requests == [(hub.id, hub.config, split, hub.revision) for split in hub.train]
    assert records[0] == first
    assert all(record.id.startswith("dev:") for record in task.source.dev())
    assert [split for *_, split, _ in requests[len(hub.train) :]] == list(hub.dev)
    for record in records:
        check_form(task, record)


def test_skipped_rows_of_the_hub_are_counted(put_hub: Callable[[Load], None]) -> None:
    put_hub(lambda *_, **__: HUB_ROWS["snli"][0])
    assert DATASETS["snli"].source.read("train").skipped == {"no gold label": 1}


def test_a_fault_in_the_hub_names_split_and_row(put_hub: Callable[[Load], None]) -> None:
    put_hub(lambda *_, **__: [{**HUB_ROWS["snli"][0][0], "label": 3}])
    message = re.escape(
        "stanfordnlp/snli (plain_text) of the hub, split train, row 1: 'label' holds 3"
    )
    with pytest.raises(DataError, match=message):
        DATASETS["snli"].source.train()


def test_no_network_says_to_give_the_files(put_hub: Callable[[Load], None]) -> None:
    def load(*_: object, **__: object) -> Any:
        raise ConnectionError("Couldn't reach the Hub\nand more")

    put_hub(load)
    with pytest.raises(DataError) as error:
        DATASETS["mnli"].source.train()
    for part in (
        "nyu-mll/multi_nli at da70db2af9d09693783c3320c4249840212ee221",
        "Couldn't reach the Hub",
        "give `data:` with the folder of multinli_1.0_train.jsonl or multinli.train.en.tsv",
        "https://cims.nyu.edu/~sbowman/multinli/",
    ):
        assert part in str(error.value)
    assert "and more" not in str(error.value)


def test_the_real_library_without_network_raises_our_error() -> None:
    pytest.importorskip("datasets")
    fields = SpanFields()
    hub = HubDataset("crosslift/there-is-no-such-dataset", revision="0" * 40, fields=fields)
    with pytest.raises(DataError, match="cannot be read from the hub"):
        list(hub.rows("train", "give files"))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match="pip install datasets") as error:
        DATASETS["qqp"].source.train()
    assert "give `data:` with the folder of train.tsv" in str(error.value)


@pytest.mark.parametrize("name", sorted(LOCAL_ONLY))
def test_a_dataset_that_the_hub_lacks_needs_its_files(name: str) -> None:
    for act in (DATASETS[name].source.checksum, DATASETS[name].source.train):
        with pytest.raises(DataError, match="the hub does not have this dataset") as error:
            act()
        assert "give `data:` with the folder of" in str(error.value)
    assert ("LDC2005T13" in str(error.value)) == (name == "ccg")


def test_the_checksum_of_a_pinned_dataset_needs_no_network() -> None:
    pinned = [n for n in DATASETS if n not in LOCAL_ONLY | ON_A_BRANCH]
    sums = {name: DATASETS[name].source.checksum() for name in pinned}
    assert all(len(value) == 64 for value in sums.values())
    different = Counter(sums.values())
    assert {n for n in pinned if different[sums[n]] > 1} == {
        *("nli-contrastive", "nli-unsupervised"),
        *("squad-1.1", "squad-sentence", "squad-passage"),
    }
    hub = DATASETS["mnli"].source.hub
    other = replace(hub, revision=hashlib.sha1(b"x").hexdigest())
    assert other.checksum("") != hub.checksum("")


def test_a_branch_is_resolved_to_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[str, str]] = []
    commits = iter(["a" * 40, "a" * 40, "b" * 40])

    class Api:
        def dataset_info(self, name: str, revision: str) -> SimpleNamespace:
            requests.append((name, revision))
            return SimpleNamespace(sha=next(commits))

    module = ModuleType("huggingface_hub")
    module.HfApi = Api
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    one, two, three = (DATASETS["sick"].source.checksum() for _ in range(3))
    assert one == two != three
    assert set(requests) == {("RobZamp/sick", "refs/convert/parquet")}


# Forms and commands


@pytest.mark.parametrize("name", DATASETS)
def test_the_form_opens_with_the_options_of_the_task(name: str, tmp_path: Path) -> None:
    form = open_sample(name, SAMPLES[name][0], tmp_path).form.open()
    assert form.name == DATASETS[name].form.name
    assert set(form.columns) == set(DATASETS[name].form.columns.values())


@pytest.mark.parametrize("name", DATASETS)
def test_records_go_through_the_form(name: str, bert_folder: Path, tmp_path: Path) -> None:
    task = open_sample(name, SAMPLES[name][0], tmp_path)
    options = FormOptions(text_locked=False, partners="own", seed=0)
    train = list(task.source.train())
    if name == "squad-passage":  # its sample is one passage, and training needs two
        other = {**train[0].texts, "positive": "Another passage."}
        train.append(replace(train[0], texts=other, group="Another passage."))
    splits = Split(train), Split(task.source.dev())
    opened = task.form.open().open(load_tiny(bert_folder), *splits, options)
    assert opened.size >= 1
    loss = opened.loss(opened.draw(0, 2, 0), np.random.default_rng(0)).loss
    assert np.isfinite(loss.item())
    fewest = 2 if task.form.name == "regression" else 1  # one pair has no correlation
    assert bool(opened.dev_scores()) == (len(splits[1].records) >= fewest)
