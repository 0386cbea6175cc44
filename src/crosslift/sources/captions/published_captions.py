"""Reads captioned pictures in their published formats, detected by content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.captions.assemble import CaptionRecords, Rules, assemble
from crosslift.sources.captions.columns import check_roles
from crosslift.sources.captions.detect import source_of
from crosslift.sources.captions.entry import CaptionSource
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_names import is_file, refuse_undecodable
from crosslift.sources.language_codes import language_code
from crosslift.sources.picture import Picture
from crosslift.sources.record import SPLITS, SplitName

_NO_COLUMNS: Mapping[str, str] = {}


def read_captions(
    data: Path,
    split: SplitName,
    columns: Mapping[str, str] = _NO_COLUMNS,
    *,
    language: str = "en",
    skip_broken: bool = False,
    check_language: bool = False,
) -> CaptionRecords:
    """The captioned pictures of a split, a record for each caption.

    Args:
        data: a file, a folder, or a pattern of shards such as ``shard-{000000..000012}.tar``; see
            docs/pictures.md for the formats.
        split: data without splits are all "train".
        columns: role (``image``, ``text``, ``id``, ``language``, ``group``, ``split``) -> column of
            a table, if its name is not one of the usual ones.
        language: BCP-47 code of captions whose data do not name one.
        skip_broken: entries without a picture, and those whose picture file is missing or empty, are
            counted and skipped; else they raise an error.
        check_language: captions that py3langid confidently assigns to another language are counted and
            skipped.

    Returns:
        Records in the order of the data, and the counts of skipped captions. No record if the data
        have no dev or test split.

    Raises:
        DataError: no data, an unknown format, a faulty file or row (named in the message), no caption
            left in the split, no training data.
        UnknownNameError: an unknown split or role; a language that py3langid does not know.
    """
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    source = _source(data, columns)
    code = language_code(language, "the argument `language`")
    rules = Rules(code, source.keeps_repeats, skip_broken, check_language)
    return assemble(lambda: source.entries(columns), split, rules)


def checksum_of(data: Path, columns: Mapping[str, str] = _NO_COLUMNS) -> str:
    """SHA-256 of everything that the records of any split are made of, for the keys of steps.

    That is the format, every entry, the bytes of every picture, and which pictures are missing. The
    names of the files count only where an id or a split comes from them. A run reads each picture
    once.

    Args:
        data: as `read_captions` takes it.
        columns: as `read_captions` takes them.

    Raises:
        DataError: as `read_captions`, but missing pictures do not raise.
    """
    source = _source(data, columns)
    digest = hashlib.sha256(repr((source.format, sorted(columns.items()))).encode())
    numbers: dict[Picture | None, int] = {}
    for entry in source.entries(columns):
        number = numbers.setdefault(entry.picture, len(numbers))
        digest.update(repr((number, replace(entry, picture=None, place=""))).encode())
    files = {str(n): path for path, n in numbers.items() if isinstance(path, Path)}
    existing = {name: path for name, path in files.items() if is_file(path)}
    digest.update(checksum_by_meaning(existing).encode())
    if any(picture is not None and not isinstance(picture, Path) for picture in numbers):
        numbered = {str(number): path for number, path in enumerate(source.files())}
        digest.update(checksum_by_meaning(numbered).encode())
    return digest.hexdigest()


def format_of(data: Path) -> str:
    """The detected format of some data.

    Args:
        data: as `read_captions` takes it.

    Returns:
        "table", "imagefolder", "flickr8k", "coco", "karpathy", "flickr", "webdataset", "parquet" or
        "datasets".

    Raises:
        DataError: no data, an unknown format, or several in one folder.
    """
    return source_of(data).format


def _source(data: Path, columns: Mapping[str, str]) -> CaptionSource:
    check_roles(columns)
    source = source_of(data)
    if columns and not source.takes_columns:
        raise DataError(
            f"{data}: the format {source.format!r} has fixed columns, but "
            f"{', '.join(columns)} was bound",
            "no columns",
        )
    for path in source.files():
        refuse_undecodable(path)
    return source
