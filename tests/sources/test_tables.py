from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosslift.errors import DataError
from crosslift.sources import gunzip
from crosslift.sources.record import Record
from crosslift.sources.record_tables import read_records
from crosslift.sources.table_types import column_names, table_stem

ROWS = [
    {"id": "a", "caption": "A dog", "file": "dog.png", "photo": "p1"},
    {"id": "b", "caption": 'Two "cats", here', "file": "cat.png", "photo": "p2"},
]


def as_text(ending: str) -> str:
    if ending == "jsonl":
        return "\n".join(json.dumps(row) for row in ROWS) + "\n"
    if ending == "json":
        return json.dumps(ROWS)
    if ending == "csv":
        return 'id,caption,file,photo\na,A dog,dog.png,p1\nb,"Two ""cats"", here",cat.png,p2\n'
    return "\n".join("\t".join(row) for row in [ROWS[0].keys(), *(r.values() for r in ROWS)])


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("ending", "ids"),
    [("jsonl", "12"), ("json", "12"), ("csv", "23"), ("tsv", "23")],
)
def test_same_records_from_every_type(tmp_path: Path, ending: str, ids: str, packed: str) -> None:
    for name in ("dog.png", "cat.png"):
        (tmp_path / name).touch()
    path = write(tmp_path, f"table.{ending}{packed}", as_text(ending))
    records = read_records(
        path, {"text": "caption"}, image_column="file", group_column="photo", language="de"
    )
    assert records == [
        Record(ids[0], {"text": "A dog"}, tmp_path / "dog.png", "de", "p1"),
        Record(ids[1], {"text": 'Two "cats", here'}, tmp_path / "cat.png", "de", "p2"),
    ]


def test_plain_text_and_order_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "\ufeffone\r\ntwo\r\n")
    assert [r.texts for r in read_records(path, {"text": "text"})] == [
        {"text": "one"},
        {"text": "two"},
    ]
    path = write(tmp_path, "a.tsv", "b\ta\nB1\tA1\n")
    (record,) = read_records(path, {"anchor": "a", "positive": "b"})
    assert record == Record("2", {"anchor": "A1", "positive": "B1"})


def test_csv_with_line_breaks_in_quotes_keeps_line_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,n\n"one\ntwo",1\nthree,2\n')
    assert [(r.id, r.texts["text"]) for r in read_records(path, {"text": "text"})] == [
        ("2", "one\ntwo"),
        ("4", "three"),
    ]


def test_whole_numbers_are_groups(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"t": "x", "g": 7}\n\n{"t": "y", "g": "7"}\n')
    records = read_records(path, {"text": "t"}, group_column="g")
    assert [(r.id, r.group) for r in records] == [("1", "7"), ("3", "7")]


PAIRS = {"anchor": "anchor", "positive": "positive"}
NEGATIVES = {"negative": ["negative"]}


def test_a_key_that_a_later_row_has_first_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.jsonl",
        '{"anchor": "a", "positive": "b"}\n'
        '{"anchor": "c", "positive": "d", "negative": "e", "language": "de", "group": 3}\n'
        '{"anchor": "f", "positive": "g", "negative": null, "language": null, "group": null}\n',
    )
    assert column_names(path) == ("anchor", "positive", "negative", "language", "group")
    records = read_records(
        path, PAIRS, several=NEGATIVES, group_column="group", language_column="language"
    )
    assert records == [
        Record("1", {"anchor": "a", "positive": "b"}),
        Record("2", {"anchor": "c", "positive": "d", "negative": "e"}, None, "de", "3"),
        Record("3", {"anchor": "f", "positive": "g"}),
    ]


def test_an_optional_text_may_be_there_several_times(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.jsonl",
        '{"a": "x", "n": ["p", " q "], "m": "r"}\n{"a": "y", "m": "s"}\n{"a": "z", "n": []}\n',
    )
    records = read_records(path, {"a": "a"}, several={"n": ["n", "m"]})
    assert [record.texts for record in records] == [
        {"a": "x", "n": "p", "n_2": "q", "n_3": "r"},
        {"a": "y", "n": "s"},
        {"a": "z"},
    ]
    path = write(tmp_path, "a.csv", "a,n,m\nx,,p\ny,q,\nz,,\n")
    records = read_records(path, {"a": "a"}, several={"n": ["n", "m"]})
    assert [record.texts for record in records] == [
        {"a": "x", "n": "p"},
        {"a": "y", "n": "q"},
        {"a": "z"},
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {"text": "t"}, "several": {"n": ["gone"]}},
        {"columns": {"text": "t"}, "group_column": "gone"},
        {"columns": {"text": "t"}, "language_column": "gone"},
    ],
)
def test_a_column_that_no_row_has_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = write(tmp_path, "a.jsonl", '{"t": "x"}\n{"t": "y", "u": 1}\n')
    with pytest.raises(DataError, match=r"no column 'gone'\nExpected: one of t, u"):
        read_records(path, **wrong)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "txt", "json"])
def test_a_line_feed_alone_ends_a_row_and_empty_lines_do_not_count(
    tmp_path: Path, ending: str
) -> None:
    odd = "a\u2028b\u0085c\x0cd\x1ee"
    text = {
        "jsonl": '{"text": "%s"}\n\n{"text": "y"}\n\n',
        "json": '{"text": "%s"}\n\n{"text": "y"}\n\n',
        "csv": "text\n%s\n\ny\n\n",
        "tsv": "text\n%s\n\ny\n\n",
        "txt": "%s\n\ny\n\n",
    }[ending]
    if ending.startswith("json"):
        odd = "a\u2028b\u0085c"  # JSON allows no control characters
    first = 1 if ending in ("txt", "jsonl", "json") else 2
    records = read_records(write(tmp_path, f"a.{ending}", text % odd), {"text": "text"})
    assert [(r.id, r.texts["text"]) for r in records] == [(str(first), odd), (str(first + 2), "y")]


@pytest.mark.parametrize("text", ["a\tb\nx\ty\n\n", "a\tb\r\nx\ty\r\n\r\n"])
def test_an_empty_last_line_of_a_tsv_is_no_row(tmp_path: Path, text: str) -> None:
    (record,) = read_records(write(tmp_path, "a.tsv", text), {"a": "a", "b": "b"})
    assert record.texts == {"a": "x", "b": "y"}


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_cell_may_be_long(tmp_path: Path, ending: str) -> None:
    long = "word " * 40_000 + "end"
    text = json.dumps({"t": long}) if ending == "jsonl" else f"t\n{long}\n"
    (record,) = read_records(write(tmp_path, f"a.{ending}", text), {"t": "t"})
    assert record.texts["t"] == long


def test_rows_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [
        {"anchor": "a", "positive": "b", "negative": ["c", "d"], "language": None},
        {"anchor": "e", "positive": "f", "negative": None, "language": "sw"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert column_names(path) == ("anchor", "positive", "negative", "language")
    assert table_stem(path) == "a"
    records = read_records(path, PAIRS, several=NEGATIVES, language_column="language")
    assert records == [
        Record("1", {"anchor": "a", "positive": "b", "negative": "c", "negative_2": "d"}),
        Record("2", {"anchor": "e", "positive": "f"}, language="sw"),
    ]
    with pytest.raises(DataError, match=r"a\.parquet, row 1: column 'negative' holds \['c'"):
        read_records(path, {"text": "negative"})


def test_a_parquet_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    wrong = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )
    pq.write_table(pa.table({"t": wrong}), path)
    with pytest.raises(DataError, match=r"a\.parquet cannot be read: .*utf-8"):
        read_records(path, {"t": "t"})


def test_gzip_that_expands_without_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gunzip, "ALWAYS_READ", 1 << 20)
    zeros = b"0" * ((1 << 20) + 1)
    for name in ("a.txt.gz", "a.csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(zeros))
        with pytest.raises(DataError, match=r"a\..*\.gz decompresses to more than 200 times"):
            read_records(tmp_path / name, {"text": "text"})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "captoin,n\nx,1\n", r"a\.csv, row 2: no column 'caption'\nExpected: one of capt"),
        ("a.csv", "captoin,n\nx,1\n", "did you mean 'captoin'"),
        ("a.txt", "x\n", "no column 'caption'\nExpected: one of text"),
        ("a.jsonl", '{"caption": "x"}\n{"n": 1}\n', r"a\.jsonl, row 2: no column 'caption'"),
        ("a.tsv", "caption\nx\n \n", r"a\.tsv, row 3: column 'caption' is empty"),
        ("a.jsonl", '{"caption": null}\n', r"row 1: column 'caption' holds None"),
        ("a.jsonl", '{"caption": 3}\n', r"row 1: column 'caption' holds 3"),
        ("a.jsonl", '{"caption": "x"}\n{"caption"\n', r"a\.jsonl, row 2: not JSON"),
        ("a.jsonl", "[1]\n", "row 1: a list"),
        ("a.json", '{"caption": "x"}', "holds a dict\nExpected: a list of objects"),
        ("a.json", "[3]", r"a\.json, row 1: a int"),
        ("a.json", "[", r"a\.json: not JSON"),
        (
            "a.jsonl",
            '{"caption": "x"}\n{"n": 1, "n": 2}',
            r"a\.jsonl, row 2: 'n' appears twice in one object",
        ),
        ("a.json", '[{"n": 1, "n": 1}]', r"a\.json: 'n' appears twice in one object"),
        ("a.csv", "caption,n\nx\n", r"a\.csv, row 2: 1 columns\nExpected: 2"),
        ("a.csv", 'caption,n\n"x,1\n', r"a\.csv, row 2: "),
        ("a.tsv", "caption\tcaption\nx\ty\n", "names 'caption' twice"),
        ("a.csv", "caption\n", r"a\.csv holds no row"),
        ("a.tsv", "", r"a\.tsv holds no row"),
        ("a.parquet", "x", r"a\.parquet cannot be read"),
        ("a.parquet.gz", "x", "of no known type"),
        ("a.xml", "x", "of no known type"),
        ("a.json", '{"caption": {"0": "x"}}', "Next: .*orient='records'"),
        (
            "a.json",
            '{"caption": "x"}\n{"caption": 1}\n',
            r"a\.json, row 2: column 'caption' holds 1",
        ),
        ("a.jsonl", '[{"caption": "x"}]\n', r"row 1: a list[\s\S]*Next: name .* \.json"),
        ("a.jsonl", '{"caption": "x"}\n{"n": ' + "9" * 5000 + "}", r"a\.jsonl, row 2: not JSON"),
        ("a.json", '[{"n": ' + "9" * 5000 + "}]", r"a\.json: not JSON"),
        ("a.jsonl", '{"caption": "smile \\ud83d"}\n', r"a\.jsonl, row 1: half of a surrogate"),
        ("a.csv", "caption\rx\ry\n", r"a\.csv, row 1: new-line character"),
    ],
)
def test_tables_at_fault(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_records(write(tmp_path, name, text), {"text": "caption"})


def test_pictures_groups_and_bytes_at_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"t": "x", "file": "gone.png", "g": [1]}\n')
    with pytest.raises(DataError, match=r"row 1: no picture .*gone\.png"):
        read_records(path, {"text": "t"}, image_column="file")
    for name in ("x" * 5000, "nul\\u0000l.png"):
        long = write(tmp_path, "long.jsonl", f'{{"t": "x", "file": "{name}"}}\n')
        with pytest.raises(DataError, match=r"row 1: no picture "):
            read_records(long, {"text": "t"}, image_column="file")
    with pytest.raises(DataError, match=r"column 'g' holds \[1\]"):
        read_records(path, {"text": "t"}, group_column="g")
    with pytest.raises(DataError, match="no column is bound"):
        read_records(path, {})
    path.write_bytes(b'{"t": "x"}\n{"t": "\xff"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 2: byte 0xff is not UTF-8"):
        read_records(path, {"text": "t"})
