"""A picture and its captions, as read from a format, before they become records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crosslift.sources.picture import Picture
from crosslift.sources.record import SplitName

_BEGINNINGS: tuple[tuple[str, SplitName], ...] = (
    ("train", "train"),
    ("restval", "train"),  # Karpathy's: of COCO's val2014, used for training
    ("val", "dev"),
    ("dev", "dev"),
    ("test", "test"),
)
_WORDS: Mapping[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "dev": "dev",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class CaptionEntry:
    """A picture with one caption or several.

    Args:
        picture_id: id of the picture, the same in all its entries.
        picture: its file or bytes; None: the data name none.
        captions: as published, including empty ones.
        place: its location, for errors ("FILE, row 3").
        language: BCP-47 code of the captions; None: the data name none.
        group: name of the group; None: the picture is a separate group.
        split: name of the split in the data ("train2017", "restval"); None or empty: the data name
            none.
        number: number of the first caption among those of its picture, from 0; None: it follows those
            of the entries before.
        left_out: why the entry cannot become a record, if the published data are known to have such
            entries; empty for a complete one.
    """

    picture_id: str
    picture: Picture | None
    captions: tuple[str, ...]
    place: str
    language: str | None = None
    group: str | None = None
    split: str | None = None
    number: int | None = None
    left_out: str = ""


class CaptionSource(Protocol):
    """Captioned pictures of one format at one place."""

    @property
    def format(self) -> str:
        """The short name of the format."""

    @property
    def takes_columns(self) -> bool:
        """Whether columns can be bound; False if the format fixes them."""

    @property
    def keeps_repeats(self) -> bool:
        """Whether the same caption may appear twice for one picture."""

    def files(self) -> list[Path]:
        """The files that hold the captions, those with pictures inside too."""

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """All entries of all splits, in the order of the data.

        Args:
            columns: role -> column, as `read_captions` takes it.

        Raises:
            DataError: the data are faulty; the message names file and row.
        """


def split_from_name(name: str) -> SplitName | None:
    """The split that data call by a name such as ``train2017``, ``restval``, ``val``, ``test``."""
    lowered = name.strip().lower()
    return next((split for start, split in _BEGINNINGS if lowered.startswith(start)), None)


def split_in_name(path: Path, base: Path) -> str | None:
    """The split that the name of a file, or of a folder above it, holds as a word.

    Args:
        path: such as ``BASE/data/validation-00000.parquet`` or ``BASE/val/00000.tar``; the word may
            be followed by a number (``captions_val2017.json``).
        base: names of folders count below it only.

    Returns:
        "train", "dev" or "test"; None if no name says so, or a name says several.
    """
    for name in reversed(path.relative_to(base).parts):
        words = re.findall("[a-z]+", name.lower())
        splits = {_WORDS[word] for word in words if word in _WORDS}
        if splits:
            return splits.pop() if len(splits) == 1 else None
    return None


class HumanCaptions:
    """A published format of captions that people wrote: its columns are fixed.

    Two people may write the same caption of a photograph, so repeats are kept.
    """

    __slots__ = ()

    @property
    def takes_columns(self) -> bool:
        """Returns False: no column can be bound."""
        return False

    @property
    def keeps_repeats(self) -> bool:
        """Returns True: a repeated caption is one of another person."""
        return True
