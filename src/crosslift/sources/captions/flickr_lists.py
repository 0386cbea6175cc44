"""The lists of captions of Flickr30k and Flickr8k, as their authors and Kaggle publish them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.columns import bind, entry_of
from crosslift.sources.captions.entry import CaptionEntry, HumanCaptions
from crosslift.sources.captions.picture_folders import needed_folder
from crosslift.sources.file_names import inside
from crosslift.sources.flickr8k.caption_files import NEVER_PUBLISHED
from crosslift.sources.flickr8k.splits import (
    FLICKR8K_FOLDERS,
    list_files,
    listed_splits,
    photograph_id,
)
from crosslift.sources.formats.delimited import comma_separated
from crosslift.sources.formats.rows import Row, lines_of, short

FLICKR_FOLDERS = (
    "flickr30k-images",
    "flickr30k_images",
    "Flickr8k_Dataset",
    "Flicker8k_Dataset",
    "Images",
    "images",
)
"""Names of the folders of the pictures (Flicker8k is spelt so)."""

PIPED_HEADER = re.compile(r"image_name\s*\|\s*comment_number\s*\|\s*comment\s*")
"""The first line of Flickr30k's ``results.csv``."""

TOKEN_LINE = re.compile(r"(?P<name>[^\t#]+)#(?P<number>[0-9]{1,9})\t(?P<caption>.*)")
"""A line of ``results_20130124.token`` and ``Flickr8k.token.txt``."""

COMMA_HEADERS = ("image,caption", "image_name,comment_number,comment")
"""The first lines that ``captions.txt`` has on Kaggle."""

_PIPED_LINE = re.compile(r"(?P<name>[^|]+)\|\s*(?P<number>[0-9]{1,9})\s*\|(?P<caption>.*)")
_NUMBER = re.compile("[0-9]{1,9}")
_LACKS_A_BAR = "2199200615.jpg| 4   A dog runs across the grass ."  # the same in every copy
_BAR_SET = "2199200615.jpg| 4| A dog runs across the grass ."


@dataclass(frozen=True, slots=True)
class FlickrList(HumanCaptions):
    """A list of captions, a line each, beside the folder of the pictures.

    Flickr30k: Young et al. (2014), From image descriptions to visual denotations, TACL 2. Flickr8k:
    Hodosh et al. (2013), Framing Image Description as a Ranking Task, JAIR 47. The lists of
    Flickr8k's splits are read if they lie beside it, together with those of Multi30k: test photographs
    of either are not used for training (`crosslift.sources.flickr8k.splits`). Two known faults of the
    published files are tolerated: a missing bar in a line of ``results.csv`` is read as if it were
    present, and the captions in ``Flickr8k.token.txt`` of a picture that does not exist are counted and
    skipped.

    Args:
        path: path of the list.
        kind: "token" (``NAME#N<TAB>caption``), "piped" (``NAME| N| caption``) or "comma" (CSV).
    """

    path: Path
    kind: str

    @property
    def format(self) -> str:
        """Its name."""
        return "flickr"

    def files(self) -> list[Path]:
        """The list, and those of the splits if they exist."""
        return [self.path, *list_files(self._folder())]

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each line; the picture's id is the name of its file.

        Raises:
            DataError: a line of another form, a picture in two splits, no folder holds the
                pictures, or a line names one outside it.
        """
        del columns
        bare_entries = list(_comma_lines(self.path) if self.kind == "comma" else self._lines())
        names = [entry.picture_id for entry in bare_entries]
        if not names:
            raise DataError(f"{self.path}: no caption", "at least one")
        folder = needed_folder(self.path, names, FLICKR_FOLDERS)
        splits = listed_splits(self._folder())
        for entry in bare_entries:
            name = entry.picture_id
            yield CaptionEntry(
                name,
                inside(folder, folder / name, entry.place),
                entry.captions,
                entry.place,
                split=splits.get(photograph_id(name)),
                number=entry.number,
                left_out="picture that was never published" if name == NEVER_PUBLISHED else "",
            )

    def _lines(self) -> Iterator[CaptionEntry]:
        """Entries without pictures."""
        form = TOKEN_LINE if self.kind == "token" else _PIPED_LINE
        for number, line in lines_of(self.path):
            header = number == 1 and self.kind == "piped" and PIPED_HEADER.fullmatch(line)
            if header or not line.strip():
                continue
            match = form.fullmatch(_BAR_SET if line.strip() == _LACKS_A_BAR else line)
            place = f"{self.path}, row {number}"
            if match is None:
                shape = "NAME#N, a tab, the caption" if self.kind == "token" else "NAME| N| caption"
                raise DataError(f"{place}: {short(line)}", shape, "get the published file again")
            name = match["name"].strip()
            yield CaptionEntry(name, None, (match["caption"],), place, number=int(match["number"]))

    def _folder(self) -> Path:
        """The folder of the data, which may hold the lists of splits."""
        beside = self.path.parent
        return beside.parent if beside.name in FLICKR8K_FOLDERS else beside


def _comma_lines(path: Path) -> Iterator[CaptionEntry]:
    for row in comma_separated(path):
        image, text = ("image", "caption") if "caption" in row.values else ("image_name", "comment")
        binding = bind(row.values, {"image": image, "text": text}, row.place)
        entry = entry_of(row, binding, None, row.text(image))
        yield CaptionEntry(entry.picture_id, None, entry.captions, row.place, number=_number(row))


def _number(row: Row) -> int | None:
    if "comment_number" not in row.values:
        return None
    text = row.text("comment_number")
    if not _NUMBER.fullmatch(text):
        raise row.fault(f"'comment_number' holds {short(text)}", "a whole number")
    return int(text)
