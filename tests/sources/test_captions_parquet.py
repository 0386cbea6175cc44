"""Parquet files with pictures, folders of `save_to_disk`, and the hub."""

from __future__ import annotations

import pickle
import signal
import struct
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from caption_samples import ids_and_texts, picture, put
from pyarrow import parquet

from crosslift.errors import DataError
from crosslift.sources.captions import HubCaptions, checksum_of, format_of, read_captions
from crosslift.sources.captions.parquet_files import ParquetPicture
from crosslift.sources.gunzip import ALWAYS_READ

COMMIT = "a" * 40


def cell(shade: int, path: str | None = None) -> dict[str, Any]:
    return {"bytes": picture(shade), "path": path}


ROWS: list[dict[str, Any]] = [
    {"image": cell(0, "a.png"), "caption": ["one", "two"], "img_id": "7"},
    {"image": cell(1, "b.png"), "caption": ["three", ""], "img_id": "8"},
    {"image": cell(2, "c.png"), "caption": ["four"], "img_id": "7"},
]


def write_parquet(path: Path, rows: list[dict[str, Any]], **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path, **more)
    return path


def test_structs_of_bytes_are_read_row_by_row(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "data/train-00000-of-00001.parquet", ROWS, row_group_size=2)
    write_parquet(tmp_path / "data/validation-00000-of-00001.parquet", ROWS[1:2])
    captions = read_captions(tmp_path, "train")
    assert ids_and_texts(captions.records) == [
        ("7#0", "one"),
        ("7#1", "two"),
        ("8#0", "three"),
        ("7#2", "four"),
    ]
    assert captions.skipped == {"empty caption": 1}
    assert format_of(tmp_path) == format_of(path) == "parquet"
    pictures = [record.image for record in captions.records]
    assert [p.read_bytes() for p in pictures if p] == [picture(s) for s in (0, 0, 1, 2)]
    assert pictures[0] == pictures[1] == ParquetPicture(path, "image.bytes", 0, 0)
    assert pictures[3] == ParquetPicture(path, "image.bytes", 1, 0)
    assert [r.id for r in read_captions(tmp_path, "dev").records] == ["8#2"]


def test_rows_without_a_name_are_pictures_of_their_own(tmp_path: Path) -> None:
    rows = [{"image": cell(n), "text": "same"} for n in range(2)]
    path = write_parquet(tmp_path / "x.parquet", rows)
    assert [r.group for r in read_captions(path, "train").records] == ["x:1", "x:2"]
    assert [
        r.id for r in read_captions(path, "train", {"id": "text"}, skip_broken=True).records
    ] == ["same#0"]


@pytest.mark.parametrize("statistics", [True, False])
def test_bytes_paths_and_neither(tmp_path: Path, statistics: bool) -> None:
    put(tmp_path, "beside.png")
    rows = [
        {"image": cell(5), "text": "a"},
        {"image": {"bytes": None, "path": "beside.png"}, "text": "b"},
        {"image": None, "text": "c"},
    ]
    path = write_parquet(tmp_path / "x.parquet", rows, write_statistics=statistics)
    with pytest.raises(DataError, match=r"x\.parquet, row 3: no picture"):
        read_captions(path, "train")
    captions = read_captions(path, "train", skip_broken=True)
    assert [r.image.read_bytes() for r in captions.records if r.image] == [picture(5), picture(0)]
    assert captions.skipped == {"no picture": 1}
    before = checksum_of(path)
    (tmp_path / "beside.png").write_bytes(picture(99))
    assert checksum_of(path) != before


def test_columns_of_bytes_and_of_paths(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    plain = write_parquet(tmp_path / "a.parquet", [{"image": picture(4), "text": "x"}])
    (record,) = read_captions(plain, "train").records
    assert record.image is not None
    assert record.image.read_bytes() == picture(4)
    with_names = write_parquet(tmp_path / "b.parquet", [{"file_name": "1.png", "text": "x"}])
    (record,) = read_captions(with_names, "train").records
    assert record.image == tmp_path / "1.png"
    wrong = write_parquet(tmp_path / "c.parquet", [{"image": 3, "text": "x"}])
    with pytest.raises(DataError, match="column 'image' is of the type int64"):
        read_captions(wrong, "train")


def test_a_file_that_is_damaged_or_changes(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", [{"image": cell(n), "text": "x"} for n in (1, 2)])
    second = read_captions(path, "train").records[1].image
    assert second is not None
    assert second.read_bytes() == picture(2)
    assert pickle.loads(pickle.dumps(second)).read_bytes() == picture(2)
    write_parquet(path, [{"image": cell(3), "text": "a longer text than before"}])
    with pytest.raises(DataError, match=r"row group 0, row 1 of it: no bytes"):
        second.read_bytes()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"x\.parquet cannot be read"):
        read_captions(path, "train")


def damaged(path: Path) -> Path:
    """A file whose facts of a column name another type than its schema."""
    table = pa.Table.from_pylist([{"image": cell(n), "text": "x"} for n in range(4)])
    parquet.write_table(table, path)
    data = path.read_bytes()
    names = [b"\x15\x0c\x19", b"\x15\x08\x19"]  # type 6, BYTE_ARRAY, then the list of encodings
    length = int.from_bytes(data[-8:-4], "little")
    at = data.index(names[0], len(data) - 8 - length)
    path.write_bytes(data[:at] + names[1] + data[at + 3 :])
    return path


def test_damage_that_ends_a_process_is_never_looked_at(tmp_path: Path) -> None:
    path = damaged(tmp_path / "x.parquet")
    code = (
        "import sys; from pyarrow.parquet import ParquetFile; "
        "ParquetFile(sys.argv[1]).metadata.row_group(0).column(0).statistics"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT, "the damage is such that pyarrow itself aborts"
    captions = read_captions(path, "train").records
    assert [r.image.read_bytes() for r in captions if r.image] == [picture(n) for n in range(4)]


def test_parquet_names_no_picture_outside_its_folder(tmp_path: Path) -> None:
    put(tmp_path, "secret.png", "data/in.png")
    folder = tmp_path / "data"
    for out in ("../secret.png", str(tmp_path / "secret.png")):
        for image in ({"bytes": None, "path": out}, out):
            path = write_parquet(folder / "x.parquet", [{"image": image, "text": "x"}])
            with pytest.raises(DataError, match=r"x\.parquet: the file .*secret\.png is outside"):
                read_captions(path, "train")
    path = write_parquet(folder / "x.parquet", [{"image": cell(3, "/its/own.png"), "text": "x"}])
    (record,) = read_captions(path, "train").records
    assert isinstance(record.image, ParquetPicture), "a name beside the bytes is read by nobody"
    dataset([{"image": str(folder / "in.png"), "text": "x"}]).save_to_disk(str(folder / "saved"))
    assert ids_and_texts(read_captions(folder / "saved", "train").records) == [("saved:1#0", "x")]


def test_a_parquet_file_that_declares_more_than_it_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    zeros = b"0" * (ALWAYS_READ + 1)
    parquet.write_table(pa.table({"image": [zeros], "text": ["x"]}), path, compression="zstd")
    with pytest.raises(DataError, match=r"declares .* more than 200 times its size"):
        read_captions(path, "train")


def dataset(rows: list[dict[str, Any]]) -> Any:
    import datasets

    return datasets.Dataset.from_list(rows).cast_column("image", datasets.Image())


def test_folders_of_save_to_disk(tmp_path: Path) -> None:
    import datasets

    one = tmp_path / "one"
    dataset(ROWS).save_to_disk(str(one))
    captions = read_captions(one, "train")
    assert ids_and_texts(captions.records) == [
        ("7#0", "one"),
        ("7#1", "two"),
        ("8#0", "three"),
        ("7#2", "four"),
    ]
    assert format_of(one) == "datasets"
    images = [record.image for record in captions.records]
    assert [i.read_bytes() for i in images if i] == [picture(s) for s in (0, 0, 1, 2)]
    assert images[0] == images[1] != images[2]
    assert len({*images}) == 3
    several = tmp_path / "several"
    parts = {"train": dataset(ROWS[:1]), "validation": dataset(ROWS[1:2])}
    datasets.DatasetDict(parts).save_to_disk(str(several))
    assert ids_and_texts(read_captions(several, "dev").records) == [("8#0", "three")]
    assert ids_and_texts(read_captions(several, "train").records) == [
        ("7#0", "one"),
        ("7#1", "two"),
    ]
    assert checksum_of(one) != checksum_of(several)
    with pytest.raises(DataError, match=r"the column 'caption' .* holds no pictures"):
        read_captions(one, "train", {"image": "caption", "text": "img_id"})


def test_a_saved_table_that_points_outside_itself_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    dataset([{"image": cell(1), "caption": "one " * 9}] * 3).save_to_disk(str(folder))
    (table,) = folder.glob("*.arrow")
    data = table.read_bytes()
    offsets = struct.pack("<4i", 0, 36, 72, 108)  # of the captions
    assert data.count(offsets) == 1
    table.write_bytes(data.replace(offsets, struct.pack("<4i", 0, 36, 1 << 30, 108)))
    with pytest.raises(DataError, match=r"cannot be read: .*[Oo]ffset"):
        read_captions(folder, "train")


def test_saved_rows_without_a_picture_are_told(tmp_path: Path) -> None:
    rows = [*ROWS[:1], {**ROWS[1], "image": None}]
    dataset(rows).save_to_disk(str(tmp_path / "x"))
    with pytest.raises(DataError, match="row 2: no picture"):
        read_captions(tmp_path / "x", "train")
    (tmp_path / "x/state.json").write_text("{")
    with pytest.raises(DataError, match="x cannot be read"):
        read_captions(tmp_path / "x", "train")


def hub(monkeypatch: pytest.MonkeyPatch, splits: dict[str, list[dict[str, Any]]]) -> list[Any]:
    import datasets

    requests: list[Any] = []

    def load_dataset(name: str, config: str | None, *, split: str, revision: str) -> Any:
        requests.append((name, config, split, revision))
        return dataset(splits[split])

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return requests


def test_datasets_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = hub(monkeypatch, {"train": ROWS[:2], "validation": ROWS[2:]})
    source = HubCaptions("some/pictures", COMMIT, id_column="img_id")
    captions = source.read("train")
    assert requests == [("some/pictures", None, "train", COMMIT)]
    assert ids_and_texts(captions.records) == [("7#0", "one"), ("7#1", "two"), ("8#0", "three")]
    assert captions.skipped == {"empty caption": 1}
    assert captions.records[2].image is not None
    assert captions.records[2].image.read_bytes() == picture(1)
    assert "some/pictures of the hub, split train, row 2" in str(captions.records[2].image)
    assert ids_and_texts(source.read("dev").records) == [("7#0", "four")]
    default_source = HubCaptions("some/pictures", COMMIT)
    assert [r.group for r in default_source.read("train").records] == [
        "train:1",
        "train:1",
        "train:2",
    ]


def test_hub_rows_may_tell_splits_and_have_several_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"image": cell(0), "a": "one", "b": "eins", "part": "train", "lang": "de"},
        {"image": cell(1), "a": "two", "b": None, "part": "val", "lang": "fr"},
    ]
    hub(monkeypatch, {"test": rows})
    source = HubCaptions(
        "some/pictures",
        COMMIT,
        text=("a", "b"),
        splits={"test": ("test",)},
        split_column="part",
        language_column="lang",
    )
    train = source.read("train").records
    assert ids_and_texts(train) == [("test:1#0", "one"), ("test:1#1", "eins")]
    assert {record.language for record in train} == {"de"}
    assert ids_and_texts(source.read("dev").records) == [("test:2#0", "two")]
    assert source.read("test").records == []
    with pytest.raises(DataError, match=r"split test: no column 'alt'"):
        HubCaptions("some/pictures", COMMIT, text="alt", splits={"train": ("test",)}).read("train")


def test_a_dataset_of_the_hub_names_files_of_its_cache_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import datasets

    put(tmp_path, "cache/in.png", "secret.png")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    outside_picture = {"bytes": None, "path": str(tmp_path / "cache/in.png")}
    hub(monkeypatch, {"train": [{"image": outside_picture, "caption": "x"}]})
    (record,) = HubCaptions("org/name", COMMIT).read("train").records
    assert record.image == tmp_path / "cache/in.png"
    for out in (str(tmp_path / "secret.png"), str(tmp_path / "cache/../secret.png"), "../x.png"):
        hub(monkeypatch, {"train": [{"image": {"bytes": None, "path": out}, "caption": "x"}]})
        with pytest.raises(DataError, match=r"split train, row 1: the file .* is outside"):
            HubCaptions("org/name", COMMIT).read("train")


def test_hub_checksums_and_faults() -> None:
    source = HubCaptions("some/pictures", COMMIT)
    assert source.checksum() == HubCaptions("some/pictures", COMMIT).checksum()
    for other in (
        HubCaptions("some/pictures", "b" * 40),
        HubCaptions("some/pictures", COMMIT, text="alt"),
        HubCaptions("some/pictures", COMMIT, splits={"train": ("train", "extra")}),
        HubCaptions("some/pictures", COMMIT, config="de"),
    ):
        assert other.checksum() != source.checksum()
    with pytest.raises(DataError, match="some/pictures at main cannot be read from the hub"):
        HubCaptions("some/pictures", "main").checksum()
    with pytest.raises(DataError, match="cannot be read from the hub"):
        source.read("train")


def test_the_hub_and_saved_datasets_need_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(ROWS).save_to_disk(str(tmp_path / "x"))
    monkeypatch.setitem(sys.modules, "datasets", None)
    for read in (HubCaptions("some/pictures", COMMIT).read, partial(read_captions, tmp_path / "x")):
        with pytest.raises(DataError, match=r"`datasets` is not installed[\s\S]*crosslift\[hub\]"):
            read("train")
