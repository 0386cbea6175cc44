"""Records in a file of the cache: the same as in a list, in bounded memory; faults."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosslift.artifacts.places import home
from crosslift.artifacts.read_once import reading_once
from crosslift.errors import ArtifactError, DataError
from crosslift.sources import stored_records
from crosslift.sources.captions.parquet_files import ParquetPicture
from crosslift.sources.file_records import records_of_files
from crosslift.sources.formats.csv_cells import csv_cells
from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.tar_rows import tar_rows
from crosslift.sources.hub_texts import ArticleFields
from crosslift.sources.picture import FilePart, Picture
from crosslift.sources.published import collect
from crosslift.sources.record import Record
from crosslift.sources.record_tables import records_in
from crosslift.sources.stored_records import ChosenRecords, StoredRecords, hold_records
from crosslift.sources.table_types import column_names, files_of_table
from crosslift.tasks.own_files import task_of_file

EVERY_FIELD = [
    Record("1", {"anchor": "a", "positive": "b"}),
    Record("2", {"anchor": "ä\u2028\0", "positive": "日本", "negative_2": "c"}, None, "de", "g"),
    Record("3", {}, label="yes", score=0.1),
    Record("4", {"passage": "p"}, spans=((0, 1), (3, 7)), score=3.5),
    Record("5", {}, choices=("x", "y"), answer=1, words=("a", "b"), tags=("N", "V")),
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in which every record is stored."""
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(stored_records, "_ROWS", 7)
    return tmp_path / "home" / stored_records.FOLDER


def many(count: int) -> list[Record]:
    return [Record(str(i), {"text": f"text {i}"}, group=str(i % 5)) for i in range(count)]


def table(folder: Path, count: int, name: str = "pairs.tsv") -> Path:
    rows = [f"question {i}\tanswer {i} of some length" for i in range(count)]
    path = folder / name
    path.write_text("\n".join(["anchor\tpositive", *rows]) + "\n", encoding="utf-8")
    return path


def records_of(path: Path) -> Any:
    """The records of a table of pairs, held as those of a task."""
    columns = {"anchor": "anchor", "positive": "positive"}
    return records_of_files({path.suffix: path}, lambda: records_in(path, columns), "pairs")


def test_stored_records_are_those_of_a_list(cache: Path) -> None:
    stored = hold_records(lambda: EVERY_FIELD)
    assert isinstance(stored, StoredRecords)
    assert list(stored) == EVERY_FIELD
    assert [stored[row] for row in range(-5, 5)] == EVERY_FIELD * 2
    assert [type(record.score) for record in stored] == [type(r.score) for r in EVERY_FIELD]
    with pytest.raises(IndexError, match="record 5 of 5"):
        _ = stored[5]
    assert not any(cache.iterdir())  # it takes room only while it is used


@pytest.mark.parametrize("part", [slice(0, 3), slice(5, 40), slice(-9, None), slice(44, 3, -6)])
def test_slices_are_lists(cache: Path, part: slice) -> None:
    stored = hold_records(lambda: many(50))
    assert stored[part] == many(50)[part]


@pytest.mark.parametrize("rows", [[], [3], [0, 1, 2, 30, 49], [0, 1000, 1999]])
def test_chosen_records(cache: Path, rows: list[int]) -> None:
    chosen = ChosenRecords(hold_records(lambda: many(2000)), np.array(rows, np.int64))
    assert list(chosen) == [many(2000)[row] for row in rows]
    assert len(chosen) == len(rows)
    assert [chosen[place] for place in range(len(rows))] == list(chosen)


def test_few_records_are_a_list_and_write_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path))
    assert hold_records(lambda: EVERY_FIELD, lambda: "facts") == EVERY_FIELD
    assert not any(tmp_path.iterdir())


def test_a_file_is_written_once(cache: Path) -> None:
    reads = []

    def read() -> Iterator[Record]:
        reads.append(1)
        yield from many(20)

    for facts in ("one", "one", "other"):
        assert list(hold_records(read, lambda facts=facts: facts)) == many(20)
    assert len(reads) == len(list(cache.iterdir())) == 2


def test_a_damaged_file_of_the_cache_is_refused(cache: Path) -> None:
    hold_records(lambda: many(20), lambda: "facts")
    (path,) = cache.iterdir()
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArtifactError, match=rf"(?s){path.name} cannot be read.*delete it"):
        hold_records(lambda: many(20), lambda: "facts")


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: Any) -> None:
    """A list of these rows needs more than 15 MB; the reader holds one batch and one block."""
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", 1 << 20)
    path = table(tmp_path, 30_000)
    before = pa.total_allocated_bytes()
    list(records_of(table(tmp_path, 3_000, "warm-up.tsv")))
    tracemalloc.start()
    try:
        records = records_of(path)
        assert sum(len(record.texts["positive"]) for record in records) > 600_000
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 8 << 20
        tracemalloc.clear_traces()
        as_list = list(records)
        held, _ = tracemalloc.get_traced_memory()
        assert held > 12 << 20  # so the bound above is one
    finally:
        tracemalloc.stop()
    assert len(as_list) == 30_000
    assert pa.total_allocated_bytes() - before < 1 << 20


def test_large_csv_and_checksums_are_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\n" + f'"{"x" * 98},"\n' * 60_000, encoding="utf-8")
    tracemalloc.start()
    try:
        assert sum(1 for _ in csv_cells(path)) == 60_001
        records_of_files({".csv": path}, lambda: many(1), "")
        assert tracemalloc.get_traced_memory()[1] < 3 << 20  # the file has 6 MB
    finally:
        tracemalloc.stop()


# Shards


def shard(path: Path, count: int, first: int = 0) -> Path:
    """A shard with a picture, a text and an object in each sample."""
    with tarfile.open(path, "w") as tar:
        for number in range(first, first + count):
            values = json.dumps({"anchor": f"a {number}", "language": "de"})
            contents = {"jpg": "no picture", "json": values, "positive.txt": f"p {number}"}
            for ending, content in contents.items():
                info = tarfile.TarInfo(f"./part/{number:05}.{ending}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content.encode()))
    return path


def test_samples_of_a_shard_are_rows(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", 3)
    assert column_names(path) == ("image", "anchor", "language", "positive")
    columns = {"anchor": "anchor", "positive": "positive"}
    assert list(records_in(path, columns, language_column="language")) == [
        Record(str(n + 1), {"anchor": f"a {n}", "positive": f"p {n}"}, language="de")
        for n in range(3)
    ]


def test_a_shard_is_read_sample_by_sample(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", 8000)
    rows = tar_rows(path)
    next(rows)
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows) == 7999
        assert tracemalloc.get_traced_memory()[1] < 10 << 20  # the headers of all need more
    finally:
        tracemalloc.stop()


def test_a_cut_or_faulty_shard_is_refused(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", 9)
    path.write_bytes(path.read_bytes()[: 512 * 2 * 3 * 4 + 700])
    message = r"a\.tar is cut short: .*; the last whole one is row 4, part/00003"
    with pytest.raises(DataError, match=message):
        list(tar_rows(path))
    message = r"(?s)a\.tar, sample part/00002: no column 'postive'.*did you mean 'positive'"
    with pytest.raises(DataError, match=message):
        list(records_in(shard(path, 9, first=2), {"positive": "postive"}))


def test_a_folder_of_files_is_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    table(folder, 2, "00.tsv")
    shard(folder / "01.tar", 2)
    columns = {"anchor": "anchor", "positive": "positive"}
    assert [(r.id, r.texts["anchor"]) for r in records_in(folder, columns)] == [
        ("1:2", "question 0"),
        ("1:3", "question 1"),
        ("2:1", "a 0"),
        ("2:2", "a 1"),
    ]
    assert column_names(folder) == ("anchor", "positive", "image", "language")
    assert list(files_of_table(folder)) == ["1.tsv", "2.tar"]
    (folder / "notes.md").touch()
    with pytest.raises(DataError, match=r"(?s)shards holds notes\.md.*remove the others"):
        list(records_in(folder, columns))


def test_a_run_lists_a_folder_once(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    table(folder, 2, "00.tsv")
    task = task_of_file("text-pairs", folder, {}, "en")
    with reading_once():
        checksum = task.source.checksum()
        table(folder, 3, "01.tsv")
        assert (len(task.source.train()), task.source.checksum()) == (2, checksum)
    assert len(task.source.train()) == 5
    assert task.source.checksum() != checksum


# Faults


def test_a_file_that_changes_while_it_is_read_is_refused(cache: Path, tmp_path: Path) -> None:
    path = table(tmp_path, 30)

    def read() -> Iterator[Record]:
        yield from many(30)
        table(tmp_path, 31)

    with pytest.raises(
        DataError, match=r"(?s)pairs\.tsv changed after the run began.*run it again"
    ):
        records_of_files({".tsv": path}, read, "")
    assert not any(cache.iterdir())


@pytest.mark.parametrize("most", [0, 128 << 20])
def test_a_file_that_changed_within_a_run_is_refused(
    tmp_path: Path, monkeypatch: Any, most: int
) -> None:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", most)
    path = table(tmp_path, 30)
    columns = {"anchor": "anchor", "positive": "positive"}
    with reading_once():
        records_of_files({".tsv": path}, lambda: records_in(path, columns), "one task")
        table(tmp_path, 29)
        with pytest.raises(DataError, match="changed after the run began"):
            records_of_files({".tsv": path}, lambda: records_in(path, columns), "another task")
    assert len(records_of(path)) == 29


def test_a_row_without_a_column_is_named_and_nothing_is_written(
    cache: Path, tmp_path: Path
) -> None:
    rows = [json.dumps({"anchor": f"a {i}", "positive": f"p {i}"}) for i in range(40)]
    rows[33] = json.dumps({"anchor": "a", "positiv": "p"})
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    message = r"(?s)pairs\.jsonl, row 34: no column 'positive'.*did you mean 'positiv'"
    with pytest.raises(DataError, match=message):
        records_of(path)
    assert not any(cache.iterdir())


def test_truncated_files_are_named_and_nothing_is_written(cache: Path, tmp_path: Path) -> None:
    packed = tmp_path / "pairs.tsv.gz"
    packed.write_bytes(gzip.compress(table(tmp_path, 4000).read_bytes())[:-100])
    with pytest.raises(DataError, match=r"pairs\.tsv\.gz is not a whole gzip file"):
        records_of(packed)
    parquet = tmp_path / "pairs.parquet"
    pq.write_table(pa.table({"anchor": ["a"] * 50, "positive": ["b"] * 50}), parquet)
    parquet.write_bytes(parquet.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"(?s)pairs\.parquet cannot be read.*get it again"):
        records_of(parquet)
    assert not any(home().glob("records/*"))


class Shelf:
    """What many pictures share, and no file can hold."""

    def __reduce__(self) -> Any:
        raise TypeError("too large to be copied")


@dataclass(frozen=True)
class OnShelf:
    """A picture like those of a dataset of the hub."""

    row: int
    shared: Shelf = field(compare=False)

    def read_bytes(self) -> bytes:
        return bytes([self.row])


def test_records_with_pictures_are_the_same_from_a_file(cache: Path, tmp_path: Path) -> None:
    """Files, parts of tar shards, cells of parquet, and pictures that share something large. The file
    has no name: no other process reads it."""
    shelves = [Shelf(), Shelf()]
    pictures: list[Picture | None] = [
        tmp_path / "ä.png",
        FilePart(tmp_path / "0.tar", 1536, 70, "0.png"),
        ParquetPicture(tmp_path / "p.parquet", "image.bytes", 1, 2),
        None,
        *(OnShelf(row, shelves[row % 2]) for row in range(20)),
    ]
    records = [Record(str(n), {"text": "t"}, image) for n, image in enumerate(pictures)]
    held = hold_records(lambda: iter(records))
    assert isinstance(held, StoredRecords)
    assert list(held) == records
    assert held[5] == records[5]
    assert [record.image for record in held[4:]] == pictures[4:]
    assert all(r.image.shared is shelves[n % 2] for n, r in enumerate(held[4:]))  # type: ignore[union-attr]
    assert not any(cache.iterdir())


def test_records_with_pictures_have_no_named_file(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'1' has a picture"):
        hold_records(lambda: [Record("1", image=tmp_path / "a.png")] * 2, lambda: "facts")
    assert not any(cache.iterdir())


def test_rows_of_published_data_are_counted_once(cache: Path, tmp_path: Path) -> None:
    rows = [
        Row({"text": f"t {i}", "id": i}, "f", i, broken="odd" if i % 3 == 0 else "")
        for i in range(30)
    ]
    dataset = collect(iter(rows), ArticleFields("en"), "train:")
    assert isinstance(dataset.records, StoredRecords)
    assert dataset.skipped == {"odd": 10}
    assert [record.id for record in dataset.records][:3] == [
        "train:en:1",
        "train:en:2",
        "train:en:4",
    ]
