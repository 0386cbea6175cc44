"""The files that hold captions of Flickr8k's photographs, in the forms in which they are published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import captions_of, name_of
from crosslift.sources.captioned_targets.line_files import load_lines
from crosslift.sources.captioned_targets.published_captions import find_file
from crosslift.sources.flickr8k.splits import FLICKR8K_FOLDERS, multi30k_places
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import lines_of, short

CaptionsByFile = dict[str, tuple[str, ...]]
"""Name of a photograph's file -> its captions, in the order of the file."""

NUMBERED_LINE = re.compile(
    r"(?P<name>[^\t#]+)#(?:[a-z]+#)?(?P<number>[0-9]{1,9})\s+(?P<caption>.*)"
)
"""``NAME.jpg#0<TAB>caption`` (English, Arabic) and ``NAME.jpg#zhc#0 caption`` (Flickr8k-CN)."""

NEVER_PUBLISHED = "2258277193_586949ec62.jpg.1"
"""A name in ``Flickr8k.token.txt`` that no picture has."""


@dataclass(frozen=True, slots=True)
class CaptionFiles:
    """Files that hold captions in one language.

    Args:
        language: BCP-47 code.
        origin: written by people who saw the photograph, or translated from English captions (for
            Arabic Flickr8k, judging by its captions).
        publisher: publisher of the captions.
        whole: False if they cover only a small part of the photographs.
        paths: the files.
        read: from the files to the captions.
    """

    language: str
    origin: Literal["written", "translated"]
    publisher: str
    whole: bool
    paths: tuple[Path, ...]
    read: Callable[[Sequence[Path]], CaptionsByFile]

    def load(self) -> CaptionsByFile:
        """The captions.

        Raises:
            DataError: a file is of another form, or empty.
        """
        captions = self.read(self.paths)
        if not captions:
            raise DataError(f"{self.paths[0]} is empty", "captions of photographs")
        return captions


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way captions are published; a set of files exists if all its names exist."""

    languages: tuple[str, ...]
    origin: Literal["written", "translated"]
    publisher: str
    places: tuple[str, ...]
    names: tuple[str, ...]
    read: Callable[[Sequence[Path]], CaptionsByFile]
    whole: bool = True

    def find(self, folder: Path, language: str) -> CaptionFiles | None:
        if language not in self.languages:
            return None
        paths = [find_file(folder, self.places, name.format(language)) for name in self.names]
        existing = tuple(path for path in paths if path is not None)
        if len(existing) < len(paths):
            return None
        return CaptionFiles(language, self.origin, self.publisher, self.whole, existing, self.read)


def caption_files(folder: Path, language: str) -> CaptionFiles | None:
    """The files of a language, of the first kind that exists; None: no kind exists.

    Captions that people wrote in the language come before translated ones, and those of all
    photographs before those of a part.

    Args:
        folder: folder of the data.
        language: BCP-47 code.

    Raises:
        DataError: no such folder.
    """
    matches = (kind.find(folder, language) for kind in _KINDS)
    return next((files for files in matches if files is not None), None)


def read_json_lines(paths: Sequence[Path]) -> CaptionsByFile:
    """A photograph a line: ``image`` (its file) and ``captions``."""
    captions_by_file: CaptionsByFile = {}
    for row in json_lines(paths[0]):
        name = name_of(row, "image")
        if name in captions_by_file:
            raise row.fault(f"{name!r} is in a row above too", "each photograph once")
        captions_by_file[name] = captions_of(row, "`captions`", row.value("captions"))
    return captions_by_file


def _read_numbered(paths: Sequence[Path]) -> CaptionsByFile:
    captions_by_file: CaptionsByFile = {}
    for number, line in lines_of(paths[0]):
        if not line.strip():
            continue
        match = NUMBERED_LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"{paths[0]}, row {number}: {short(line)}",
                "NAME#N or NAME#zhc#N, a tab or a space, the caption",
                "get the published file again",
            )
        name, caption = match["name"].strip(), match["caption"].strip()
        if caption and name != NEVER_PUBLISHED:
            captions_by_file[name] = (*captions_by_file.get(name, ()), caption)
    return captions_by_file


def _read_xflickr(paths: Sequence[Path]) -> CaptionsByFile:
    rows = json_lines(paths[0])
    return {
        name_of(row, "img_path"): captions_of(row, "`sentences`", row.value("sentences"))
        for row in rows
    }


def _read_multi30k(paths: Sequence[Path]) -> CaptionsByFile:
    """Reads lists of pictures, each followed by its files of captions, line by line."""
    captions_by_file: CaptionsByFile = {}
    step = len(paths) // 3
    for names, *captions in (paths[i : i + step] for i in range(0, len(paths), step)):
        for path in captions:
            published = load_lines(names, {"": path})
            for item, texts in published.texts[""].items():
                name = published.files[item][0]
                captions_by_file[name] = (*captions_by_file.get(name, ()), *texts)
    return captions_by_file


def _multi30k_names(lists: Sequence[str], raw: Sequence[str]) -> Iterator[str]:
    for name, stems in zip(lists, raw, strict=True):
        yield name
        yield from (f"{stem}.{{0}}" for stem in stems.split())


_CN = ("", "data", "flickr8kcn", "flickr8kcn/data", "flickr8k-cn")
_XFLICKR = ("", "annotations", "xFlickrCO/annotations", "datasets/xFlickrCO/annotations")
_SPLITS = ("train", "val", "test_2016")
_TASK1 = tuple(
    _multi30k_names(
        ("train.txt", "val.txt", "test_2016_flickr.txt"), ("train", "val", "test_2016_flickr")
    )
)
_TASK2 = tuple(
    _multi30k_names(
        tuple(f"{name}_images.txt" for name in _SPLITS),
        tuple(" ".join(f"{name}.{n}" for n in range(1, 6)) for name in _SPLITS),
    )
)
_KINDS = (
    _Kind(("en",), "written", "Flickr8k", ("",), ("captions.jsonl",), read_json_lines),
    _Kind(
        ("en",), "written", "Flickr8k", FLICKR8K_FOLDERS, ("Flickr8k.token.txt",), _read_numbered
    ),
    _Kind(("en",), "written", "Flickr8k", _CN, ("flickr8kenc.caption.txt",), _read_numbered),
    _Kind(("de",), "written", "Multi30k", ("",), ("captions.{}.jsonl",), read_json_lines),
    _Kind(
        ("de",),
        "written",
        "Multi30k",
        multi30k_places("task2/image_splits", "task2/raw", "image_splits", "raw"),
        _TASK2,
        _read_multi30k,
    ),
    _Kind(("zh",), "written", "Flickr8k-CN", ("",), ("captions.{}.jsonl",), read_json_lines),
    _Kind(("zh",), "written", "Flickr8k-CN", _CN, ("flickr8kzhc.caption.txt",), _read_numbered),
    _Kind(("ar",), "translated", "Arabic Flickr8k", ("",), ("captions.{}.jsonl",), read_json_lines),
    *(
        _Kind(("ar",), "translated", "Arabic Flickr8k", FLICKR8K_FOLDERS, (name,), _read_numbered)
        for name in ("Flickr8k.arabic.full.txt", "Flickr8k.arabic.full.tsv")
    ),
    _Kind(
        ("de", "fr", "cs"),
        "translated",
        "Multi30k",
        ("",),
        ("captions.{}.translated.jsonl",),
        read_json_lines,
    ),
    _Kind(
        ("de", "fr", "cs"),
        "translated",
        "Multi30k",
        multi30k_places("task1/image_splits", "task1/raw", "image_splits", "raw"),
        _TASK1,
        _read_multi30k,
    ),
    _Kind(
        ("de", "es", "id", "ja", "ru", "tr", "zh"),
        "written",
        "xFlickr&CO",
        ("",),
        ("captions.xflickr.{}.jsonl",),
        read_json_lines,
        whole=False,
    ),
    _Kind(
        ("de", "es", "id", "ja", "ru", "tr", "zh"),
        "written",
        "xFlickr&CO",
        _XFLICKR,
        ("{}/test.jsonl",),
        _read_xflickr,
        whole=False,
    ),
)
