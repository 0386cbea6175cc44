"""Captions of Flickr8k's photographs as training data: one table per language, the target's split."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.entry import CaptionEntry, HumanCaptions
from crosslift.sources.captions.picture_folders import needed_folder
from crosslift.sources.file_names import is_file
from crosslift.sources.flickr8k.caption_files import read_json_lines
from crosslift.sources.flickr8k.splits import photograph_id, table_splits
from crosslift.sources.language_codes import language_code

_NAME = re.compile(r"captions(?:\.xflickr)?(?:\.(?P<language>[a-z]{2,3}))?(?:\.translated)?\.jsonl")
_FOLDERS = ("images", "Images", "Flickr8k_Dataset", "Flicker8k_Dataset")


@dataclass(frozen=True, slots=True)
class Flickr8kTable(HumanCaptions):
    """A photograph a line, with the columns ``image``, ``captions``, ``split`` and ``multi30k``.

    A photograph that Flickr8k or Multi30k tests on is in the split "test", whatever the other says, so
    that the captions of the target `flickr8k` are never trained on (see
    `crosslift.sources.flickr8k.splits`). No column can be bound: another split would undo that.

    Args:
        path: path of the table. Its name has the language: ``captions.jsonl`` is English,
            ``captions.de.jsonl`` German.
    """

    path: Path

    @property
    def format(self) -> str:
        """Its name."""
        return "flickr8k"

    def files(self) -> list[Path]:
        """The table."""
        return [self.path]

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each photograph; its id is its number on Flickr.

        Raises:
            DataError: a line of another form, no line, or no folder holds the photographs.
        """
        del columns
        captions_by_file = read_json_lines((self.path,))
        if not captions_by_file:
            raise DataError(f"{self.path}: no caption", "at least one")
        names = [Path(name).name for name in captions_by_file]
        folder = needed_folder(self.path, names, _FOLDERS)
        splits, language = table_splits(self.path), self._language()
        for name, captions in zip(names, captions_by_file.values(), strict=True):
            item = photograph_id(name)
            place = f"{self.path}, {name}"
            yield CaptionEntry(
                item, folder / name, captions, place, language, split=splits.get(item)
            )

    def _language(self) -> str:
        match = _NAME.fullmatch(self.path.name)
        code = match["language"] if match else None
        return language_code(code, f"the name of {self.path}") if code else "en"


def flickr8k_table(path: Path) -> Flickr8kTable | None:
    """The table in a file; None if its name or its columns differ."""
    if not is_file(path) or _NAME.fullmatch(path.name) is None:
        return None
    with path.open("rb") as file:  # the first row alone does not show all columns
        return Flickr8kTable(path) if any(b'"multi30k"' in line for line in file) else None
