"""Detects the format of captioned data from names and content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError, nearest
from crosslift.sources.captions.entry import CaptionSource, split_in_name
from crosslift.sources.captions.flickr8k_table import flickr8k_table
from crosslift.sources.captions.flickr_lists import (
    COMMA_HEADERS,
    PIPED_HEADER,
    TOKEN_LINE,
    FlickrList,
)
from crosslift.sources.captions.json_captions import CocoCaptions, KarpathySplits
from crosslift.sources.captions.parquet_files import ParquetFiles
from crosslift.sources.captions.saved_datasets import SavedDataset, is_saved_dataset
from crosslift.sources.captions.table_files import TableFiles
from crosslift.sources.captions.tar_shards import TarShards
from crosslift.sources.file_names import is_file, is_folder
from crosslift.sources.formats.json_kinds import JsonKind, json_kind
from crosslift.sources.formats.tar_members import is_tar, refuse_compressed
from crosslift.sources.table_types import table_stem

FORMATS = (
    "a table with columns of pictures and captions (.jsonl, .json, .csv, .tsv), COCO's "
    "captions_*.json, Karpathy's dataset_*.json, Flickr's list of captions, WebDataset shards "
    "(.tar), parquet files, a folder of save_to_disk, or a folder with one of these"
)
"""The supported formats, for error messages."""

_FLICKR_NAMES = ("results_20130124.token", "Flickr8k.token.txt", "results.csv", "captions.txt")
_KARPATHY_NAMES = ("dataset_coco.json", "dataset_flickr30k.json", "dataset_flickr8k.json")
_NAMED_TABLES = ("metadata.jsonl", "metadata.csv", "captions.jsonl")
_COMPRESSED_TAR = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_HEAD = 1 << 20
_LINE = 4096
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]{1,18})\.\.([0-9]{1,18})")
_MOST_BRACES = 8
_PUBLISHED = re.compile(r'"(?:images|annotations)"')


def source_of(data: Path) -> CaptionSource:
    """The captioned pictures at a place.

    Args:
        data: a file, a folder, or a pattern of shards such as ``shard-{000000..000012}.tar``.

    Raises:
        DataError: it does not exist, or has no known format or several (named in the message).
    """
    try:
        if is_folder(data):
            return _folder_source(data)
        if is_file(data):
            return _file_source(data)
    except OSError as error:
        raise DataError(f"{data} cannot be read: {error}", "readable files") from error
    if _BRACES.search(data.name):
        return _pattern_source(data)
    raise _missing_error(data)


def _missing_error(data: Path) -> DataError:
    names = [path.name for path in data.parent.iterdir()] if is_folder(data.parent) else []
    near = nearest(data.name, names)
    hint = f"did you mean {' or '.join(str(data.parent / name) for name in near)}?"
    return DataError(f"{data} does not exist", FORMATS, hint if near else None)


def _file_source(path: Path) -> CaptionSource:
    if path.name.endswith(_COMPRESSED_TAR):
        refuse_compressed(path)
    base = path.parent
    if path.suffix == ".tar" or is_tar(path):
        return TarShards((path,), base)
    if path.suffix == ".parquet" or _head(path, 4) == b"PAR1":
        return ParquetFiles((path,), base)
    source = flickr8k_table(path) or _flickr_list(path) or _json_object(path)
    if source is not None:
        return source
    if table_stem(path) is not None and ".txt" not in path.suffixes:
        return TableFiles({path: None}, base)
    raise DataError(f"{path} is of no known format", FORMATS)


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _flickr_list(path: Path) -> FlickrList | None:
    """The list that a file holds, detected by its first line; None if it holds none."""
    line = _head(path, _LINE).decode("utf-8", errors="replace").removeprefix("\ufeff")
    first = line.split("\n", 1)[0].rstrip("\r")
    if PIPED_HEADER.fullmatch(first):
        return FlickrList(path, "piped")
    if TOKEN_LINE.fullmatch(first):
        return FlickrList(path, "token")
    if path.suffix == ".txt" and first.replace(" ", "") in COMMA_HEADERS:
        return FlickrList(path, "comma")
    return None


def _json_object(path: Path) -> CaptionSource | None:
    """The captions in a JSON object, detected by its beginning; None for tables and other files."""
    if path.suffix != ".json":
        return None
    text = _head(path, _HEAD).decode("utf-8", errors="replace")
    if json_kind(text) != "object":
        return None
    if not _PUBLISHED.search(text) and path.stat().st_size <= _HEAD:
        parse_json(text.removeprefix("\ufeff"), str(path))
        raise DataError(
            f"{path} is a JSON object without `images`",
            "COCO's or Karpathy's captions, a list of objects, or an object a line",
            "write a table as a row an object (pandas: orient='records'); of a single row: .jsonl",
        )
    return KarpathySplits(path) if '"sentences"' in text else CocoCaptions((path,))


def _pattern_source(data: Path) -> CaptionSource:
    parts = _BRACES.split(data.name)
    if len(parts) > 2 * _MOST_BRACES + 1:
        raise DataError(f"{data}: {len(parts) // 2} braces", f"at most {_MOST_BRACES}")
    choices = [
        _choices(part, data.name) if index % 2 else _Choices([part])
        for index, part in enumerate(parts)
    ]
    paths = []
    for name in _names(choices):
        path = data.with_name(name)
        if not is_file(path):
            count = prod(len(choice.values) for choice in choices)
            raise DataError(
                f"{data}: {name} is missing, the first missing one of the pattern's {count:,} shards",
                "every shard of the pattern",
                "get the missing ones, or make the pattern smaller",
            )
        paths.append(path)
    return TarShards(tuple(paths), data.parent)


class _Choices(NamedTuple):
    """The alternatives at one place of a name: texts, or numbers padded with zeros to a width."""

    values: Sequence[str] | range
    width: int = 0


def _names(choices: Sequence[_Choices]) -> Iterator[str]:
    """Generates every name made of one choice at each place; there may be many."""
    if not choices:
        yield ""
        return
    for value in choices[0].values:
        yield from (str(value).zfill(choices[0].width) + rest for rest in _names(choices[1:]))


def _choices(inside: str, pattern: str) -> _Choices:
    """Expands the text between braces: a range of numbers, or a list separated by commas."""
    match = _RANGE.fullmatch(inside)
    if match is None:
        if ".." in inside or "," not in inside:
            raise DataError(f"{pattern}: {{{inside}}}", "{000..012}, or {a,b}")
        return _Choices(inside.split(","))
    first, last = int(match[1]), int(match[2])
    if first > last:
        raise DataError(f"{pattern}: {{{inside}}} ends before it begins", "{000..012}")
    return _Choices(range(first, last + 1), len(match[1]) if match[1].startswith("0") else 0)


def _folder_source(folder: Path) -> CaptionSource:
    for kinds in _BY_RANK:
        sources = [source for kind in kinds for source in kind(folder)]
        if len(sources) > 1:
            raise _ambiguous_error(folder, sources)
        if sources:
            return sources[0]
    names = sorted(path.name for path in folder.iterdir())[:8]
    raise DataError(f"{folder} holds no captions ({', '.join(names) or 'nothing'} ...)", FORMATS)


def _ambiguous_error(folder: Path, sources: Sequence[CaptionSource]) -> DataError:
    places = ", ".join(
        f"{source.format} ({source.files()[0].relative_to(folder)})" for source in sources
    )
    return DataError(
        f"{folder} holds captions in several places: {places}",
        "one of them",
        "give the file, not the folder",
    )


def _saved(folder: Path) -> Iterator[CaptionSource]:
    if is_saved_dataset(folder):
        yield SavedDataset(folder)


def _flickr(folder: Path) -> Iterator[CaptionSource]:
    for base in (folder, folder / "Flickr8k_text"):
        for path in (base / name for name in _FLICKR_NAMES):
            source = _flickr_list(path) if path.is_file() else None
            if source is not None:
                yield source


def _flickr8k(folder: Path) -> Iterator[CaptionSource]:
    """The English captions of a folder with a table for each language."""
    source = flickr8k_table(folder / "captions.jsonl")
    if source is not None:
        yield source


def _karpathy(folder: Path) -> Iterator[CaptionSource]:
    for path in (folder / name for name in _KARPATHY_NAMES):
        if path.is_file():
            yield KarpathySplits(path)


def _coco(folder: Path) -> Iterator[CaptionSource]:
    for base in (folder, folder / "annotations"):
        by_split: dict[str | None, list[Path]] = {}
        for path in sorted(base.glob("captions_*.json")):
            if _json_kind(path) == "object":
                by_split.setdefault(split_in_name(path, base), []).append(path)
        if by_split and all(len(paths) == 1 for paths in by_split.values()):
            yield CocoCaptions(tuple(path for paths in by_split.values() for path in paths))
        else:
            yield from (CocoCaptions((path,)) for paths in by_split.values() for path in paths)


def _shards(folder: Path) -> Iterator[CaptionSource]:
    for base in _places(folder):
        for path in sorted(base.iterdir()):
            if path.name.endswith(_COMPRESSED_TAR):
                refuse_compressed(path)
    paths = [path for base in _places(folder) for path in sorted(base.glob("*.tar"))]
    if paths:
        yield TarShards(tuple(paths), folder)


def _parquet(folder: Path) -> Iterator[CaptionSource]:
    paths = [path for base in _places(folder) for path in sorted(base.glob("*.parquet"))]
    if paths:
        yield ParquetFiles(tuple(paths), folder)


def _places(folder: Path) -> list[Path]:
    """A folder, its subfolder ``data``, and those with the name of a split."""
    inner = sorted(path for path in folder.iterdir() if path.is_dir())
    split_folders = [path for path in inner if path.name == "data" or split_in_name(path, folder)]
    return [folder, *split_folders]


def _named_tables(folder: Path) -> Iterator[CaptionSource]:
    """``metadata.jsonl`` of an image folder, in it or in a folder for each split."""
    tables_by_folder = {
        base: [base / name for name in _NAMED_TABLES if (base / name).is_file()]
        for base in _places(folder)
    }
    paths = [path for inside in tables_by_folder.values() for path in inside]
    one_per_split = not tables_by_folder[folder] and all(
        len(inside) <= 1 for inside in tables_by_folder.values()
    )
    for group in [paths] if one_per_split and paths else [[path] for path in paths]:
        kind = "imagefolder" if group[0].stem == "metadata" else "table"
        splits = {path: split_in_name(path, folder) if one_per_split else None for path in group}
        yield TableFiles(splits, folder, kind)


def _tables(folder: Path) -> Iterator[CaptionSource]:
    """The only table of a folder, or one for each split by its name."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and _is_table(path)]
    splits = [split_in_name(path, folder) for path in paths]
    if len(paths) > 1 and None not in splits and len(set(splits)) == len(splits):
        yield TableFiles(dict(zip(paths, splits, strict=True)), folder)
    else:
        yield from (TableFiles({path: None}, folder) for path in paths)


def _is_table(path: Path) -> bool:
    if table_stem(path) is None or {".txt", ".tar"} & set(path.suffixes):
        return False
    return path.suffix != ".json" or _json_kind(path) in ("list", "lines")


def _json_kind(path: Path) -> JsonKind:
    return json_kind(_head(path, _HEAD).decode("utf-8", errors="replace"))


_Kind = Callable[[Path], Iterator[CaptionSource]]
_BY_RANK: tuple[tuple[_Kind, ...], ...] = (
    (_saved,),
    # Their archives of pictures may be beside them as .tar.
    (_flickr8k, _flickr, _karpathy, _coco),
    (_shards,),  # img2dataset writes a parquet file without pictures beside each shard
    (_parquet, _named_tables),
    (_tables,),
)
"""Kinds to look for in a folder; the first rank with a match decides."""
