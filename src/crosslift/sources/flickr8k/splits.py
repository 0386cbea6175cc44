"""One split of Flickr8k's photographs for the captions of every publisher.

Flickr8k has its lists of splits. 7,478 of its photographs are in Flickr30k too, and Multi30k splits
those in another way: its test photographs lie in all three splits of Flickr8k. A photograph that one
publisher tests on is a test photograph here, whatever the other says; of the rest, one that either
uses for model selection is a dev photograph. So no test photograph of either
is used for training.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.published_captions import find_file
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import lines_of
from crosslift.sources.record import SplitName

FLICKR8K_LISTS: Mapping[SplitName, str] = {
    "train": "Flickr_8k.trainImages.txt",
    "dev": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
"""Flickr8k's lists of photographs (Hodosh et al. 2013)."""

FLICKR8K_FOLDERS = ("", "Flickr8k_text", "Flickr_Data/Flickr_TextData")
"""Where Flickr8k's texts lie."""

MULTI30K_FOLDERS = ("", "multi30k", "multi30k/data", "data", "dataset/data")
"""Where Multi30k lies: github.com/multi30k/dataset, ``data``."""

_MULTI30K_LISTS: Mapping[SplitName, tuple[str, str]] = {
    "train": ("train.txt", "train_images.txt"),
    "dev": ("val.txt", "val_images.txt"),
    "test": ("test_2016_flickr.txt", "test_2016_images.txt"),
}
"""Multi30k's lists of pictures in ``task1/image_splits`` and ``task2/image_splits``."""

_SPLIT_OF: Mapping[str, SplitName] = {
    "train": "train",
    "dev": "dev",
    "val": "dev",
    "test": "test",
    "test_2016_flickr": "test",
}
"""What tables of captions call a split; other words, such as "none", mean no split."""

_STRICTEST: tuple[SplitName, ...] = ("test", "dev", "train")
_NUMBER = re.compile(r"\d+")


def photograph_id(name: str) -> str:
    """The number of a photograph on Flickr, which all publishers' file names begin with.

    Example: ``images/1007129816_e794419615.jpg`` and ``1007129816.jpg`` are both ``1007129816``. For a
    name that begins with no number, it is the name without its ending.
    """
    path = Path(name)
    number = _NUMBER.match(path.name)
    return number[0] if number else path.stem


def joint_split(splits: Iterable[SplitName | None]) -> SplitName | None:
    """The split of a photograph, from the splits of its publishers; None: they name none.

    Example: a photograph of Multi30k's test set that Flickr8k trains on is a test photograph.
    """
    named_splits = set(splits)
    return next((split for split in _STRICTEST if split in named_splits), None)


def listed_splits(folder: Path) -> dict[str, SplitName]:
    """Photograph -> its split, by the lists of Flickr8k and, if they exist, of Multi30k.

    Args:
        folder: folder of the data.

    Returns:
        Photographs in the order of the lists, those of Flickr8k first; empty if Flickr8k's lists
        do not exist.

    Raises:
        DataError: a photograph is in two lists of one publisher.
    """
    flickr8k, multi30k = (
        _splits_in_lists(_flickr8k_lists(folder)),
        _splits_in_lists(_multi30k_lists(folder)),
    )
    split_by_photograph: dict[str, SplitName] = {}
    for item in dict.fromkeys((*flickr8k, *multi30k)) if flickr8k else ():
        split = joint_split((flickr8k.get(item), multi30k.get(item)))
        if split is not None:
            split_by_photograph[item] = split
    return split_by_photograph


def table_splits(path: Path) -> dict[str, SplitName]:
    """Photograph -> its split, by the columns ``split`` and ``multi30k`` of a table of captions.

    Args:
        path: a photograph a line, as JSON objects; a photograph whose columns name no split is
            skipped.

    Raises:
        DataError: a line is no object, or has no column ``image``.
    """
    split_by_photograph: dict[str, SplitName] = {}
    for row in json_lines(path):
        split = joint_split(_SPLIT_OF.get(str(row.values.get(c))) for c in ("split", "multi30k"))
        if split is not None:
            split_by_photograph[photograph_id(row.text("image"))] = split
    return split_by_photograph


def list_files(folder: Path) -> list[Path]:
    """Every list that `listed_splits` reads."""
    flickr8k = _flickr8k_lists(folder)
    return [*flickr8k.values(), *(_multi30k_lists(folder) if flickr8k else {}).values()]


def _flickr8k_lists(folder: Path) -> dict[SplitName, Path]:
    paths = {
        split: find_file(folder, FLICKR8K_FOLDERS, name) for split, name in FLICKR8K_LISTS.items()
    }
    return {split: path for split, path in paths.items() if path is not None}


def _multi30k_lists(folder: Path) -> dict[SplitName, Path]:
    """The lists of its first task, else those of the second: they list the same pictures."""
    for task in (0, 1):
        places = multi30k_places(f"task{task + 1}/image_splits", "image_splits")
        paths = {s: find_file(folder, places, names[task]) for s, names in _MULTI30K_LISTS.items()}
        if all(paths.values()):
            return {split: path for split, path in paths.items() if path is not None}
    return {}


def multi30k_places(*subfolders: str) -> tuple[str, ...]:
    """Where files of Multi30k may lie, from folders of its ``data``."""
    return tuple(
        f"{base}/{name}" if base else name for name in subfolders for base in MULTI30K_FOLDERS
    )


def _splits_in_lists(lists: Mapping[SplitName, Path]) -> dict[str, SplitName]:
    split_by_photograph: dict[str, SplitName] = {}
    for split, path in lists.items():
        for number, line in lines_of(path):
            name = line.strip()
            if name and split_by_photograph.setdefault(photograph_id(name), split) != split:
                raise DataError(
                    f"{path}, row {number}: {name} is in the list of "
                    f"{split_by_photograph[photograph_id(name)]} too",
                    "each picture in one split",
                )
    return split_by_photograph
