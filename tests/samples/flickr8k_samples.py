"""Small files of Flickr8k's captions in the forms in which they are published.

Six photographs. In Flickr8k's own lists the first three are training, the fourth is dev and the last
two are test photographs. Multi30k tests on the first, chooses on the second and lacks the last.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from PIL import Image

NAMES = tuple(f"{number}_{number:x}ab.jpg" for number in (101, 102, 103, 104, 105, 106))
IDS = tuple(name.partition("_")[0] for name in NAMES)
OWN = ("train", "train", "train", "dev", "test", "test")
MULTI30K = ("test_2016_flickr", "val", "train", "train", "train", None)
LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "dev": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}


def put(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def put_photographs(folder: Path, names: tuple[str, ...] = NAMES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        picture = Image.new("RGB", (8, 8), (40 * number, 10, 20))
        picture.paste((250 - 30 * number, 200, 90), (number, number, number + 3, 8))
        picture.save(folder / name)


def put_table(path: Path, language: str, count: int, items: range = range(6)) -> None:
    """A photograph a line, as JSON."""
    rows = []
    for i in items:
        row = {"id": IDS[i], "image": f"images/{NAMES[i]}"}
        row |= {"captions": [f"{language} {i} {n}" for n in range(count)], "split": OWN[i]}
        rows.append(row | ({"multi30k": MULTI30K[i]} if MULTI30K[i] else {}))
    put(path, *(json.dumps(row) for row in rows))


def tables(folder: Path) -> Path:
    """A table for each language."""
    put_table(folder / "captions.jsonl", "en", 2)
    for code, count in (("zh", 2), ("ar", 1)):
        put_table(folder / f"captions.{code}.jsonl", code, count)
    put_table(folder / "captions.de.jsonl", "de", 2, range(5))
    for code in ("de", "fr", "cs"):
        put_table(folder / f"captions.{code}.translated.jsonl", f"{code}-t", 1, range(5))
    put_table(folder / "captions.xflickr.es.jsonl", "es", 1, range(1))
    put_photographs(folder / "images")
    return folder


def published(folder: Path) -> Path:
    """The archives of Flickr8k, Flickr8k-CN, Arabic Flickr8k, Multi30k and xFlickr&CO in one folder."""
    texts = folder / "Flickr8k_text"
    rows = [f"{name}#{n}\ten {i} {n}" for i, name in enumerate(NAMES) for n in range(2)]
    never = "2258277193_586949ec62.jpg.1#0\tNo picture has this name ."
    put(texts / "Flickr8k.token.txt", *rows, never)
    for split, name in LISTS.items():
        put(texts / name, *(n for n, own in zip(NAMES, OWN, strict=True) if own == split))
    arabic = [f"{name}#0\tar {i} 0" for i, name in enumerate(NAMES)]
    put(texts / "Flickr8k.arabic.full.txt", *arabic)
    chinese = [f"{name}#zhc#{n} zh {i} {n}" for i, name in enumerate(NAMES) for n in range(2)]
    put(folder / "flickr8kcn/data/flickr8kzhc.caption.txt", *chinese)
    _put_multi30k(folder / "multi30k/data")
    line = {"sentences": ["es 0 0"], "id": IDS[0], "img_path": f"{IDS[0]}.jpg"}
    put(folder / "xFlickrCO/annotations/es/test.jsonl", json.dumps(line))
    put_photographs(folder / "Flicker8k_Dataset")
    return folder


def _put_multi30k(base: Path) -> None:
    """Each list begins with a photograph that Flickr8k does not have."""
    lists = {"train": "train", "val": "val", "test_2016_flickr": "test_2016"}
    for number, (first, second) in enumerate(lists.items(), start=997):
        items = [i for i, name in enumerate(MULTI30K) if name == first]
        names = [f"{number}.jpg", *(f"{IDS[i]}.jpg" for i in items)]
        put(base / f"task1/image_splits/{first}.txt", *names)
        put(base / f"task2/image_splits/{second}_images.txt", *names)
        for code in ("en", "de", "fr", "cs"):
            lines = ["other", *(f"{code}-t {i} 0" for i in items)]
            put(base / f"task1/raw/{first}.{code}.gz", *lines)
        for n in range(1, 6):
            lines = ["other", *(f"de {i} {n - 1}" for i in items)]
            put(base / f"task2/raw/{second}.{n}.de.gz", *lines)
