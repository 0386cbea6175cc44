"""Captions in parallel files: a line of one file belongs to the same line of all others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.published_captions import PublishedCaptions
from crosslift.sources.text_files import read_lines


def load_lines(names: Path, captions: Mapping[str, Path]) -> PublishedCaptions:
    """Reads a file of pictures' names and a file of captions for each language, line by line.

    Args:
        names: a file name a line; a number after ``#`` says which caption of the picture it was
            and is ignored. A picture in several lines has that many captions.
        captions: language -> file of one caption a line.

    Returns:
        The captions; a picture's id is its file name without the ending.

    Raises:
        DataError: an empty file or line, files of different lengths, bytes that are not UTF-8.
    """
    files = [line.strip().partition("#")[0] for line in _full_lines(names, "a file name")]
    ids = [Path(name).stem for name in files]
    texts = {language: _captions(path, ids, names) for language, path in captions.items()}
    file_names = {item: (name,) for item, name in zip(ids, files, strict=True)}
    return PublishedCaptions(file_names, texts)


def _captions(path: Path, ids: list[str], names: Path) -> dict[str, tuple[str, ...]]:
    lines = _full_lines(path, "a caption")
    if len(lines) != len(ids):
        raise DataError(
            f"{path} has {len(lines):,} lines, {names} {len(ids):,}",
            "a caption for each picture, line by line",
        )
    captions: dict[str, tuple[str, ...]] = {}
    for item, line in zip(ids, lines, strict=True):
        captions[item] = (*captions.get(item, ()), line.strip())
    return captions


def _full_lines(path: Path, what: str) -> list[str]:
    lines = read_lines(path)
    if not lines:
        raise DataError(f"{path} is empty", f"{what} a line")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise DataError(f"{path}, line {number}: nothing", f"{what}")
    return lines
