"""The files of xFlickr&CO: github.com/e-bug/iglue, ``datasets/xFlickrCO/annotations/LANG/test.jsonl``.

A line is a picture: ``sentences`` (a list of captions), ``id``, ``img_path`` (such as
``1007129816.jpg`` of Flickr30k or ``COCO_val2014_000000551107.jpg``). Japanese captions of Flickr30k
carry the numbers of phrases, as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import captions_of, name_of
from crosslift.sources.captioned_targets.published import (
    PublishedCaptions,
    PublishedFormat,
    find_file,
    needed_file,
)
from crosslift.sources.formats.json_lines import json_lines

XFLICKR_CO_LANGUAGES = ("en", "de", "es", "id", "ja", "ru", "tr", "zh")

_FOLDERS = ("", "annotations", "xFlickrCO/annotations", "datasets/xFlickrCO/annotations")


def languages_in(folder: Path) -> tuple[str, ...]:
    """The languages of which a folder has captions.

    Raises:
        DataError: no such folder.
    """
    there = (c for c in XFLICKR_CO_LANGUAGES if find_file(folder, _FOLDERS, f"{c}/test.jsonl"))
    return tuple(there)


def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """Reads the captions of some languages, of the same pictures in each.

    Raises:
        DataError: a file is missing or of another form, a picture stands twice, or languages have
            other pictures.
    """
    paths = {code: needed_file(folder, _FOLDERS, f"{code}/test.jsonl") for code in languages}
    files: dict[str, tuple[str, ...]] = {}
    texts = {code: _captions(path, files) for code, path in paths.items()}
    for code, named in texts.items():
        if len(named) < len(files):
            absent = next(item for item in files if item not in named)
            raise DataError(
                f"{paths[code]} has captions of {len(named):,} pictures, other languages of "
                f"{len(files):,}: {absent!r} is missing",
                "the same pictures in every language",
            )
    return PublishedCaptions(files, texts, tuple(paths.values()))


def _captions(path: Path, files: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """id -> captions; the pictures' files are added to ``files``."""
    found: dict[str, tuple[str, ...]] = {}
    for row in json_lines(path):
        name = name_of(row, "img_path")
        item = Path(name).stem
        if item in found:
            raise row.fault(f"{name!r} stands above too", "each picture once")
        found[item] = captions_of(row, "`sentences`", row.value("sentences"))
        files[item] = (name,)
    if not found:
        raise DataError(f"{path} is empty", "a picture a line")
    return found


XFLICKR_CO_FILES = PublishedFormat(
    languages_in, load, "en/test.jsonl (and de, es, ...) of xFlickrCO/annotations"
)
