"""xFlickr&CO of IGLUE: 2,000 pictures, half of Flickr30k and half of COCO, in 8 languages.

IGLUE reports recall at 1 in both directions, by language. It equals our top-1 accuracy.

Files, of github.com/e-bug/iglue: ``datasets/xFlickrCO/annotations/LANG/test.jsonl``. A line is a
picture: ``sentences`` (a list of captions), ``id``, ``img_path`` (such as ``1007129816.jpg`` of
Flickr30k or ``COCO_val2014_000000551107.jpg``). Japanese captions of Flickr30k carry the numbers of
phrases, as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.json_rows import captions_of, name_of
from crosslift.sources.captioned_targets.published_captions import (
    FilePerLanguage,
    PublishedCaptions,
    PublishedFormat,
)
from crosslift.sources.formats.json_lines import json_lines
from crosslift.targets.captioned_sets import CaptionedSet

_CAPTIONS = FilePerLanguage(
    languages=("en", "de", "es", "id", "ja", "ru", "tr", "zh"),
    name="{language}/test.jsonl",
    folders=("", "annotations", "xFlickrCO/annotations", "datasets/xFlickrCO/annotations"),
)


def _load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """The captions of some languages, of the same pictures in each."""
    paths = _CAPTIONS.paths(folder, languages)
    files: dict[str, tuple[str, ...]] = {}
    texts = {code: _captions(path, files) for code, path in paths.items()}
    for code, captions in texts.items():
        if len(captions) < len(files):
            absent = next(item for item in files if item not in captions)
            raise DataError(
                f"{paths[code]} has captions of {len(captions):,} pictures, other languages of "
                f"{len(files):,}: {absent!r} is missing",
                "the same pictures in every language",
            )
    return PublishedCaptions(files, texts)


def _captions(path: Path, files: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """id -> captions; the pictures' files are added to ``files``."""
    captions: dict[str, tuple[str, ...]] = {}
    for row in json_lines(path):
        name = name_of(row, "img_path")
        item = Path(name).stem
        if item in captions:
            raise row.fault(f"{name!r} appears above too", "each picture once")
        captions[item] = captions_of(row, "`sentences`", row.value("sentences"))
        files[item] = (name,)
    if not captions:
        raise DataError(f"{path} is empty", "a picture a line")
    return captions


XFLICKR_CO = CaptionedSet(
    name="xflickr-co",
    title="xFlickr&CO",
    what="2,000 Flickr30k and COCO pictures with a caption in 8 languages",
    languages=_CAPTIONS.languages,
    files=PublishedFormat(
        _CAPTIONS.languages_in, _load, "en/test.jsonl (and de, es, ...) of xFlickrCO/annotations"
    ),
    metric="top1_accuracy",
    licence="captions: MIT (IGLUE's repository); pictures: Flickr terms, COCO terms of use",
    citation="Bugliarello et al. 2022, arXiv 2201.11732 (IGLUE)",
)
