"""The files of Multi30k's test sets: github.com/multi30k/dataset, ``data/task1``.

``image_splits/SET.txt`` names a picture a line, ``raw/SET.LANG`` (or ``.gz``) holds its caption. The
lines of ``test_2017_mscoco.txt`` end in ``#`` and the number of COCO's caption.
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

MULTI30K_LANGUAGES = ("en", "de", "fr", "cs")

_RAW = ("", "raw", "task1/raw", "data/task1/raw")
_SPLITS = ("", "image_splits", "task1/image_splits", "data/task1/image_splits", "../image_splits")


def multi30k_files(test_set: str) -> PublishedFormat:
    """How a test set is published.

    Args:
        test_set: such as ``test_2016_flickr``.
    """

    def languages_in(folder: Path) -> tuple[str, ...]:
        found = (c for c in MULTI30K_LANGUAGES if find_file(folder, _RAW, f"{test_set}.{c}"))
        return tuple(found)

    def load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
        names = needed_file(folder, _SPLITS, f"{test_set}.txt")
        raw = {c: needed_file(folder, _RAW, f"{test_set}.{c}") for c in languages}
        return load_lines(names, raw)

    return PublishedFormat(
        languages_in, load, f"raw/{test_set}.en (and de, fr, cs) and image_splits/{test_set}.txt"
    )
