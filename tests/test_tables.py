from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources.record import Record
from crosslift.sources.tables import read_records

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
        ("a.csv", "caption,n\nx\n", r"a\.csv, row 2: 1 values\nExpected: 2"),
        ("a.csv", 'caption,n\n"x,1\n', r"a\.csv, row 2: "),
        ("a.tsv", "caption\tcaption\nx\ty\n", "names 'caption' twice"),
        ("a.csv", "caption\n", r"a\.csv holds no row"),
        ("a.tsv", "", r"a\.tsv holds no row"),
        ("a.parquet", "x", "of no known type"),
    ],
)
def test_tables_at_fault(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_records(write(tmp_path, name, text), {"text": "caption"})


def test_pictures_groups_and_bytes_at_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"t": "x", "file": "gone.png", "g": [1]}\n')
    with pytest.raises(DataError, match=r"row 1: no picture .*gone\.png"):
        read_records(path, {"text": "t"}, image_column="file")
    with pytest.raises(DataError, match=r"column 'g' holds \[1\]"):
        read_records(path, {"text": "t"}, group_column="g")
    with pytest.raises(DataError, match="no column is bound"):
        read_records(path, {})
    path.write_bytes(b'{"t": "x"}\n{"t": "\xff"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 2: byte 0xff is not UTF-8"):
        read_records(path, {"text": "t"})
