"""Small files of captioned pictures in the forms in which the formats are published."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from crosslift.sources.record import Record


def picture(shade: int = 0, kind: str = "PNG") -> bytes:
    """The bytes of a picture of 2 x 2 pixels."""
    data = io.BytesIO()
    Image.new("RGB", (2, 2), (shade, 10, 20)).save(data, kind)
    return data.getvalue()


def put(folder: Path, *names: str) -> Path:
    """Writes a picture, each of another shade, under each name."""
    for shade, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(shade))
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


def shard(path: Path, members: Sequence[tuple[str, bytes | str]]) -> Path:
    """A tar file of members, as `tar` and WebDataset's writer make it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def ids_and_texts(records: Iterable[Record]) -> list[tuple[str, str]]:
    return [(record.id, record.texts["text"]) for record in records]
