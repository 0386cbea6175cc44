"""The files of IGLUE's WIT: github.com/e-bug/iglue, ``datasets/wit/annotations/test_LANG.jsonl``.

A line is a caption: ``wit_ix`` (the picture), ``image_idx``, ``image_url``,
``caption_reference_description``, ``language``, ``page_url``. One picture may stand in several lines,
with captions of other pages. The lines name no file: a picture is looked for as ``WIT_IX`` or
``IMAGE_IDX`` with any ending, and under the last part of its address.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import name_of
from crosslift.sources.captioned_targets.published import (
    PublishedCaptions,
    PublishedFormat,
    find_file,
    needed_file,
)
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row, short

WIT_LANGUAGES = ("en", "ar", "bg", "da", "el", "et", "id", "ja", "ko", "tr", "vi")

_FOLDERS = ("", "annotations", "wit/annotations", "datasets/wit/annotations")


def languages_in(folder: Path) -> tuple[str, ...]:
    """The languages of which a folder has captions.

    Raises:
        DataError: no such folder.
    """
    there = (c for c in WIT_LANGUAGES if find_file(folder, _FOLDERS, f"test_{c}.jsonl"))
    return tuple(there)


def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """Reads the captions of some languages; languages may have other pictures.

    Raises:
        DataError: a file is missing or of another form, a caption in another language, or a picture
            with two addresses.
    """
    paths = {code: needed_file(folder, _FOLDERS, f"test_{code}.jsonl") for code in languages}
    files: dict[str, tuple[str, ...]] = {}
    texts = {code: _captions(path, code, files) for code, path in paths.items()}
    return PublishedCaptions(files, texts, tuple(paths.values()))


def _captions(
    path: Path, language: str, files: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """id -> captions; the names of the pictures' files are added to ``files``."""
    found: dict[str, tuple[str, ...]] = {}
    for row in json_lines(path):
        if name_of(row, "language") != language:
            raise row.fault(f"a caption in {row.values['language']!r}", f"captions in {language}")
        item, names = name_of(row, "wit_ix"), _names(row)
        if files.setdefault(item, names) != names:
            raise row.fault(
                f"{item!r} is {names[-1]} here and {files[item][-1]} elsewhere",
                "one picture for each `wit_ix`",
            )
        caption = name_of(row, "caption_reference_description")
        found[item] = (*found.get(item, ()), caption)
    if not found:
        raise DataError(f"{path} is empty", "a caption a line")
    return found


def _names(row: Row) -> tuple[str, ...]:
    """What the file of a picture may be called."""
    address = name_of(row, "image_url")
    try:
        last = urlsplit(address).path.rpartition("/")[2]
    except ValueError as error:
        raise row.fault(f"'image_url' is {short(address)}", "a web address") from error
    return (name_of(row, "wit_ix"), name_of(row, "image_idx"), unquote(last), last)


WIT_FILES = PublishedFormat(
    languages_in, load, "test_en.jsonl (and ar, bg, ...) of wit/annotations"
)
