"""Files of labelled examples, and XTREME's files of predictions and labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given

from crosslift.errors import CrossLiftError, DataError
from crosslift.model_files.read_model import read_json_object
from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import Fields, PairFields, SpanFields, TagFields
from crosslift.sources.formats.rows import Format
from crosslift.sources.labelled.conllu import conllu
from crosslift.sources.labelled.pair_tables import pairs_table
from crosslift.sources.labelled.parts import find_parts
from crosslift.sources.labelled.questions import questions
from crosslift.sources.labelled.words import ENTITIES, UPOS, TaggedWords
from crosslift.tasks.tydiqa import tydiqa_language
from crosslift.xtreme import prediction_files as xtreme

PIECES = (
    *(
        b"\t",
        b"\r",
        b"\n\n",
        b"\0",
        b'"',
        b'""',
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"_",
        b"-",
    ),
    *(
        b"9" * 5000,
        b"[" * 3000,
        b"{",
        b"}",
        b"null",
        b"NaN",
        b"-1",
        b"1e999",
        b"\\ud800",
        b"[]",
        b"{}",
    ),
    *(
        b"\tB-LOC",
        b"1-2\tdu\t_\n",
        b'"id": "q"',
        b'"answers": null,',
        b'"answer_start": -5,',
        b"en:",
    ),
)
CONLLU = "".join(f"{i}\tword{i}\tx\tNOUN\t_\t_\t0\troot\t_\t_\n" for i in range(1, 5)).encode()
SQUAD = {
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": "The house is old.",
                    "qas": [
                        {
                            "id": "english-1-1",
                            "question": "What is old?",
                            "answers": [{"text": "house", "answer_start": 4}],
                        }
                    ],
                }
            ],
        }
    ]
}
QUESTIONS = json.dumps(SQUAD).encode()
KINDS: dict[str, tuple[Format, Fields, bytes]] = {
    "conllu": (conllu, TagFields(), CONLLU + b"\n# a\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n" + CONLLU),
    "words": (TaggedWords(ENTITIES), TagFields(), b"Berlin\tB-LOC\nist\tO\n\nMerkel\tB-PER\n"),
    "prefixed": (TaggedWords(UPOS, prefixed=True), TagFields(), b"en:a\tDET\nen:dog\tNOUN\n"),
    "pairs": (
        pairs_table,
        PairFields("text", "pair", "label", {"0": "no", "1": "yes"}, withheld=True),
        b'one\t"t""wo"\t1\nthree\tfour\t0\n',
    ),
    "questions": (questions, SpanFields(withheld=True), QUESTIONS),
}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_examples_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    read, fields, whole = KINDS[kind]
    layout = Layout((), (), read, fields, test=("test-{language}.x",))

    @FUZZ
    @given(damaged(whole, PIECES))
    def check(content: bytes) -> None:
        (tmp_path / "test-de.x").write_bytes(content)
        for part in find_parts(layout, tmp_path).values():
            with suppress(CrossLiftError):
                part.read()

    check()


@FUZZ
@given(content=damaged(QUESTIONS, PIECES))
def test_damaged_questions_of_many_languages_are_read_or_refused(
    tmp_path: Path, content: bytes
) -> None:
    fields = SpanFields(withheld=True)
    layout = Layout((), ("x.json",), questions, fields, language_of=tydiqa_language)
    (tmp_path / "x.json").write_bytes(content)
    with suppress(CrossLiftError):
        for part in find_parts(layout, tmp_path).values():
            part.read()


FILES: dict[str, tuple[Callable[[Path], object], bytes]] = {
    "labels": (xtreme.read_labels, b"neutral\nentailment\n"),
    "line numbers": (xtreme.read_line_numbers, b"3\n17\n0\n"),
    "pairs of ids": (xtreme.read_pairs, b"de-1\ten-3\nde-2\ten-2\n"),
    "tags": (xtreme.read_tags, b"O\nB-LOC\n\nO\n"),
    "answers": (xtreme.read_answers, b'{"q1": "a", "q2": ""}'),
    "right answers": (xtreme.read_questions, QUESTIONS),
    "config": (
        lambda path: read_json_object(path, DataError),
        b'{"architectures": ["MarianMTModel"]}',
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    read, whole = FILES[kind]

    @FUZZ
    @given(damaged(whole, PIECES))
    def check(content: bytes) -> None:
        path = tmp_path / "config.json"
        path.write_bytes(content)
        with suppress(CrossLiftError):
            read(path)

    check()
