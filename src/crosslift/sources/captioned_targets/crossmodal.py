"""The files of Crossmodal-3600: google.github.io/crossmodal-3600, ``captions.jsonl`` and pictures.

A line is a picture: ``image/key``, ``image/locale``, and for each language an object whose ``caption``
is a list of captions (beside it tokenised ones, which are not read). Its picture is ``KEY.jpg`` of
``images.tgz``. As big_vision's and CLIP benchmark's readers have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import captions_of, name_of
from crosslift.sources.captioned_targets.published import (
    PublishedCaptions,
    PublishedFormat,
    needed_file,
)
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row

CROSSMODAL_LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr"),
    *("hu", "id", "it", "ja", "ko", "mi", "nl", "no", "pl", "pt", "qu", "ro", "ru", "sv", "sw"),
    *("te", "th", "tr", "uk", "vi", "zh"),
)
"""BCP-47 codes; the file calls Quechua ``quz``, which is Cusco Quechua."""

_IN_FILE = {"qu": "quz"}
_KEY = "image/key"


def languages_in(folder: Path) -> tuple[str, ...]:
    """The languages of which some picture has captions.

    Raises:
        DataError: no file, or one that cannot be used.
    """
    path = _path(folder)
    keys = {key for row in json_lines(path) for key in row.values}
    if not keys:
        raise DataError(f"{path} is empty", "a picture a line")
    return tuple(c for c in CROSSMODAL_LANGUAGES if _IN_FILE.get(c, c) in keys)


def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """Reads the captions of some languages, which every picture must have.

    Raises:
        DataError: no file, a picture that stands twice or has no captions in a language, a line of
            another form.
    """
    path = _path(folder)
    files: dict[str, tuple[str, ...]] = {}
    texts: dict[str, dict[str, tuple[str, ...]]] = {code: {} for code in languages}
    for row in json_lines(path):
        key = name_of(row, _KEY)
        if key in files:
            raise row.fault(f"{_KEY} {key!r} stands above too", "each picture once")
        files[key] = (f"{key}.jpg",)
        for code in languages:
            texts[code][key] = _captions(row, _IN_FILE.get(code, code))
    return PublishedCaptions(files, texts, (path,))


def _captions(row: Row, code: str) -> tuple[str, ...]:
    value = row.value(code)
    captions = value.get("caption") if isinstance(value, dict) else None
    return captions_of(row, f"`caption` of {code!r}", captions)


def _path(folder: Path) -> Path:
    return needed_file(folder, ("", "captions", "crossmodal-3600"), "captions.jsonl")


CROSSMODAL_FILES = PublishedFormat(languages_in, load, "captions.jsonl")
