"""Files of XTREME's labelled tasks: lines, characters, and each fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dataset_samples import write_sample
from labelled_samples import (
    articles,
    entities,
    nli_pairs,
    pairs_file,
    squad_file,
    words_file,
    xtreme_files,
    xtreme_folder,
)

from crosslift.errors import DataError
from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import TagFields
from crosslift.sources.labelled.conllu import conllu
from crosslift.sources.labelled.pair_tables import pairs_table
from crosslift.sources.labelled.parts import find_parts, unread_files
from crosslift.sources.labelled.words import ENTITIES, UPOS, TaggedWords
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings

NAMES = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa")


def load(name: str, data: Path | None = None, **settings: Any) -> LabelledData:
    target_data = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(target_data, LabelledData)
    return target_data


def put(folder: Path, files: Mapping[str, str]) -> Path:
    return write_sample(folder, files)


# Lines and characters


@pytest.mark.parametrize("between", ["\t\n", " \t \n", "\n\t\n", "   \n"])
@pytest.mark.parametrize(
    "words", [("Berlin\tB-LOC\nist\tO\n", "Merkel\tB-PER\n"), ("Berlin\nist\n", "Merkel\n")]
)
def test_lines_of_spaces_and_tabs_part_sentences(
    tmp_path: Path, between: str, words: tuple[str, str]
) -> None:
    path = tmp_path / "test-de.tsv"
    path.write_text(words[0] + between + words[1] + between, encoding="utf-8")
    read = list(TaggedWords(ENTITIES)(path))
    assert [row.values["words"] for row in read] == [("Berlin", "ist"), ("Merkel",)]


def test_files_that_look_like_a_part_and_are_not_read_are_named(tmp_path: Path) -> None:
    for name in ("test-de.tsv", "test-pt-BR.tsv", "dev-en.tsv", "README.md"):
        (tmp_path / "panx" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "panx" / name).write_text("Berlin\tB-LOC\n", encoding="utf-8")
    files = {"dev": ("dev-{language}.tsv",), "test": ("test-{language}.tsv",)}
    read, fields = TaggedWords(ENTITIES), TagFields()
    layout = Layout(**files, train=(), read=read, fields=fields, folders=("panx",))
    assert set(find_parts(layout, tmp_path)) == {("test", "de"), ("dev", "en")}
    assert list(unread_files(layout, tmp_path)) == ["panx/test-pt-BR.tsv"]


@pytest.mark.parametrize("name", NAMES)
def test_byte_order_mark_crlf_and_blank_lines_change_nothing(name: str, tmp_path: Path) -> None:
    plain = load(name, xtreme_folder(tmp_path))
    files = {}
    for path, text in xtreme_files().items():
        blank = "\n\n" + text.replace("\r\n", "\n").replace("\n\n", "\n\n\n\n") + "\n\n"
        lines = blank if path.endswith(".tsv") else text
        files[path] = "\ufeff" + lines.replace("\n", "\r\n")
    other = load(name, put(tmp_path / "marked", files))
    assert other.tests == plain.tests
    assert [(r.texts, r.words) for r in other.task.source.train()] == [
        (r.texts, r.words) for r in plain.task.source.train()
    ]


def test_only_lf_and_crlf_end_a_line_and_only_a_tab_parts_cells(tmp_path: Path) -> None:
    words = ["15\u00a0000", "a\u2028b", "กรุงเทพ\u200bมหานคร", "مُحَمَّد", "x\u0085y", "e\u0301"]
    text = "".join(f"{word}\tNOUN\n" for word in words)
    path = put(tmp_path, {"a.tsv": text}) / "a.tsv"
    (row,) = TaggedWords(UPOS)(path)
    assert row.values["words"] == tuple(words)
    pairs = [("one\u2028two\u00a0three", "ก ข\u3000ค", "1"), ("a", "b", "0")]
    path = put(tmp_path, {"b.tsv": pairs_file(pairs)}) / "b.tsv"
    assert [tuple(row.values.values()) for row in pairs_table(path)] == pairs


def test_a_file_of_words_alone_has_no_tags(tmp_path: Path) -> None:
    path = put(tmp_path, {"a.tsv": "One\ntwo\n\n\nthree\n"}) / "a.tsv"
    rows = list(TaggedWords(UPOS)(path))
    assert [row.values for row in rows] == [{"words": ("One", "two")}, {"words": ("three",)}]
    assert [row.number for row in rows] == [1, 5]


# Faults


@pytest.mark.parametrize(
    ("tags", "text", "message"),
    [
        (UPOS, "A\tDET\nb\n", r"row 2: 'b', 0 tags"),
        (UPOS, "a\n\nA\tDET\n", r"row 1: 'a', 0 tags"),
        (UPOS, "A\t\n", r"row 1: 'A \| ', 1 tags"),
        (UPOS, "A\tDET\tx\n", r"row 1: 'A \| DET \| x', 2 tags"),
        (UPOS, "A\tDET\n\nb\tNOUNS\n", r"row 3: tag 'NOUNS'\nExpected: one of ADJ, ADP"),
        (UPOS, "A\t_\n", r"row 1: tag '_'"),
        (UPOS, "two words\tNOUN\n", r"row 1: word 'two words'"),
        (UPOS, "\tNOUN\n", r"row 1: word ''"),
        (ENTITIES, "Oslo\tS-LOC\n", r"row 1: tag 'S-LOC'\nExpected: one of B-LOC, B-ORG"),
        (ENTITIES, "a\tB-MISC\n", r"row 1: tag 'B-MISC'"),
        (
            ENTITIES,
            "Oslo\tI-LOC\nis\tO\n\nAl\tI-PER\nRay\tI-PER\n\nx\tB-ORG\n",
            r"2 of 3 entities begin with I-, as in the scheme IOB1",
        ),
    ],
)
def test_faults_of_tagged_words(
    tags: tuple[str, ...], text: str, message: str, tmp_path: Path
) -> None:
    path = put(tmp_path, {"a.tsv": text}) / "a.tsv"
    with pytest.raises(DataError, match=message) as error:
        list(TaggedWords(tags)(path))
    assert str(path) in str(error.value)


def test_a_few_entities_may_begin_with_i(tmp_path: Path) -> None:
    text = "Oslo\tB-LOC\nis\tO\n\nAl\tB-PER\nBo\tI-ORG\n"
    path = put(tmp_path, {"a.tsv": text}) / "a.tsv"
    assert [row.values["tags"] for row in TaggedWords(ENTITIES)(path)] == [
        ("B-LOC", "O"),
        ("B-PER", "I-ORG"),
    ]


def test_a_word_of_wikiann_without_its_language(tmp_path: Path) -> None:
    path = put(tmp_path, {"a": "en:a\tO\nb\tO\n"}) / "a"
    with pytest.raises(DataError, match="row 2: word 'b'"):
        list(TaggedWords(ENTITIES, prefixed=True)(path))
    path = put(tmp_path, {"b": "en::\tO\n"}) / "b"
    assert next(TaggedWords(ENTITIES, prefixed=True)(path)).values["words"] == (":",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\t1\nc\td\n", "row 2: 2 cells"),
        ("a\tb\n\nc\td\t1\n", "row 3: 3 cells"),
        ("a\tb\t1\tx\n", "row 1: 4 cells"),
        ("a\n", "row 1: 1 cells"),
        ('"a\tb\t1\nc"\td\t1\n', "row 1: unexpected end of data"),
        ('"a"b\tc\t1\n', "row 1: '\t' expected after '\"'"),
    ],
)
def test_faults_of_a_table_of_pairs(text: str, message: str, tmp_path: Path) -> None:
    path = put(tmp_path, {"a.tsv": text}) / "a.tsv"
    with pytest.raises(DataError, match=re.escape(message)) as error:
        list(pairs_table(path))
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("xnli", "a\tb\tcontradictory", "label 'contradictory'\nExpected: one of entailment"),
        ("pawsx", "a\tb\t2", "label '2'\nExpected: one of 0, 1"),
        ("pawsx", "a\t\t1", "'pair' is empty"),
    ],
)
def test_labels_that_are_none(name: str, row: str, message: str, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    put(folder, {f"{name}/dev-de.tsv": f"{row}\n"})
    with pytest.raises(DataError, match=re.escape(f"dev-de.tsv, row 1: {message}")):
        load(name, folder)


def test_training_examples_without_labels(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    put(
        folder,
        {
            "xnli/train-en.tsv": pairs_file(nli_pairs("en", 6), labels=False),
            "panx/train-en.tsv": words_file(entities("en", 6), labels=False),
        },
    )
    for name in ("xnli", "panx"):
        with pytest.raises(DataError, match=r"train-en\.tsv, row 1: no label"):
            load(name, folder).task.source.train()


def broken_question(**answer: object) -> str:
    data = articles("de", 2)
    data[1]["paragraphs"][0]["qas"][1]["answers"] = [answer] if answer else []
    return squad_file(data)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"text": "1901", "answer_start": 3}, "the answer is '1901', but the text at 3 is"),
        (
            {"text": "1901", "answer_start": 9_999},
            "the answer is '1901', but the text at 9999 is ''",
        ),
        ({"text": "1901", "answer_start": -4}, "answer '1901' at -4"),
        ({"text": "1901", "answer_start": "3"}, "answer '1901' at '3'"),
        ({"text": "", "answer_start": 0}, "no label, but earlier rows have one"),
        ({}, "no label, but earlier rows have one"),
    ],
)
def test_answers_that_do_not_stand_there(
    answer: dict[str, object], message: str, tmp_path: Path
) -> None:
    folder = xtreme_folder(tmp_path)
    put(folder, {"xquad/xquad.de.json": broken_question(**answer)})
    with pytest.raises(DataError, match=re.escape(f"xquad.de.json, question 'q1-1': {message}")):
        load("xquad", folder)


def test_an_empty_file(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    put(folder, {"udpos/dev-de.tsv": "\n\n"})
    with pytest.raises(DataError, match=r"dev-de\.tsv holds no example"):
        load("udpos", folder)


def test_an_id_of_no_language(tmp_path: Path) -> None:
    files = {"tydiqa-goldp-v1.1-train.json": squad_file(articles("en", 2, prefix="klingon-"))}
    with pytest.raises(DataError, match="id 'klingon-0-0'"):
        load("tydiqa", put(tmp_path, files))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\tword\tNOUN", "10 cells"),
        ("2\tword\t_\tNOUN\t_\t_\t0\troot\t_\t_", "word number '2'"),
        ("1\tword\t_\tN\t_\t_\t0\troot\t_\t_", "tag 'N'"),
        ("1\t\t_\tNOUN\t_\t_\t0\troot\t_\t_", "word ''"),
    ],
)
def test_faults_of_conllu(line: str, message: str, tmp_path: Path) -> None:
    path = put(tmp_path, {"xx_a-ud-test.conllu": f"# text = x\n{line}\n\n"}) / "xx_a-ud-test.conllu"
    with pytest.raises(DataError, match=message) as error:
        list(conllu(path))
    assert f"{path}, row 2" in str(error.value)
