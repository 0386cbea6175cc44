"""Where the bytes of a picture are: in a separate file, or inside a larger one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError, first_line

PICTURE_ENDINGS = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "svg")
"""Endings of the pictures that `crosslift.images.decode` reads, without the dot, in lower case."""


def has_picture_ending(name: str) -> bool:
    """Whether the name of a file has the ending of a picture."""
    return Path(name).suffix.lower().removeprefix(".") in PICTURE_ENDINGS


class Picture(Protocol):
    """The bytes of a picture. A ``Path`` is one.

    Pictures are compared and hashed by their location; ``str`` gives the name for messages. A picture
    that holds something large, the same for many, names it in an attribute ``shared``.
    """

    def read_bytes(self) -> bytes:
        """The bytes of the picture's published file.

        Raises:
            OSError: it cannot be read.
        """

    def __hash__(self) -> int: ...


@read_once()
def picture_sum(picture: Picture) -> str:
    """SHA-256 of a picture's bytes, computed once per run.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return hashlib.sha256(picture.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{picture}: {first_line(error)}", "a picture that can be read") from error


@dataclass(frozen=True, slots=True)
class FilePart:
    """A picture that lies inside a larger file, such as a tar shard, uncompressed.

    Args:
        path: path of the larger file.
        start: start of the picture's bytes.
        length: length of the picture's bytes.
        name: inside the larger file, for messages.
    """

    path: Path
    start: int
    length: int
    name: str

    def read_bytes(self) -> bytes:
        """The picture's bytes.

        Raises:
            OSError: the file cannot be read.
            DataError: the file ends before the picture does.
        """
        with self.path.open("rb") as file:
            file.seek(self.start)
            data = file.read(self.length)
        if len(data) < self.length:
            raise DataError(
                f"{self} is cut short: {len(data):,} of its {self.length:,} bytes exist",
                "a whole file",
            )
        return data

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"
