"""WebDataset shards: tar files in which a picture and its caption have one name, with two endings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.columns import TEXT_NAMES, bind, entry_of
from crosslift.sources.captions.entry import CaptionEntry, split_in_name
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.tar_members import CutShortError, Member, members_of
from crosslift.sources.picture import PICTURE_ENDINGS, FilePart
from crosslift.sources.text_files import decode_utf8, lines_of_text

TEXT = "txt"
"""Ending of the file of captions, and the column of a sample that they are in."""

NO_ENDING = "file of a shard without an ending"

_MEMBER = re.compile(r"(?P<key>(?:.*/)?[^./]+)\.(?P<ending>[^/]+)", re.DOTALL)
_JSON = "json"


@dataclass(slots=True)
class Sample:
    """The files of a shard that have one key.

    Args:
        key: name without ending, folders included.
        pictures: ending, such as "jpg" or "left.jpg" -> location of the picture.
        texts: ending, such as "txt", "de.txt" or "json" -> text.
        names: ending -> name of the file, of every file.
    """

    key: str
    pictures: dict[str, FilePart] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def has_plain_picture(self) -> bool:
        """Whether the name of a picture is just the key and the ending."""
        return any("." not in ending for ending in self.pictures)


@dataclass(frozen=True, slots=True)
class _Endings:
    """Which files of a sample are read, by their endings in small letters.

    Args:
        image: ending of pictures, if the user names it; empty: any of `PICTURE_ENDINGS`.
        texts: endings of files of captions, besides ``txt`` and ``json``.
    """

    image: str
    texts: frozenset[str]

    def is_picture(self, ending: str) -> bool:
        return ending == self.image or ending.rpartition(".")[2] in PICTURE_ENDINGS

    def is_captions(self, ending: str) -> bool:
        return ending.rpartition(".")[2] == TEXT or ending in self.texts

    def is_text(self, name: str) -> bool:
        match = _MEMBER.fullmatch(name)
        ending = match["ending"].lower() if match else ""
        if self.is_picture(ending):
            return False
        return self.is_captions(ending) or ending.rpartition(".")[2] == _JSON


@dataclass(frozen=True, slots=True)
class TarShards:
    """Shards, read in the given order; the pictures stay in them.

    The format is that of https://github.com/webdataset/webdataset: the key of a sample is the name
    of its files up to the first dot of the base name; its files lie next to one another. If that
    gives a sample no picture, but each of its files belongs to a picture by its name up to the last
    dot (``photo v2.0.jpg``, ``photo v2.0.txt``), each such picture is a sample.

    Args:
        paths: paths of the shards.
        base: folder that ids, and names of splits, are relative to.
    """

    paths: tuple[Path, ...]
    base: Path

    @property
    def format(self) -> str:
        """Its name."""
        return "webdataset"

    @property
    def takes_columns(self) -> bool:
        """Returns True: columns are keys of the JSON file, or endings of text file and picture."""
        return True

    @property
    def keeps_repeats(self) -> bool:
        """Returns False."""
        return False

    def files(self) -> list[Path]:
        """The shards."""
        return list(self.paths)

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each sample; each shard is read once.

        A text file holds a caption a line; of the JSON file, ``caption`` or ``text`` is read if
        there is no text file, or what ``columns`` names: a key of the JSON file, or an ending such
        as ``de.txt`` or ``cap``; for pictures too (``left.jpg``, ``img``).

        Raises:
            DataError: a shard is compressed, truncated or damaged (the message names the last whole
                sample), or a sample is faulty.
        """
        text_columns = (name.strip() for name in columns.get("text", "").split(","))
        endings = _Endings(
            _ending(columns.get("image", "")), frozenset(map(_ending, text_columns)) - {""}
        )
        for path in self.paths:
            split = split_in_name(path, self.base)
            shard = path.relative_to(self.base).with_suffix("").as_posix()
            for sample in _samples(path, endings):
                yield _entry(path, shard, sample, columns, endings, split)


def _ending(column: str) -> str:
    return column.lower().removeprefix(".")


def _samples(path: Path, endings: _Endings) -> Iterator[Sample | Member]:
    """Samples of a shard, and the files that belong to none."""
    for sample in _grouped(path, endings):
        if isinstance(sample, Member) or endings.image or sample.has_plain_picture:
            yield sample
        else:
            yield from _split_by_picture(sample)


def _split_by_picture(sample: Sample) -> Iterator[Sample]:
    """A sample for each picture whose name up to the last dot its other files share, if all do."""
    parts: dict[str, Sample] = {}
    for ending in sample.pictures:
        key = sample.names[ending].rpartition(".")[0]
        parts.setdefault(ending.rpartition(".")[0], Sample(key))
    if not all(ending.rpartition(".")[0] in parts for ending in sample.names):
        yield sample
        return
    for ending, name in sample.names.items():
        part, _, last = ending.rpartition(".")
        parts[part].names[last] = name
        if ending in sample.pictures:
            parts[part].pictures[last] = sample.pictures[ending]
        if ending in sample.texts:
            parts[part].texts[last] = sample.texts[ending]
    yield from parts.values()


def _grouped(path: Path, endings: _Endings) -> Iterator[Sample | Member]:
    """The files of a shard by key, and those without an ending, which have none."""
    keys: set[str] = set()
    sample, last = None, ""
    try:
        for member in members_of(path, endings.is_text):
            match = _MEMBER.fullmatch(member.name)
            if match is None:
                yield member
                continue
            if sample is None or sample.key != match["key"]:
                if sample is not None:
                    yield sample
                    last = sample.key
                sample = _new_sample(path, match["key"], keys)
            _add(path, sample, match["ending"].lower(), member, endings)
    except CutShortError as error:
        if sample is not None and not error.inside and sample.pictures and sample.texts:
            last = sample.key
        raise _cut_short_error(path, error, last) from error
    if sample is not None:
        yield sample


def _new_sample(path: Path, key: str, keys: set[str]) -> Sample:
    if key in keys:
        raise DataError(
            f"{path}: the files of the sample {key} do not lie next to one another",
            "the files of a sample one after the other",
            "pack it again in the order of names: tar --sort=name -cf SHARD.tar FOLDER",
        )
    keys.add(key)
    return Sample(key)


def _add(path: Path, sample: Sample, ending: str, member: Member, endings: _Endings) -> None:
    if ending in sample.names:
        raise DataError(f"{path}: {member.name} is in it twice", "each file once")
    sample.names[ending] = member.name
    if endings.is_picture(ending):
        sample.pictures[ending] = FilePart(path, member.start, member.size, member.name)
    elif member.text is not None:
        sample.texts[ending] = decode_utf8(member.text, Path(f"{path}:{member.name}"))


def _cut_short_error(path: Path, error: CutShortError, last: str) -> DataError:
    progress = f"the last whole sample is {last}" if last else "no sample is whole"
    return DataError(
        f"{path} is cut short: {error}; {progress}", "a whole shard", "get the shard again"
    )


def _entry(
    path: Path,
    shard: str,
    sample: Sample | Member,
    columns: Mapping[str, str],
    endings: _Endings,
    split: str | None,
) -> CaptionEntry:
    if isinstance(sample, Member):
        name = f"{shard}/{sample.name}"
        return CaptionEntry(name, None, (), str(path), split=split, left_out=NO_ENDING)
    name, place = f"{shard}/{sample.key}", f"{path}, sample {sample.key}"
    picture = _picture(sample, endings, place)
    if picture is None and (others := [e for e in sample.names if e not in sample.texts]):
        place += f" ({', '.join(sample.names[ending] for ending in others)})"
    values = _values(sample, endings, place)
    bindings = _bindings(columns, values)
    if "text" not in bindings and not any(column in values for column in TEXT_NAMES):
        return CaptionEntry(name, picture, (), place, split=split)
    entry = entry_of(Row(values, place, 1), bind(values, bindings, place), picture, name)
    return entry if entry.split else replace(entry, split=split)


def _values(sample: Sample, endings: _Endings, place: str) -> dict[str, object]:
    """The sample as a row of a table, without its picture."""
    values: dict[str, object] = {"image": None}
    if _JSON in sample.texts:
        values = parsed_object(sample.texts[_JSON], place) | values
    for ending, text in sample.texts.items():
        if endings.is_captions(ending):
            values[ending] = lines_of_text(text) or [""]
    return values


def _bindings(columns: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    by_text = {"text": TEXT} if TEXT in values else {}
    return {**by_text, **columns, "image": "image"}


def _picture(sample: Sample, endings: _Endings, place: str) -> FilePart | None:
    if endings.image:
        return sample.pictures.get(endings.image)
    plain = [ending for ending in sample.pictures if "." not in ending]
    if len(plain) > 1:
        raise DataError(
            f"{place}: several pictures, {', '.join(plain)}",
            "one picture in a sample",
            "name the ending of the one to read: columns {'image': 'jpg'}",
        )
    return sample.pictures[plain[0]] if plain else None
