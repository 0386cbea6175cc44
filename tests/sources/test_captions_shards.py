"""WebDataset shards: samples, patterns, splits, and what is wrong with shards."""

from __future__ import annotations

import gzip
import json
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from caption_samples import ids_and_texts, picture, shard

from crosslift.errors import DataError
from crosslift.forms.form import epoch_rows
from crosslift.sources import stored_records
from crosslift.sources.captions import assemble, checksum_of, format_of, read_captions
from crosslift.sources.picture import PICTURE_ENDINGS, FilePart
from crosslift.sources.stored_records import StoredRecords

MEMBERS: list[tuple[str, bytes | str]] = [
    ("000000.jpg", picture(1, "JPEG")),
    ("000000.txt", "A dog\n"),
    ("000001.PNG", picture(2)),
    ("000001.json", json.dumps({"caption": "A cat", "url": "http://example.org"})),
    ("000001.seg.png", picture(9)),
    ("000002.webp", picture(3, "WEBP")),
    ("000002.txt", "One\nTwo\n"),
]


def test_samples_of_a_shard(tmp_path: Path) -> None:
    path = shard(tmp_path / "00000.tar", MEMBERS)
    captions = read_captions(path, "train")
    assert ids_and_texts(captions.records) == [
        ("00000/000000#0", "A dog"),
        ("00000/000001#0", "A cat"),
        ("00000/000002#0", "One"),
        ("00000/000002#1", "Two"),
    ]
    assert captions.skipped == {}
    assert format_of(path) == format_of(tmp_path) == "webdataset"
    image = captions.records[0].image
    assert isinstance(image, FilePart)
    assert image.read_bytes() == picture(1, "JPEG")
    assert str(image) == f"{path}:000000.jpg"
    assert captions.records[1].image is not None
    assert captions.records[1].image.read_bytes() == picture(2)
    assert captions.records[2].group == captions.records[3].group == "00000/000002"


def test_keys_of_the_json_file_are_columns(tmp_path: Path) -> None:
    facts = {"alt": "Ein Hund", "lang": "de", "caption": "A dog"}
    members = [("a.jpg", picture(1)), ("a.png", picture(2)), ("a.json", json.dumps(facts))]
    path = shard(tmp_path / "x.tar", [*members, ("a.txt", "unused")])
    with pytest.raises(DataError, match=r"sample a: several pictures, jpg, png"):
        read_captions(path, "train")
    columns = {"text": "alt", "language": "lang", "image": "png"}
    (record,) = read_captions(path, "train", columns).records
    assert (record.texts["text"], record.language) == ("Ein Hund", "de")
    assert record.image is not None
    assert record.image.read_bytes() == picture(2)


def pair(key: str, text: str = "x") -> list[tuple[str, bytes | str]]:
    return [(f"{key}.jpg", picture()), (f"{key}.txt", text)]


def test_folders_and_patterns_of_shards(tmp_path: Path) -> None:
    for number in range(3):
        shard(tmp_path / f"s-{number:06d}.tar", pair("0"))
        (tmp_path / f"s-{number:06d}.parquet").touch()  # as img2dataset leaves them
    assert [r.id for r in read_captions(tmp_path, "train").records] == [
        "s-000000/0#0",
        "s-000001/0#0",
        "s-000002/0#0",
    ]
    two = tmp_path / "s-{000001..000002}.tar"
    assert [r.group for r in read_captions(two, "train").records] == ["s-000001/0", "s-000002/0"]
    assert checksum_of(two) != checksum_of(tmp_path)
    listed = tmp_path / "s-00000{2,0}.tar"
    assert [r.group for r in read_captions(listed, "train").records] == ["s-000002/0", "s-000000/0"]
    with pytest.raises(
        DataError,
        match=r"s-000003\.tar is missing, the first missing one of the pattern.s 5 shards",
    ):
        read_captions(tmp_path / "s-{000000..000004}.tar", "train")
    for wrong in ("s-{000000}.tar", "s-{5..1}.tar", "s-{a..b}.tar"):
        with pytest.raises(DataError, match=r"000\.\.012"):
            read_captions(tmp_path / wrong, "train")


def test_splits_are_in_names(tmp_path: Path) -> None:
    for name in ("cc-train-0.tar", "cc-train-1.tar", "cc-val-0.tar", "cc-other.tar"):
        shard(tmp_path / "named" / name, pair("0"))
    captions = read_captions(tmp_path / "named", "train")
    assert [r.id for r in captions.records] == ["cc-train-0/0#0", "cc-train-1/0#0"]
    assert captions.skipped == {"in no split": 1}
    assert len(read_captions(tmp_path / "named", "dev").records) == 1
    for name in ("train/0.tar", "test/0.tar"):
        shard(tmp_path / "inner" / name, pair("0", name))
    assert ids_and_texts(read_captions(tmp_path / "inner", "test").records) == [
        ("test/0/0#0", "test/0.tar")
    ]


def test_folders_inside_files_of_no_sample_and_longer_endings(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    source = tmp_path / "source/v1.0"
    source.mkdir(parents=True)
    for name, data in [*pair("a"), ("a.left.jpg", picture(7)), ("a.de.txt", "Ein Hund")]:
        (source / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    (source / "README").write_text("no sample")
    with tarfile.open(path, "w") as tar:
        tar.add(source.parent, arcname=".")
    for columns, text, shade in (
        ({}, "x", 0),
        ({"text": "de.txt", "image": "left.jpg"}, "Ein Hund", 7),
    ):
        captions = read_captions(path, "train", columns)
        assert ids_and_texts(captions.records) == [("x/v1.0/a#0", text)]
        assert captions.records[0].image is not None
        assert captions.records[0].image.read_bytes() == picture(shade)
        assert captions.skipped == {"file of a shard without an ending": 1}


def test_a_line_feed_alone_parts_captions(tmp_path: Path) -> None:
    odd = "at\u2028the\x0clake\x85\x1c now"
    path = shard(tmp_path / "x.tar", pair("0", f"{odd}\r\ntwo\n\nthree\n"))
    captions = read_captions(path, "train")
    assert ids_and_texts(captions.records) == [("x/0#0", odd), ("x/0#1", "two"), ("x/0#3", "three")]
    assert captions.skipped == {"empty caption": 1}


def test_dots_in_the_names_of_pictures(tmp_path: Path) -> None:
    members = [*pair("photo v2.0 Final", "red"), *pair("photo v2.1", "blue"), *pair("plain")]
    path = shard(tmp_path / "x.tar", members)
    assert ids_and_texts(read_captions(path, "train").records) == [
        ("x/photo v2.0 Final#0", "red"),
        ("x/photo v2.1#0", "blue"),
        ("x/plain#0", "x"),
    ]
    sides = [("a.left.jpg", picture()), ("a.right.jpg", picture(1)), ("a.txt", "both")]
    path = shard(tmp_path / "y.tar", sides)
    with pytest.raises(DataError, match=r"sample a \(a\.left\.jpg, a\.right\.jpg\): no picture"):
        read_captions(path, "train")
    (record,) = read_captions(path, "train", {"image": "right.jpg"}).records
    assert record.image is not None
    assert record.image.read_bytes() == picture(1)


@pytest.mark.parametrize("ending", PICTURE_ENDINGS)
def test_every_ending_of_a_picture_that_is_decoded(tmp_path: Path, ending: str) -> None:
    path = shard(tmp_path / "x.tar", [(f"0.{ending.upper()}", picture()), ("0.txt", "x")])
    assert ids_and_texts(read_captions(path, "train").records) == [("x/0#0", "x")]


def test_other_endings_are_read_where_columns_name_them(tmp_path: Path) -> None:
    members = [("0.img", picture(3)), ("0.cap", "a map\nof old"), ("0.de.cap", "Karte")]
    path = shard(tmp_path / "x.tar", members)
    captions = read_captions(path, "train", {"image": "img", "text": "cap, de.cap"})
    assert [text for _, text in ids_and_texts(captions.records)] == ["a map", "of old", "Karte"]
    assert captions.records[0].image is not None
    assert captions.records[0].image.read_bytes() == picture(3)
    with pytest.raises(DataError, match=r"sample 0 \(0\.img, 0\.cap, 0\.de\.cap\): no picture"):
        read_captions(shard(path, [*members, ("0.txt", "x")]), "train")


def test_a_pattern_of_a_thousand_million_shards_ends_at_the_first_that_is_missing(
    tmp_path: Path,
) -> None:
    shard(tmp_path / "s-0.tar", pair("0"))
    for pattern, missing in (("s-{0..999999999}.tar", "s-1"), ("s-{0,1}{0..99999999}.tar", "s-00")):
        with pytest.raises(DataError, match=rf"{missing}\.tar is missing"):
            read_captions(tmp_path / pattern, "train")
    with pytest.raises(DataError, match=r"000\.\.012"):
        read_captions(tmp_path / ("s-{0.." + "9" * 50 + "}.tar"), "train")
    with pytest.raises(DataError, match="20 braces"):
        read_captions(tmp_path / ("{a,b}" * 20), "train")


def test_hostile_members_of_a_shard(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", [(b"caf\xe9.jpg".decode("utf-8", "surrogateescape"), b"x")])
    with pytest.raises(DataError, match=r"a\.tar: the name 'caf\\udce9\.jpg' is not UTF-8"):
        read_captions(path, "train")
    large = [("0.jpg", picture()), ("0.txt", b" " * ((64 << 20) + 1))]
    with pytest.raises(DataError, match=r"0\.txt has 67,108,865 bytes"):
        read_captions(shard(tmp_path / "b.tar", large), "train")
    lone = [("0.jpg", picture()), ("0.json", '{"caption": "smile \\ud83d"}')]
    with pytest.raises(DataError, match="sample 0: half of a surrogate pair"):
        read_captions(shard(tmp_path / "c.tar", lone), "train")


def test_keys_end_at_the_first_dot_of_the_base_name(tmp_path: Path) -> None:
    path = shard(tmp_path / "x.tar", [("./v1.0/a.jpg", picture()), ("./v1.0/a.txt", "x")])
    assert [r.id for r in read_captions(path, "train").records] == ["x/v1.0/a#0"]


def test_samples_that_lack_something(tmp_path: Path) -> None:
    members = [*pair("0"), ("1.txt", "no picture"), ("2.jpg", picture()), *pair("3", " \n")]
    path = shard(tmp_path / "x.tar", [*members, ("4.jpg", b""), ("4.txt", "y")])
    with pytest.raises(DataError, match=r"x\.tar, sample 1: no picture"):
        read_captions(path, "train")
    captions = read_captions(path, "train", skip_broken=True)
    assert ids_and_texts(captions.records) == [("x/0#0", "x")]
    assert captions.skipped == {
        "no picture": 1,
        "no caption": 1,
        "empty caption": 1,
        "empty picture file": 1,
    }


def test_shards_that_are_packed_wrongly(tmp_path: Path) -> None:
    (zero, text), other = pair("0"), pair("1")
    with pytest.raises(DataError, match="sample 0 do not lie next to one another"):
        read_captions(shard(tmp_path / "a.tar", [zero, *other, text]), "train")
    with pytest.raises(DataError, match=r"0\.jpg is in it twice"):
        read_captions(shard(tmp_path / "b.tar", [zero, zero, text]), "train")
    with pytest.raises(DataError, match=r"c\.tar:0\.txt, line 1: byte 0xff"):
        read_captions(shard(tmp_path / "c.tar", [zero, ("0.txt", b"\xff")]), "train")
    with pytest.raises(DataError, match=r"sample 0: not JSON"):
        read_captions(shard(tmp_path / "d.tar", [zero, ("0.json", "{")]), "train")
    linked = tmp_path / "e.tar"
    with tarfile.open(linked, "w") as tar:
        info = tarfile.TarInfo("0.jpg")
        info.type, info.linkname = tarfile.SYMTYPE, "elsewhere.jpg"
        tar.addfile(info)
    with pytest.raises(DataError, match=r"0\.jpg is a link[\s\S]*--dereference"):
        read_captions(linked, "train")


def whole_shard(path: Path) -> bytes:
    return shard(path, [*pair("0"), *pair("1"), *pair("2")]).read_bytes()


@pytest.mark.parametrize(
    ("blocks", "last"),
    [
        (11.9, "1"),  # the text of 2, inside its bytes
        (11.0, "1"),  # between the header and the bytes of the text of 2
        (10.5, "1"),  # inside the header of the text of 2
        (10.0, "1"),  # before that header: 2 has a picture alone
        (8.0, "1"),  # before the picture of 2
        (5.5, "0"),  # inside the picture of 1
    ],
)
def test_a_shard_cut_short_tells_the_last_whole_sample(
    tmp_path: Path, blocks: float, last: str
) -> None:
    path = tmp_path / "x.tar"
    data = whole_shard(path)
    path.write_bytes(data[: int(blocks * 512)])
    with pytest.raises(
        DataError, match=rf"x\.tar is cut short: .*; the last whole sample is {last}\n"
    ):
        read_captions(path, "train")


def test_a_shard_cut_before_anything_is_whole_or_before_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    data = whole_shard(path)
    path.write_bytes(data[:1100])
    with pytest.raises(DataError, match="no sample is whole"):
        read_captions(path, "train")
    path.write_bytes(data[: 12 * 512])
    with pytest.raises(DataError, match="mark of its end is missing; the last whole sample is 2"):
        read_captions(path, "train")
    path.write_bytes(b"")
    with pytest.raises(DataError, match="no whole tar file"):
        read_captions(path, "train")


def test_damaged_joined_and_compressed_shards(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    data = whole_shard(path)
    path.write_bytes(data[: 4 * 512] + b"?" * 512 + data[5 * 512 :])
    with pytest.raises(DataError, match=r"damaged at byte 2,048"):
        read_captions(path, "train")
    path.write_bytes(data + data)
    with pytest.raises(DataError, match="continues after its end-of-archive mark"):
        read_captions(path, "train")
    path.write_bytes(gzip.compress(data))
    with pytest.raises(DataError, match=r"x\.tar is compressed by gzip[\s\S]*gunzip x\.tar"):
        read_captions(path, "train")
    packed = path.rename(tmp_path / "x.tar.gz")
    for place in (packed, tmp_path):
        with pytest.raises(DataError, match=r"x\.tar\.gz is compressed by gzip"):
            read_captions(place, "train")


def big_shards(folder: Path, samples: int) -> Path:
    """Three shards in the layout of published ones, with two captions a picture and a JSON file."""
    for number in range(3):
        members: list[tuple[str, bytes | str]] = []
        for sample in range(samples // 3):
            key = f"{number:05}{sample:04}"
            members += [
                (f"{key}.jpg", b"picture " + key.encode()),
                (f"{key}.json", json.dumps({"url": f"http://example.org/{key}", "width": 640})),
                (f"{key}.txt", f"a photograph of thing {key}\nthe same thing {key} from afar\n"),
            ]
        shard(folder / f"{number:05}.tar", members)
    return folder


def test_records_of_shards_are_the_same_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records too many for memory: draws take the same rows, and pictures are read where they lie."""
    data = big_shards(tmp_path, 60)
    as_list = read_captions(data, "train")
    monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(assemble, "_FIRST_ENTRIES", 7)
    held = read_captions(data, "train")
    assert isinstance(held.records, StoredRecords)
    assert list(held.records) == as_list.records
    assert held.skipped == as_list.skipped
    rows = epoch_rows(len(held.records), 50, 40, 3).tolist()
    drawn = [held.records[row] for row in rows]
    assert drawn == [as_list.records[row] for row in rows]
    for record in drawn:
        assert record.image is not None
        key = record.group.rpartition("/")[2]
        assert record.image.read_bytes() == b"picture " + key.encode()


def test_memory_does_not_grow_with_the_records_of_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of these records needs 6 MB or more; ids and captions are remembered as digests."""
    data = big_shards(tmp_path, 9000)
    monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", 1 << 20)
    tracemalloc.start()
    try:
        records = read_captions(data, "train").records
        assert sum(len(record.texts["text"]) for record in records) > 400_000
        held, _ = tracemalloc.get_traced_memory()
        assert held < 2 << 20
        as_list = list(records)
        assert tracemalloc.get_traced_memory()[0] - held > 10 << 20  # so the bound above is one
    finally:
        tracemalloc.stop()
    assert len(as_list) == 18_000
