"""The files of XTD10: github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10.

``XTD10/test_image_names.txt`` names 1,000 pictures of COCO 2014; ``test_1kcaptions_LANG.txt`` holds a
caption a line, in ``XTD10`` (es it ko pl ru tr zh), ``MIC`` (de en fr; the multilingual image captions
of Rajendran et al. 2016, arXiv 1510.03519) and ``STAIR`` (``jp``; STAIR captions).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.sources.captioned_targets.line_files import load_lines
from crosslift.sources.captioned_targets.published import (
    PublishedCaptions,
    PublishedFormat,
    find_file,
    needed_file,
)

XTD10_LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "pl", "ru", "tr", "zh")
"""BCP-47 codes; the files call Japanese ``jp``."""

_FOLDERS = ("", "XTD10", "MIC", "STAIR")


def languages_in(folder: Path) -> tuple[str, ...]:
    """The languages of which a folder has captions.

    Raises:
        DataError: no such folder.
    """
    return tuple(c for c in XTD10_LANGUAGES if find_file(folder, _FOLDERS, _name(c)) is not None)


def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    """Reads the captions of some languages.

    Raises:
        DataError: a file is missing, or cannot be used.
    """
    names = needed_file(folder, _FOLDERS, "test_image_names.txt")
    return load_lines(names, {c: needed_file(folder, _FOLDERS, _name(c)) for c in languages})


def _name(language: str) -> str:
    return f"test_1kcaptions_{'jp' if language == 'ja' else language}.txt"


XTD10_FILES = PublishedFormat(
    languages_in, load, "test_image_names.txt and test_1kcaptions_en.txt (and es, it, jp, ...)"
)
