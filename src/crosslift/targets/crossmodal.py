"""Crossmodal-3600: 3,600 pictures from regions where its 36 languages are spoken.

Each picture has about two captions in each language. They were written, not translated: captions of one
picture in two languages say different things, so text-text retrieval is harder than with translations.

Files, of google.github.io/crossmodal-3600: ``captions.jsonl`` and pictures. A line is a picture:
``image/key``, ``image/locale``, and for each language an object whose ``caption`` is a list of captions
(tokenised captions beside it are not read). Its picture is ``KEY.jpg`` of ``images.tgz``. The readers
of big_vision and CLIP benchmark expect the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import captions_of, name_of
from crosslift.sources.captioned_targets.published_captions import (
    PublishedCaptions,
    PublishedFormat,
    needed_file,
)
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row
from crosslift.targets.captioned_sets import CaptionedSet
from crosslift.targets.protocols import MTEB_PICTURES

_LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr"),
    *("hu", "id", "it", "ja", "ko", "mi", "nl", "no", "pl", "pt", "qu", "ro", "ru", "sv", "sw"),
    *("te", "th", "tr", "uk", "vi", "zh"),
)
_IN_FILE = {"qu": "quz"}
"""BCP-47 code -> code in the file: Quechua is Cusco Quechua there."""

_FILE = "captions.jsonl"
_KEY = "image/key"


def _languages_in(folder: Path) -> tuple[str, ...]:
    """The languages in which some picture has captions."""
    path = _path(folder)
    keys = {key for row in json_lines(path) for key in row.values}
    if not keys:
        raise DataError(f"{path} is empty", "a picture a line")
    return tuple(code for code in _LANGUAGES if _IN_FILE.get(code, code) in keys)


def _load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """The captions of some languages, which every picture must have."""
    path = _path(folder)
    files: dict[str, tuple[str, ...]] = {}
    texts: dict[str, dict[str, tuple[str, ...]]] = {code: {} for code in languages}
    for row in json_lines(path):
        key = name_of(row, _KEY)
        if key in files:
            raise row.fault(f"{_KEY} {key!r} appears above too", "each picture once")
        files[key] = (f"{key}.jpg",)
        for code in languages:
            texts[code][key] = _captions(row, _IN_FILE.get(code, code))
    return PublishedCaptions(files, texts)


def _captions(row: Row, code: str) -> tuple[str, ...]:
    value = row.value(code)
    captions = value.get("caption") if isinstance(value, dict) else None
    return captions_of(row, f"`caption` of {code!r}", captions)


def _path(folder: Path) -> Path:
    return needed_file(folder, ("", "captions", "crossmodal-3600"), _FILE)


CROSSMODAL = CaptionedSet(
    name="crossmodal-3600",
    title="Crossmodal-3600",
    what="3,600 pictures with captions in 36 languages",
    languages=_LANGUAGES,
    files=PublishedFormat(_languages_in, _load, _FILE),
    metric="top1_accuracy",
    paired=("ar", "de", "fr", "hi", "ja", "ru", "sw", "zh"),
    licence="captions: CC BY 4.0; pictures: CC BY 2.0 (Open Images)",
    citation="Thapliyal, Pont-Tuset, Chen and Soricut 2022, arXiv 2205.12522",
    others=MTEB_PICTURES,
)
