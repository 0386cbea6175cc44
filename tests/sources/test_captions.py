"""Captioned pictures: tables and image folders, splits, faults, languages, checksums."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from caption_samples import ids_and_texts, json_lines, picture, put, write

from crosslift.artifacts.read_once import reading_once
from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.captions import checksum_of, format_of, language_shares, read_captions
from crosslift.sources.record import Record

ROWS = [
    {"image": "images/1.png", "text": "A dog runs ."},
    {"image": "images/2.png", "text": "A cat, asleep."},
    {"image": "images/1.png", "text": "A dog on grass"},
]
THREE = [
    ("images/1.png#0", "A dog runs ."),
    ("images/2.png#0", "A cat, asleep."),
    ("images/1.png#1", "A dog on grass"),
]


def table(folder: Path, ending: str) -> Path:
    path = folder / f"pairs.{ending}"
    if ending == "jsonl":
        return json_lines(path, ROWS)
    if ending == "json":
        return write(path, json.dumps(ROWS))
    if ending == "csv":
        lines = [f'{row["image"]},"{row["text"]}"' for row in ROWS]
        return write(path, "\r\n".join(["image,text", *lines]))
    return write(path, "\n".join(["image\ttext", *(f"{r['image']}\t{r['text']}" for r in ROWS)]))


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv"])
def test_a_row_is_a_caption_and_captions_of_a_picture_are_one_group(
    tmp_path: Path, ending: str
) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    path = table(tmp_path, ending)
    for data in (path, tmp_path):
        captions = read_captions(data, "train")
        assert ids_and_texts(captions.records) == THREE
        assert captions.skipped == {}
        assert format_of(data) == "table"
    assert captions.records[0] == Record(
        "images/1.png#0",
        {"text": "A dog runs ."},
        tmp_path / "images/1.png",
        "en",
        "images/1.png",
    )
    assert captions.records[2].group == "images/1.png"
    assert captions.records[2].image is not None
    assert captions.records[2].image.read_bytes() == picture(0)


def test_a_list_of_captions_with_languages_groups_and_splits(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png", "c.png")
    rows = [
        {"image": "a.png", "captions": ["one", "two"], "split": "train2017", "language": "pt_br"},
        {"image": "b.png", "captions": ["drei"], "split": "val2017", "language": "de", "group": 7},
        {"image": "c.png", "captions": ["four"], "split": "test", "language": None},
        {"image": "c.png", "captions": ["five"], "split": "extra"},
    ]
    json_lines(tmp_path / "captions.jsonl", rows)
    train = read_captions(tmp_path, "train", language="nl")
    assert [(r.id, r.language, r.group) for r in train.records] == [
        ("a.png#0", "pt-BR", "a.png"),
        ("a.png#1", "pt-BR", "a.png"),
    ]
    assert train.skipped == {"in the split 'extra'": 1}
    (dev,) = read_captions(tmp_path, "dev").records
    assert (dev.texts["text"], dev.language, dev.group) == ("drei", "de", "7")
    (test,) = read_captions(tmp_path, "test", language="nl").records
    assert (test.texts["text"], test.language) == ("four", "nl")


def test_without_splits_all_is_training_data(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    path = table(tmp_path, "jsonl")
    assert len(read_captions(path, "train").records) == 3
    for split in ("dev", "test"):
        assert read_captions(path, split).records == []


def test_columns_bind_by_role(tmp_path: Path) -> None:
    put(tmp_path, "x.png")
    row = {"photo": "x.png", "alt": "one", "alt2": ["two"], "lang": "de", "part": "dev", "set": "s"}
    path = json_lines(tmp_path / "t.jsonl", [row])
    columns = {
        "image": "photo",
        "text": "alt, alt2",
        "language": "lang",
        "group": "set",
        "split": "part",
        "id": "set",
    }
    captions = read_captions(path, "dev", columns).records
    assert ids_and_texts(captions) == [("s#0", "one"), ("s#1", "two")]
    assert {(r.language, r.group) for r in captions} == {("de", "s")}
    assert checksum_of(path, columns) != checksum_of(path, {**columns, "text": "alt"})
    with pytest.raises(UnknownNameError, match="'txet'"):
        read_captions(path, "dev", {"txet": "alt"})
    with pytest.raises(DataError, match=r"no column 'atl', given as the 'text'"):
        read_captions(path, "dev", {**columns, "text": "atl"})
    with pytest.raises(UnknownNameError, match="'validation'"):
        read_captions(path, "validation", columns)  # type: ignore[arg-type]


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    put(tmp_path, "images/1.png", "images/2.png")
    json_lines(tmp_path / name, ROWS)
    for data in (tmp_path, tmp_path / name):
        with pytest.raises(DataError, match=r"caf\\udce9\.jsonl' is not UTF-8"):
            read_captions(data, "train")


def test_json_lines_in_a_json_file_are_a_table(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    path = json_lines(tmp_path / "pairs.json", ROWS)
    for data in (path, tmp_path):
        assert format_of(data) == "table"
        assert ids_and_texts(read_captions(data, "train").records) == THREE
    path.rename(tmp_path / "captions_train.json")
    assert format_of(tmp_path) == "table"
    columns = write(tmp_path / "c.json", '{"image": {"0": "images/1.png"}, "text": {"0": "x"}}')
    with pytest.raises(DataError, match=r"c\.json is a JSON object without `images`[\s\S]*records"):
        read_captions(columns, "train")


def test_data_that_are_downloaded_name_no_file_outside_their_folder(tmp_path: Path) -> None:
    put(tmp_path, "secret.png", "data/in.png")
    folder = tmp_path / "data"
    (folder / "sub").mkdir()
    for name in ("../secret.png", str(tmp_path / "secret.png"), "sub/../../secret.png"):
        rows = [{"file_name": "in.png", "text": "x"}, {"file_name": name, "text": "y"}]
        pairs = json_lines(folder / "pairs.jsonl", rows)
        assert [r.image for r in read_captions(pairs, "train").records][1] == folder / name
        pairs.rename(folder / "metadata.jsonl")
        for split in ("train", "test"):
            with pytest.raises(DataError, match=r"row 2: the file .*secret\.png is outside"):
                read_captions(folder, split)
        (folder / "metadata.jsonl").unlink()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    json_lines(folder / "metadata.jsonl", [{"file_name": "link.png", "text": "x"}])
    (record,) = read_captions(folder, "train").records
    assert record.image == folder / "link.png"


def test_image_folders(tmp_path: Path) -> None:
    one = put(tmp_path / "one", "0001.png", "0002.png")
    write(one / "metadata.csv", "file_name,text\n0001.png,a\n0002.png,b\n")
    assert ids_and_texts(read_captions(one, "train").records) == [
        ("0001.png#0", "a"),
        ("0002.png#0", "b"),
    ]
    assert format_of(one) == "imagefolder"
    parted = tmp_path / "parted"
    for split in ("train", "validation"):
        put(parted / split, "0001.png")
        json_lines(parted / split / "metadata.jsonl", [{"file_name": "0001.png", "text": split}])
    assert ids_and_texts(read_captions(parted, "train").records) == [("train/0001.png#0", "train")]
    (dev,) = read_captions(parted, "dev").records
    assert dev.id == "validation/0001.png#0"
    assert dev.image == parted / "validation/0001.png"
    put(parted, "9.png")
    json_lines(parted / "metadata.jsonl", [{"file_name": "9.png", "text": "too"}])
    with pytest.raises(DataError, match="in several places"):
        read_captions(parted, "train")


def test_tables_named_as_splits(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    for split in ("train", "val"):
        json_lines(tmp_path / f"my_{split}.jsonl", [{"image": "a.png", "text": split}])
    assert ids_and_texts(read_captions(tmp_path, "train").records) == [("a.png#0", "train")]
    assert ids_and_texts(read_captions(tmp_path, "dev").records) == [("a.png#1", "val")]
    json_lines(tmp_path / "other.jsonl", [{"image": "a.png", "text": "x"}])
    with pytest.raises(DataError, match="several places") as error:
        read_captions(tmp_path, "train")
    assert "other.jsonl" in str(error.value)


def test_empty_and_repeated_captions_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    rows = [
        {"image": "a.png", "captions": [" ", "x ", "x", None]},
        {"image": "b.png", "captions": []},
        {"image": "./a.png", "captions": ["x", "y"]},
        {"image": "b.png", "captions": ["x"]},
    ]
    captions = read_captions(json_lines(tmp_path / "t.jsonl", rows), "train")
    assert ids_and_texts(captions.records) == [("a.png#1", "x"), ("a.png#5", "y"), ("b.png#0", "x")]
    assert captions.skipped == {
        "empty caption": 2,
        "repeated caption of one picture": 2,
        "no caption": 1,
    }


def test_nothing_but_empty_captions_raises(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    path = json_lines(tmp_path / "t.jsonl", [{"image": "a.png", "text": " "}] * 2)
    with pytest.raises(DataError, match=r"no train caption is left \(2 empty caption\)"):
        read_captions(path, "train")


@pytest.mark.parametrize(
    ("cell", "why"),
    [("gone.png", "missing picture"), ("empty.png", "empty picture file"), (None, "no picture")],
)
def test_pictures_that_are_not_there(tmp_path: Path, cell: str | None, why: str) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "empty.png").touch()
    rows = [{"image": "a.png", "text": "x"}, {"image": cell, "text": "y"}]
    path = json_lines(tmp_path / "t.jsonl", rows)
    with pytest.raises(DataError, match=r"t\.jsonl, row 2: ") as error:
        read_captions(path, "train")
    assert "skip_broken" in str(error.value)
    captions = read_captions(path, "train", skip_broken=True)
    assert ids_and_texts(captions.records) == [("a.png#0", "x")]
    assert captions.skipped == {why: 1}


def test_addresses_are_not_fetched(tmp_path: Path) -> None:
    rows = [{"image": "https://example.org/a.png", "text": "x"}]
    with pytest.raises(DataError, match="not fetched from the web"):
        read_captions(json_lines(tmp_path / "t.jsonl", rows), "train")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"image": "a.png", "words": "x"}], "no column of captions, of the columns image, words"),
        ([{"picture": "a.png", "text": "x"}], "no column of pictures among picture, text"),
        ([{"image": "a.png", "text": "x", "caption": "y"}], "'text' and 'caption' may each hold"),
        ([{"image": "a.png", "text": 3}], r"row 1: 'text' holds 3"),
        ([{"image": "a.png", "text": ["x", 3]}], r"row 1: 'text' holds \['x', 3\]"),
        ([{"image": 3, "text": "x"}], r"row 1: 'image' holds 3"),
        ([{"image": "a.png", "text": "x"}, {"image": "a.png"}], r"row 2: no column 'text'"),
        ([{"image": "a.png", "text": "x", "language": "xxq"}], "'xxq', which is the code of no"),
        ([{"image": "a.png", "text": "x", "group": [1]}], r"row 1: 'group' holds \[1\]"),
        (
            [{"image": "a.png", "text": t, "group": t} for t in "xy"],
            r"row 2: the picture a\.png is in the group 'y' here, and in 'x'",
        ),
        ([{"image": "a.png", "text": "x", "split": "val"}], "no train caption; there are 1 of val"),
        ([], "holds no row"),
    ],
)
def test_tables_at_fault(tmp_path: Path, rows: list[dict[str, object]], message: str) -> None:
    put(tmp_path, "a.png")
    with pytest.raises(DataError, match=message):
        read_captions(json_lines(tmp_path / "t.jsonl", rows), "train")


def test_data_that_are_not_there_or_of_no_format(tmp_path: Path) -> None:
    json_lines(tmp_path / "captions.jsonl", ROWS)
    with pytest.raises(DataError, match=r"does not exist[\s\S]*did you mean .*captions\.jsonl"):
        read_captions(tmp_path / "caption.jsonl", "train")
    with pytest.raises(DataError, match="of no known format"):
        read_captions(put(tmp_path, "a.png") / "a.png", "train")
    with pytest.raises(DataError, match=r"holds no captions \(x\.png"):
        read_captions(put(tmp_path / "pictures", "x.png"), "train")
    with pytest.raises(DataError, match=r"notes\.txt is of no known format"):
        read_captions(write(tmp_path / "notes.txt", "hello\n"), "train")


def test_checksum_is_of_everything_that_makes_the_records(tmp_path: Path) -> None:
    def made(name: str) -> Path:
        folder = put(tmp_path / name, "images/1.png", "images/2.png")
        table(folder, "jsonl")
        return folder

    one, copy = made("one"), made("copy")
    first = checksum_of(one)
    assert first == checksum_of(copy) == checksum_of(one)
    (copy / "images/2.png").write_bytes(picture(99))
    assert checksum_of(copy) != first
    (copy / "images/2.png").unlink()
    missing = checksum_of(copy)
    assert missing != first
    copy_of_missing = made("copy-of-missing")
    (copy_of_missing / "images/2.png").unlink()
    assert checksum_of(copy_of_missing) == missing
    (one / "unrelated.png").touch()
    assert checksum_of(one) == first


def test_a_run_sums_pictures_once_and_the_next_run_sees_what_changed(tmp_path: Path) -> None:
    """Also where size and time of the file are as they were."""
    put(tmp_path, "images/1.png", "images/2.png")
    table(tmp_path, "jsonl")
    with reading_once():
        first = checksum_of(tmp_path)
        target = tmp_path / "images/1.png"
        stat = target.stat()
        target.write_bytes(bytes(stat.st_size))
        os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert checksum_of(tmp_path) == first
    with reading_once():
        assert checksum_of(tmp_path) != first


ENGLISH = ["A man is on skis with his dog next to him.", "A boat sitting in a river."]
GERMAN = "Ein Mann steht mit seinem Hund auf Skiern im Schnee."


def test_captions_in_another_language(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    rows = [
        {"image": "a.png", "text": ENGLISH[0], "language": "en"},
        {"image": "a.png", "text": GERMAN, "language": "en-GB"},
        {"image": "a.png", "text": GERMAN, "language": "de"},
        {"image": "a.png", "text": ENGLISH[1]},
    ]
    path = json_lines(tmp_path / "t.jsonl", rows)
    plain = read_captions(path, "train")
    assert len(plain.records) == 4
    assert plain.skipped == {}
    checked = read_captions(path, "train", check_language=True)
    assert [record.id for record in checked.records] == ["a.png#0", "a.png#2", "a.png#3"]
    assert checked.skipped == {"caption in another language": 1}
    shares = language_shares(plain.records, "en")
    assert shares.other == 0.5
    assert dict(shares.shares) == {"de": 0.5, "en": 0.5}
    with pytest.raises(UnknownNameError, match="'cbk'"):
        language_shares(plain.records, "cbk")
    with pytest.raises(DataError, match="no record"):
        language_shares([])


def test_languages_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    with pytest.raises(DataError, match=r"pip install crosslift\[languages\]"):
        language_shares([Record("1", {"text": "x"})])


def test_tables_load_nothing_heavy(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    table(tmp_path, "jsonl")
    code = (
        "import sys; from pathlib import Path; from crosslift.sources.captions import *; "
        f"assert len(read_captions(Path({str(tmp_path)!r}), 'train').records) == 3; "
        "heavy = {'torch', 'datasets', 'pyarrow', 'py3langid', 'PIL'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
