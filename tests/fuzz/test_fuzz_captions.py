"""Captioned pictures in every format, and what the published test sets of captions hold."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import tempfile
from collections.abc import Callable, Mapping
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
from crosslift.sources.captioned_targets.class_folders import load_classes
from crosslift.sources.captioned_targets.imagenet_names import load_class_names
from crosslift.sources.captioned_targets.imagenet_photographs import load_photographs
from crosslift.sources.captioned_targets.picture_files import pictures_in
from crosslift.sources.captioned_targets.published_captions import PublishedFormat
from crosslift.sources.captioned_targets.topic_files import TOPICS, load_pictures, load_texts
from crosslift.sources.captions import checksum_of, read_captions
from crosslift.targets import crossmodal, flickr8k, multi30k, wit, xflickr_co, xtd10

PIECES = (
    *(
        b"\t",
        b"\r",
        b"\n\n",
        b"\0",
        b'"',
        b"|",
        b"#",
        b",",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
    ),
    *(b"9" * 5000, b"[" * 3000, b"{", b"}", b"]", b"null", b"NaN", b"-1", b"1e999", b"\\ud800"),
    *(b"../", b"/etc/passwd", b"\\u0000", b"x" * 300, b"[]", b"{}", b'"images": ', b"http://["),
)


def tar(members: Mapping[str, bytes], form: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def header(kind: bytes, size: bytes, name: bytes = b"a.txt") -> bytes:
    """A header of a tar file whose checksum is right, whatever else it says."""
    block = bytearray(512)
    block[:5], block[124:136], block[156:157] = name[:5].ljust(5), size.ljust(12, b"\0"), kind
    block[257:265], block[148:156] = b"ustar\00000", b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


TAR_PIECES = (
    *PIECES,
    *(
        header(kind, b"00000000010")
        for kind in (b"0", b"L", b"K", b"x", b"g", b"S", b"1", b"2", b"5")
    ),
    header(b"0", b"\xff" * 12),  # a negative size
    header(b"0", b"\x80" + b"\0" * 3 + struct.pack(">Q", 1 << 62)),
    header(b"L", b"00000000010") * 1200,
    header(b"x", b"00000000030") + b"24 size=-512\n".ljust(512, b"\0"),
    header(b"x", b"00000000030") + b"99999999999999999999 a=b\n".ljust(512, b"\0"),
    header(b"x", b"00000000060") + b"20 GNU.sparse.map=1\n20 GNU.sparse.size=x\n".ljust(512, b"\0"),
)
SHARD = {
    "a.jpg": b"picture",
    "a.txt": b"one\ntwo\n",
    "a.json": b'{"language": "de", "caption": "x"}',
    "b.0 c.png": b"picture",
    "b.0 c.txt": "kolme ä".encode(),
    "long/" * 30 + "ü.jpg": b"picture",
    "long/" * 30 + "ü.txt": b"four",
}


def parquet(rows: list[dict[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=2)
    return file.getvalue()


IMAGES = [
    {"image": {"bytes": b"x", "path": "a.jpg"}, "text": ["one", "two"], "language": "de"},
    {"image": {"bytes": None, "path": "1.jpg"}, "text": ["three"], "language": None},
    {"image": None, "text": None, "language": "fi"},
]
ROWS = [
    {"image": "1.jpg", "text": "one", "split": "train", "group": 1},
    {"image": "2.jpg", "text": ["two", "zwei"], "split": "val", "language": "de"},
]
COCO = {
    "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
    "annotations": [{"image_id": 1, "caption": "one"}, {"image_id": 2, "caption": "two"}],
}
KARPATHY = {
    "images": [
        {"filename": "1.jpg", "split": "train", "sentences": [{"raw": "one"}], "cocoid": 7},
        {"filename": "2.jpg", "split": "restval", "sentences": [{"raw": "two"}], "filepath": "x"},
    ]
}
FLICKR8K = b'{"image": "1.jpg", "captions": ["one"], "split": "train", "multi30k": "val"}\n'
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
CAPTIONS: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "a.jsonl": (LINES, PIECES),
    "a.json": (LINES, PIECES),
    "list.json": (json.dumps(ROWS).encode(), PIECES),
    "a.csv": (b'image,text\n1.jpg,"one, two"\n2.jpg,three\n', PIECES),
    "a.tsv.gz": (gzip.compress(b"image\ttext\n1.jpg\tone\n"), PIECES),
    "captions_train.json": (json.dumps(COCO).encode(), PIECES),
    "dataset_coco.json": (json.dumps(KARPATHY).encode(), PIECES),
    "results_20130124.token": (b"1.jpg#0\tone\n1.jpg#1\ttwo\n2.jpg#0\tthree\n", PIECES),
    "results.csv": (b"image_name| comment_number| comment\n1.jpg| 0| one\n", PIECES),
    "captions.txt": (b"image,caption\n1.jpg,one\n2.jpg,two\n", PIECES),
    "captions.jsonl": (FLICKR8K + FLICKR8K.replace(b"1.jpg", b"2.jpg"), PIECES),
    "ustar.tar": (
        tar(SHARD, tarfile.USTAR_FORMAT),
        TAR_PIECES,
    ),
    "gnu.tar": (tar(SHARD, tarfile.GNU_FORMAT), TAR_PIECES),
    "pax.tar": (tar(SHARD, tarfile.PAX_FORMAT), TAR_PIECES),
    "a.parquet": (parquet(IMAGES), PIECES),
    "paths.parquet": (parquet([{"image": "1.jpg", "text": "one"}]), PIECES),
}


def check(record: object) -> None:
    str(record).encode()


@pytest.mark.parametrize("name", CAPTIONS)
@FUZZ
@given(st.data())
def test_any_captions_are_records_or_an_error(name: str, data: st.DataObject) -> None:
    whole, pieces = CAPTIONS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "1.jpg").write_bytes(b"x")
        (folder / "2.jpg").write_bytes(b"x")
        (folder / name).write_bytes(data.draw(damaged(whole, pieces)))
        for where in (folder / name, folder):
            for split in ("train", "dev"):
                with suppress(CrossLiftError):
                    for record in read_captions(where, split, skip_broken=True).records:
                        check(record)
                        if record.image is not None:
                            with suppress(CrossLiftError, OSError):
                                record.image.read_bytes()
        with suppress(CrossLiftError):
            checksum_of(folder / name)


@FUZZ
@given(st.lists(st.sampled_from(["{", "}", "..", ",", "0", "99", "a", "/", "9" * 30, "x" * 300])))
def test_any_pattern_of_shards_is_there_or_an_error(parts: list[str]) -> None:
    with suppress(CrossLiftError):
        read_captions(Path("nowhere", "".join(parts) + ".tar"), "train")


Files = Mapping[str, bytes]


def published(fixed: PublishedFormat) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        found = fixed.load(folder, fixed.languages_in(folder))
        return found, pictures_in(folder, found.files)

    return read


def topics(folder: Path) -> object:
    pictures = load_pictures(folder)
    return pictures, load_texts(folder, "de", pictures)


LISTS = b"1.jpg#0\n2.jpg#1\n"
BOTH = b"one\ntwo\n"
WIT = {
    "wit_ix": 1,
    "image_idx": "i",
    "image_url": "https://x.org/1.jpg",
    "language": "en",
    "caption_reference_description": "one",
}
SIB = b"index_id\tcategory\ttext\n%d\tsports\tone\n"
CORPUS = [{"id": f"image-{topic}_0", "image": {"bytes": b"x", "path": "a"}} for topic in TOPICS]
ASKED = [f"image-{topic}_0" for topic in TOPICS[:4]]
TARGETS: dict[str, tuple[Files, Callable[[Path], object]]] = {
    "crossmodal": (
        {"captions.jsonl": b'{"image/key": "1", "en": {"caption": ["a"]}}\n'},
        published(crossmodal.CROSSMODAL.files),
    ),
    "wit": ({"test_en.jsonl": json.dumps(WIT).encode() + b"\n"}, published(wit.WIT.files)),
    "xflickr": (
        {
            "en/test.jsonl": b'{"img_path": "1.jpg", "sentences": ["a"]}\n',
            "de/test.jsonl": b'{"img_path": "1.jpg", "sentences": ["b"]}\n',
        },
        published(xflickr_co.XFLICKR_CO.files),
    ),
    "xtd10": (
        {"test_image_names.txt": LISTS, "test_1kcaptions_en.txt": BOTH},
        published(xtd10.XTD10.files),
    ),
    "multi30k": (
        {
            "test_2016_flickr.en": BOTH,
            "test_2016_flickr.de.gz": gzip.compress(BOTH),
            "test_2016_flickr.txt": LISTS,
        },
        published(multi30k.MULTI30K[0].files),
    ),
    "flickr8k": (
        {
            "captions.jsonl": FLICKR8K.replace(b"train", b"test"),
            "captions.de.jsonl": FLICKR8K,
            "Flickr8k_text/Flickr8k.arabic.full.txt": b"1.jpg#0 one\n",
        },
        published(flickr8k.FLICKR8K.files),
    ),
    "babel": (
        {
            "babel_imagenet.json": b'{"DE": [[0, 1], ["a", "b"]]}',
            "prompts.json": b'{"DE": ["ein {}"]}',
        },
        load_class_names,
    ),
    "photographs": (
        {"captions.jsonl": b'{"image": "1.jpg", "class_index": 3}\n'},
        load_photographs,
    ),
    "class index": (
        {
            "val/n01440764/1.jpg": b"x",
            "imagenet_class_index.json": json.dumps(
                {str(i): [f"n{1440764 + i:08d}", "name"] for i in range(1000)}
            ).encode(),
        },
        load_photographs,
    ),
    "classes": (
        {
            "classes.csv": b"class,en,de\ncat,cat,Katze\ndog,dog,Hund\n",
            "pictures.tsv": b"image\tclass\n1.jpg\tcat\n2.jpg\tdog\n",
            "templates.csv": b"language,template\nde,ein {}\n",
        },
        load_classes,
    ),
    "sentences of topics": (
        {
            **{
                f"data/sib200/deu_Latn/{s}.tsv": SIB % n
                for n, s in enumerate(("train", "dev", "test"))
            },
            **{f"data/images/sib200/{topic}_0.jpg": b"x" for topic in TOPICS},
        },
        topics,
    ),
    "packed topics": (
        {
            "data/corpus/test.parquet": parquet(CORPUS),
            "data/deu_Latn/queries.parquet": parquet([{"id": "q", "text": "one"}]),
            "data/deu_Latn/qrels.parquet": parquet(
                [{"query-id": "q", "corpus-id": ASKED[0], "score": 1}]
            ),
            "data/deu_Latn/top_ranked.parquet": parquet([{"query-id": "q", "corpus-ids": ASKED}]),
        },
        topics,
    ),
}


@pytest.mark.parametrize("name", TARGETS)
@FUZZ
@given(st.data())
def test_any_published_test_set_is_read_or_an_error(name: str, data: st.DataObject) -> None:
    files, read = TARGETS[name]
    bad = data.draw(st.sampled_from(sorted(files)))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for file in ("1.jpg", "2.jpg"):
            (folder / file).write_bytes(b"x")
        for file, whole in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            content = data.draw(damaged(whole, PIECES)) if file == bad else whole
            (folder / file).write_bytes(content)
        with suppress(CrossLiftError):
            check(read(folder))


@pytest.mark.parametrize("name", TARGETS)
def test_the_undamaged_test_sets_are_read(name: str, tmp_path: Path) -> None:
    files, read = TARGETS[name]
    for file in ("1.jpg", "2.jpg"):
        (tmp_path / file).write_bytes(b"x")
    for file, whole in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(whole)
    assert read(tmp_path)


@pytest.mark.parametrize("name", CAPTIONS)
def test_the_undamaged_captions_are_read(name: str, tmp_path: Path) -> None:
    for file in ("1.jpg", "2.jpg", "x/2.jpg"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"x")
    (tmp_path / name).write_bytes(CAPTIONS[name][0])
    split = "dev" if name == "captions.jsonl" else "train"
    assert read_captions(tmp_path / name, split, skip_broken=True).records
