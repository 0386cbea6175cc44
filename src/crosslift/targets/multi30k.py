"""Multi30k: Flickr30k pictures with an English caption and its translations, four test sets.

Files, of github.com/multi30k/dataset, ``data/task1``: ``image_splits/SET.txt`` names one picture per
line, ``raw/SET.LANG`` (or ``.gz``) holds its caption. The lines of ``test_2017_mscoco.txt`` end in
``#`` and the number of COCO's caption.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.sources.captioned_targets.line_files import load_lines
from crosslift.sources.captioned_targets.published_captions import (
    FilePerLanguage,
    PublishedCaptions,
    PublishedFormat,
    needed_file,
)
from crosslift.targets.captioned_sets import CaptionedSet

_RAW = ("", "raw", "task1/raw", "data/task1/raw")
_SPLITS = ("", "image_splits", "task1/image_splits", "data/task1/image_splits", "../image_splits")
_CZECH = ("en", "de", "fr", "cs")


def _files(test_set: str) -> PublishedFormat:
    captions = FilePerLanguage(_CZECH, f"{test_set}.{{language}}", _RAW)

    def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
        names = needed_file(folder, _SPLITS, f"{test_set}.txt")
        return load_lines(names, captions.paths(folder, languages))

    return PublishedFormat(
        captions.languages_in,
        load,
        f"raw/{test_set}.en (and de, fr, cs) and image_splits/{test_set}.txt",
    )


def _set(
    name: str, test_set: str, pictures: str, languages: tuple[str, ...], citation: str
) -> CaptionedSet:
    first = "Elliott, Frank, Sima'an and Specia 2016, arXiv 1605.00459"
    return CaptionedSet(
        name=name,
        title=test_set.replace("test_", "Multi30k ").replace("_", " "),
        what=f"{pictures} pictures with a caption in {', '.join(languages)}",
        languages=languages,
        files=_files(test_set),
        metric="recall_at_10",
        licence="captions: none stated in the repository; pictures: Flickr terms, COCO terms of use",
        citation=f"{first}; {citation}",
    )


_2017 = "Elliott et al. 2017, arXiv 1710.07177"
_2018 = "Barrault et al. 2018, Findings of the Third Shared Task on Multimodal Machine Translation"

MULTI30K = (
    _set("multi30k", "test_2016_flickr", "1,000 Flickr30k", _CZECH, "Barrault et al. 2018 (cs)"),
    _set("multi30k-2017", "test_2017_flickr", "1,000 Flickr", ("en", "de", "fr"), _2017),
    _set("multi30k-2017-coco", "test_2017_mscoco", "461 COCO", ("en", "de", "fr"), _2017),
    _set("multi30k-2018", "test_2018_flickr", "1,071 Flickr", _CZECH, _2018),
)
