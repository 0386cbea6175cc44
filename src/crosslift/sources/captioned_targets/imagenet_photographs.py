"""Photographs of ImageNet-1k with the index of their class, in the usual layouts.

A table ``captions.jsonl`` with the columns ``image`` (a path relative to the table) and
``class_index``; or a folder for each class, named by its WordNet id
(``val/n01440764/ILSVRC2012_val_00000293.JPEG``). The index of a folder comes from, in this order:
``imagenet_class_index.json`` (``{"0": ["n01440764", "tench"], ...}``), ``LOC_synset_mapping.txt``
(``n01440764 tench``, in the order of the indices), or the sorted names of the folders if there are
exactly 1,000, as in torchvision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.sources.captioned_targets.class_folders import in_turns
from crosslift.sources.captioned_targets.imagenet_names import CLASSES
from crosslift.sources.file_names import inside, is_file, is_folder
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.picture import has_picture_ending
from crosslift.sources.text_files import read_lines, read_text

_TABLE = "captions.jsonl"
_INDEX_FILE = "imagenet_class_index.json"
_MAPPING_FILE = "LOC_synset_mapping.txt"
_SYNSET = re.compile(r"n[0-9]{8}")
_LAYOUTS = f"{_TABLE} with `image` and `class_index`, or folders such as val/n01440764"


class Photographs(NamedTuple):
    """Photographs with classes.

    Args:
        pictures: id -> path; the id is the path below the folder. Classes take turns.
        classes: id -> index of the class as text, ``"0"`` to ``"999"``.
        order: where the indices of the classes come from.
    """

    pictures: Mapping[str, Path]
    classes: Mapping[str, str]
    order: str


def load_photographs(folder: Path) -> Photographs:
    """Finds the photographs of a folder and the classes they belong to.

    Raises:
        DataError: no photograph, a faulty row, a missing photograph, or class folders whose
            indices are unknown.
    """
    if not is_folder(folder):
        raise DataError(f"{folder} is not a folder", _LAYOUTS, "name it by `images`")
    table = folder / _TABLE
    if table.is_file():
        return _photographs(folder, _photographs_in_table(table), f"`class_index` of {_TABLE}")
    base = next((p for p in (folder, folder / "val") if any(_synsets(p))), None)
    if base is None:
        raise DataError(
            f"{folder} has no photographs of ImageNet", _LAYOUTS, "name their folder by `images`"
        )
    synsets = sorted(path.name for path in _synsets(base))
    index, order = _class_indices(folder, base, synsets)
    unknown = [name for name in synsets if name not in index]
    if unknown:
        raise DataError(f"{base / unknown[0]} is of no class of {order}", "classes of ImageNet-1k")
    by_class = {str(index[name]): _pictures_of(base / name) for name in synsets}
    return _photographs(folder, by_class, order)


def _photographs(folder: Path, by_class: Mapping[str, list[Path]], order: str) -> Photographs:
    class_of = {path: name for name, paths in by_class.items() for path in paths}
    pictures = {p.relative_to(folder).as_posix(): p for p in in_turns(by_class.values())}
    return Photographs(pictures, {i: class_of[p] for i, p in pictures.items()}, order)


def _photographs_in_table(table: Path) -> dict[str, list[Path]]:
    by_class: dict[str, list[Path]] = {}
    pictures: set[Path] = set()
    for row in json_lines(table):
        index = row.value("class_index")
        if type(index) is not int or not 0 <= index < CLASSES:
            raise row.fault(f"`class_index` is {index!r}", "a whole number from 0 to 999")
        path = table.parent / row.text("image")
        if not is_file(inside(table.parent, path, row.place)):
            raise row.fault(f"no picture {path}", "a path relative to the table")
        if path in pictures:
            raise row.fault(f"{path} is in a row above too", "each picture once")
        pictures.add(path)
        by_class.setdefault(str(index), []).append(path)
    if not by_class:
        raise DataError(f"{table} has no row", "one for each picture")
    return dict(sorted(by_class.items(), key=lambda item: int(item[0])))


def _synsets(base: Path) -> Iterator[Path]:
    """The folders whose name is a WordNet id."""
    if base.is_dir():
        yield from (p for p in base.iterdir() if _SYNSET.fullmatch(p.name) and p.is_dir())


def _pictures_of(folder: Path) -> list[Path]:
    pictures = sorted(path for path in folder.iterdir() if has_picture_ending(path.name))
    if not pictures:
        raise DataError(f"{folder} has no picture", "photographs of its class")
    return pictures


def _class_indices(folder: Path, base: Path, synsets: list[str]) -> tuple[dict[str, int], str]:
    """WordNet id -> index, and where the indices come from."""
    for place in dict.fromkeys((folder, base, folder.parent)):
        for name, read in ((_INDEX_FILE, _index_file), (_MAPPING_FILE, _mapping_file)):
            if (place / name).is_file():
                return read(place / name), name
    if len(synsets) == CLASSES:
        return {name: i for i, name in enumerate(synsets)}, "the sorted names of 1,000 folders"
    raise DataError(
        f"{base} has {len(synsets)} folders of classes and no file says which index each has",
        f"{_INDEX_FILE} or {_MAPPING_FILE} beside them, or all 1,000 folders",
    )


def _index_file(path: Path) -> dict[str, int]:
    try:
        rows = parse_json(read_text(path), str(path))
        index = {str(synset): int(number) for number, (synset, _) in rows.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(
            f"{path}: {error}", 'a JSON object such as {"0": ["n01440764", "tench"]}'
        ) from error
    return _complete_index(path, index)


def _mapping_file(path: Path) -> dict[str, int]:
    lines = [line for line in read_lines(path) if line.strip()]
    return _complete_index(path, {line.split()[0]: number for number, line in enumerate(lines)})


def _complete_index(path: Path, index: dict[str, int]) -> dict[str, int]:
    if sorted(index.values()) != list(range(CLASSES)):
        raise DataError(f"{path} names {len(index)} classes", "all 1,000, each index once")
    return index
