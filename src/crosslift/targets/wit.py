"""WIT of IGLUE: pictures of Wikipedia articles in 11 languages, each language with its own.

As in IGLUE, the candidates of a text are the pictures of its language, so their number differs between
languages. There is no target of the captions alone: in different languages, they are of different
articles, and they are no translations of one another.

Files, of github.com/e-bug/iglue: ``datasets/wit/annotations/test_LANG.jsonl``. Each line is a caption:
``wit_ix`` (the picture), ``image_idx``, ``image_url``, ``caption_reference_description``, ``language``,
``page_url``. A picture may be in several lines, with captions of several pages. The lines name no file.
A picture is searched for under the names ``WIT_IX`` and ``IMAGE_IDX`` with any ending, and under the
last part of its address.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import name_of
from crosslift.sources.captioned_targets.published_captions import (
    FilePerLanguage,
    PublishedCaptions,
    PublishedFormat,
)
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row, short
from crosslift.targets.captioned_sets import CaptionedSet

_CAPTIONS = FilePerLanguage(
    languages=("en", "ar", "bg", "da", "el", "et", "id", "ja", "ko", "tr", "vi"),
    name="test_{language}.jsonl",
    folders=("", "annotations", "wit/annotations", "datasets/wit/annotations"),
)


def _load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """The captions of some languages; languages may have other pictures."""
    paths = _CAPTIONS.paths(folder, languages)
    files: dict[str, tuple[str, ...]] = {}
    texts = {code: _captions(path, code, files) for code, path in paths.items()}
    return PublishedCaptions(files, texts)


def _captions(
    path: Path, language: str, files: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """id -> captions; the names of the pictures' files are added to ``files``."""
    captions: dict[str, tuple[str, ...]] = {}
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
        captions[item] = (*captions.get(item, ()), caption)
    if not captions:
        raise DataError(f"{path} is empty", "a caption a line")
    return captions


def _names(row: Row) -> tuple[str, ...]:
    """Possible names of a picture's file."""
    address = name_of(row, "image_url")
    try:
        last = urlsplit(address).path.rpartition("/")[2]
    except ValueError as error:
        raise row.fault(f"'image_url' is {short(address)}", "a web address") from error
    return (name_of(row, "wit_ix"), name_of(row, "image_idx"), unquote(last), last)


WIT = CaptionedSet(
    name="wit",
    title="WIT (IGLUE)",
    what="pictures of Wikipedia with their captions in 11 languages",
    languages=_CAPTIONS.languages,
    files=PublishedFormat(
        _CAPTIONS.languages_in, _load, "test_en.jsonl (and ar, bg, ...) of wit/annotations"
    ),
    metric="top1_accuracy",
    licence="captions: CC BY-SA 3.0; pictures: as Wikimedia Commons states for each",
    citation="Srinivasan et al. 2021, arXiv 2103.01913; Bugliarello et al. 2022, arXiv 2201.11732",
    pool="language",
    parallel=False,
)
