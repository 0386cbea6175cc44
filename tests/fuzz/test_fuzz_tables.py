"""Tables, files of rows and of lines, synonyms and CLDR's names."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from crosslift.errors import CrossLiftError
from crosslift.sources.cldr.read_names import read_cldr
from crosslift.sources.formats.ccg_auto import ccg_auto
from crosslift.sources.formats.delimited import TabSeparated, comma_separated
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.squad_json import squad_json
from crosslift.sources.synonyms import read_synonyms
from crosslift.sources.text_lines import read_pairs, read_text_lines
from crosslift.tasks.own_files import task_of_file

PIECES = (
    *(b"\t", b"\r", b"\n\n", b"\0", b'"', b",", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x85"),
    *(b"9" * 5000, b"[" * 3000, b"{", b"}", b"]", b"null", b"NaN", b"-1", b"1e999", b"\\ud800"),
    *(b'"negative": ', b'["x", null]', b'"language": "de"', b'"language": 7', b'"group": []'),
)

ROWS = [
    {"anchor": "a cat", "positive": "cat", "language": "de", "group": 1, "negative": ["x", "y"]},
    {"anchor": "a dog", "positive": "dog", "language": "sw", "group": 2, "negative": ["z"]},
    {"anchor": "ü", "positive": "Ü", "language": "fi", "group": 2, "negative": None},
]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
CELLS = [
    ["anchor", "positive", "language", "negative_1"],
    ["a", "b", "de", ""],
    ["ü", "d", "fi", "e"],
]
TSV = "\n".join("\t".join(row) for row in CELLS).encode()
CSV = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in CELLS).encode()


def parquet(compression: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file, compression=compression, row_group_size=2)
    return file.getvalue()


def shard() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for number, row in enumerate(ROWS):
            content = json.dumps(row).encode()
            info = tarfile.TarInfo(f"{number}.json")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


TABLES = {
    "a.jsonl": LINES,
    "a.json": json.dumps(ROWS, indent=1).encode(),
    "lines.json": LINES,
    "a.tsv": TSV,
    "a.csv": CSV,
    "a.txt": b"one\nzwei\n\nkolme\n",
    "a.parquet": parquet("snappy"),
    "zstd.parquet": parquet("zstd"),
    "a.jsonl.gz": gzip.compress(LINES),
    "a.csv.gz": gzip.compress(CSV),
    "a.tar": shard(),
}


@pytest.mark.parametrize("name", TABLES)
@FUZZ
@given(st.data())
def test_any_table_is_pairs_or_an_error(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(CrossLiftError):
        path = Path(folder, name)
        path.write_bytes(data.draw(damaged(TABLES[name], PIECES)))
        task = task_of_file("text-pairs", path, {})
        for record in task.source.train():
            str(record).encode()


SQUAD = {
    "version": "2.0",
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": "The cat sat.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "Who?",
                            "answers": [{"text": "cat", "answer_start": 4}],
                        }
                    ],
                }
            ],
        }
    ],
}
AUTO = (
    b"ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1\n"
    b"(<T S[dcl] 0 2> (<L NP NNP NNP Vinken NP>) (<L S[dcl]\\NP VBD VBD sat S\\NP>) )\n"
)
FORMATS = {
    "a.tsv": (TSV, lambda path: list(TabSeparated()(path))),
    "broken.tsv": (TSV, lambda p: list(TabSeparated(more_cells=True, broken_rows=True)(p))),
    "a.csv": (CSV, lambda path: list(comma_separated(path))),
    "a.jsonl": (LINES, lambda path: list(json_lines(path))),
    "squad.json": (json.dumps(SQUAD).encode(), lambda path: list(squad_json(path))),
    "wsj.auto": (AUTO * 3, lambda path: list(ccg_auto(path))),
    "lines.txt": (b"one\ntwo\r\n\nthree", read_text_lines),
    "lines.gz": (gzip.compress(b"one\ntwo\n" * 20), read_text_lines),
    "pairs.txt": (b"one\teins\ntwo\tzwei\n" * 3, read_pairs),
    "synonyms.json": (b'{"good": ["fine", "nice"], "fast": ["quick"]}', read_synonyms),
    "synonyms.txt": (b"good\tfine\ngood\tnice\nfast\tquick\n", read_synonyms),
    "names.jsonl": (b'{"id": "1F600", "names": {"de": "Grinsen", "fi": "hymy"}}\n' * 3, read_cldr),
}


@pytest.mark.parametrize("name", FORMATS)
@FUZZ
@given(st.data())
def test_any_file_is_rows_or_an_error(name: str, data: st.DataObject) -> None:
    whole, read = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder, suppress(CrossLiftError):
        path = Path(folder, name)
        path.write_bytes(data.draw(damaged(whole, PIECES)))
        str(read(path)).encode()


XML = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE ldml SYSTEM "../../common/dtd/ldml.dtd">
<ldml><annotations>
<annotation cp="😀">Gesicht | grinsen</annotation>
<annotation cp="😀" type="tts">grinsendes Gesicht</annotation>
</annotations></ldml>
""".encode()
DERIVED = '{"annotationsDerived": {"annotations": {"😀": {"tts": ["Grinsen"]}}}}'.encode()
FULL = '{"annotations": {"annotations": {"😀": {"default": ["a"], "tts": ["Grinsen"]}}}}'.encode()
CLDR = {
    "annotations/de/annotations.json": FULL,
    "annotationsDerived/de/annotations.json": FULL.replace(
        b'"annotations"', b'"annotationsDerived"', 1
    ),
    "annotations/de.xml": XML,
}
CLDR_PIECES = (
    *PIECES,
    *(b'encoding="utf-7"', b'encoding="x-none"', b"<!ENTITY a 'b'>", b"&#xD800;", b"<a>" * 2000),
    *(b'"tts": "x"', b'"tts": [1]', b'"tts": {}', b'type="tts"'),
)


@pytest.mark.parametrize("name", CLDR)
@FUZZ
@given(st.data())
def test_any_names_of_cldr_are_names_or_an_error(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(CrossLiftError):
        path = Path(folder, name)
        path.parent.mkdir(parents=True)
        path.write_bytes(data.draw(damaged(CLDR[name], CLDR_PIECES)))
        str(read_cldr(Path(folder))).encode()


@FUZZ
@given(st.text(max_size=300), st.integers(1, 3))
def test_any_name_of_a_file_is_there_or_an_error(name: str, times: int) -> None:
    with suppress(CrossLiftError):
        task_of_file("text-pairs", Path(name * times), {})
    with suppress(CrossLiftError):
        read_text_lines(Path(name * times))
