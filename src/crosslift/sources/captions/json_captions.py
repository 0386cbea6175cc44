"""COCO's captions, and Karpathy's splits of COCO, Flickr30k and Flickr8k: one JSON object each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.sources.captions.entry import CaptionEntry, HumanCaptions, split_in_name
from crosslift.sources.captions.picture_folders import find_folder, needed_folder, no_folder_error
from crosslift.sources.file_names import inside
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.text_files import read_text

COCO_FOLDERS = ("train2017", "val2017", "train2014", "val2014", "images")
"""Names of the folders of COCO's pictures."""

KARPATHY_FOLDERS = (
    "images",
    "coco",
    "flickr30k-images",
    "flickr30k_images",
    "Flickr8k_Dataset",
    "Flicker8k_Dataset",
    "Images",
)
"""Names of the folders of the pictures of Karpathy's datasets (Flicker8k is spelt so)."""


@dataclass(frozen=True, slots=True)
class CocoCaptions(HumanCaptions):
    """``captions_train2017.json`` and the like (Chen et al. 2015, arXiv 1504.00325; cocodataset.org).

    Args:
        paths: paths of the files; the split is in the name of each.
    """

    paths: tuple[Path, ...]

    @property
    def format(self) -> str:
        """Its name."""
        return "coco"

    def files(self) -> list[Path]:
        """The JSON files."""
        return list(self.paths)

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each picture, in the order of ``images``, captions in that of ``annotations``.

        Raises:
            DataError: the file is faulty, no folder holds its pictures, or it names one outside.
        """
        del columns
        for path in self.paths:
            yield from _coco_entries(path)


def _coco_entries(path: Path) -> Iterator[CaptionEntry]:
    whole = _object(path)
    images = {str(row.value("id")): row for row in _rows(whole, "images", "image")}
    captions: dict[str, list[str]] = {name: [] for name in images}
    for row in _rows(whole, "annotations", "annotation"):
        name = str(row.value("image_id"))
        if name not in captions:
            raise row.fault(f"image_id {name} is not an id of the images", "the id of an image")
        captions[name].append(_caption(row, "caption"))
    if len(images) < len(whole.value("images")):
        raise whole.fault("two images have one id", "an id for each image")
    names = [row.text("file_name") for row in images.values()]
    if not names:
        raise whole.fault("no image", "at least one")
    folder = needed_folder(path, names, COCO_FOLDERS)
    split = split_in_name(path, path.parent)
    for (name, row), file in zip(images.items(), names, strict=True):
        picture = inside(folder, folder / file, row.place)
        yield CaptionEntry(name, picture, tuple(captions[name]), row.place, split=split)


@dataclass(frozen=True, slots=True)
class KarpathySplits(HumanCaptions):
    """``dataset_coco.json``, ``dataset_flickr30k.json`` or ``dataset_flickr8k.json``.

    Of Karpathy and Fei-Fei (2015), Deep Visual-Semantic Alignments for Generating Image
    Descriptions, arXiv 1412.2306. The split ``restval`` (of COCO's val2014) is training data.

    Args:
        path: path of the file.
    """

    path: Path

    @property
    def format(self) -> str:
        """Its name."""
        return "karpathy"

    def files(self) -> list[Path]:
        """The JSON file."""
        return [self.path]

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each picture, in the order of the file.

        The picture's id is COCO's number, else the name of its file.

        Raises:
            DataError: the file is faulty, no folder holds its pictures, or it names one outside.
        """
        del columns
        rows = list(_rows(_object(self.path), "images", "image"))
        if not rows:
            raise DataError(f"{self.path}: no image", "at least one")
        for row, picture in zip(rows, self._pictures(rows), strict=True):
            yield CaptionEntry(
                str(row.values.get("cocoid", row.value("filename"))),
                picture,
                tuple(
                    _caption(sentence, "raw") for sentence in _rows(row, "sentences", "sentence")
                ),
                row.place,
                split=_caption(row, "split"),
            )

    def _pictures(self, rows: list[Row]) -> list[Path]:
        """Where the pictures are: in the folders of the archives, or all in one."""
        files = [row.text("filename") for row in rows]
        with_folder = [
            f"{row.text('filepath')}/{file}" if "filepath" in row.values else file
            for row, file in zip(rows, files, strict=True)
        ]
        for names in (with_folder, files):
            folder = find_folder(names, self.path.parent, KARPATHY_FOLDERS)
            if folder is not None:
                rows_and_names = zip(rows, names, strict=True)
                return [inside(folder, folder / name, row.place) for row, name in rows_and_names]
        raise no_folder_error(self.path, with_folder, KARPATHY_FOLDERS)


def _object(path: Path) -> Row:
    return Row(parsed_object(read_text(path), str(path)), str(path), 1)


def _rows(parent: Row, key: str, singular: str) -> Iterator[Row]:
    values: Any = parent.value(key)
    if not isinstance(values, list):
        raise parent.fault(f"{key!r} holds {short(values)}", "a list of objects")
    for number, value in enumerate(values, start=1):
        place = f"{parent.place}, {singular} {number}"
        if not isinstance(value, dict):
            raise DataError(f"{place}: {short(value)}", "an object")
        yield Row(value, place, number)


def _caption(row: Row, key: str) -> str:
    value = row.value(key)
    if not isinstance(value, str):
        raise row.fault(f"{key!r} holds {short(value)}", "a text")
    return value
