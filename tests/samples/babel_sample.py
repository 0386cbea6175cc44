"""Small files in the formats of Babel-ImageNet and of ImageNet's photographs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image


def names_of(classes: int, word: str) -> list[list[Any]]:
    return [list(range(classes)), [f"{word} {i}" for i in range(classes)]]


def write_babel(folder: Path, languages: Mapping[str, Any] | None = None, count: int = 12) -> Path:
    """English names of 12 classes, Cantonese ones of 10, Chuvash of 4, and a photograph a class."""
    folder.mkdir(parents=True, exist_ok=True)
    named = languages or {
        **{"EN": names_of(12, "thing"), "ZH_YUE": names_of(10, "嘢")},
        "CV": names_of(4, "япала"),
    }
    text = json.dumps(named, ensure_ascii=False)
    (folder / "babel_imagenet-298.json").write_text(text, encoding="utf-8")
    rows = []
    for i in range(count):
        name = f"images/n{i:08}_thing.jpg"
        write_picture(folder / name, i)
        rows.append(json.dumps({"id": f"n{i:08}", "image": name, "class_index": i}))
    (folder / "captions.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def write_picture(path: Path, shade: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 6), (20 * shade % 256, 90, 255 - 15 * shade % 256)).save(path, "JPEG")
    return path
