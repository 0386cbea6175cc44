"""From entries to records: numbered, of one split, with pictures, without empty captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.entry import CaptionEntry, split_from_name
from crosslift.sources.captions.language_check import in_their_language
from crosslift.sources.file_names import is_file
from crosslift.sources.picture import FilePart, Picture
from crosslift.sources.record import Record, SplitName

EMPTY = "empty caption"
NO_CAPTION = "no caption"
NO_PICTURE = "no picture"
MISSING_PICTURE = "missing picture"
EMPTY_PICTURE = "empty picture file"
REPEATED = "repeated caption of one picture"
OTHER_LANGUAGE = "caption in another language"
NO_SPLIT = "in no split"


@dataclass(frozen=True, slots=True)
class CaptionRecords:
    """Captioned pictures of one split.

    Args:
        records: one for each caption, in the order of the data. The id is ``PICTURE_ID#N`` with N
            from 0 (empty captions count), the text ``text`` the caption, the group the
            picture's id, or the value of a column of groups.
        skipped: reason -> number of skipped captions, or of pictures without one.
    """

    records: list[Record]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """How to treat faulty entries.

    Args:
        language: BCP-47 code of captions whose data do not name one.
        keeps_repeats: the same caption twice at one picture is kept.
        skip_broken: entries without a readable picture are counted and skipped; else they are errors.
        check_language: captions in another language are counted and skipped.
    """

    language: str = "en"
    keeps_repeats: bool = False
    skip_broken: bool = False
    check_language: bool = False


def assemble(entries: Iterable[CaptionEntry], split: SplitName, rules: Rules) -> CaptionRecords:
    """The records of a split.

    Args:
        entries: of all splits; if none names a split, all are training data.
        split: the requested one.
        rules: for faulty entries.

    Returns:
        The records; none if the data have no such split, unless it is "train".

    Raises:
        DataError: no record though the split has entries, or no training data; a picture is
            missing; two captions have one id; one picture is in two groups.
    """
    skipped: Counter[str] = Counter()
    numbered = list(_with_numbers(entries))
    split_entries = _entries_of_split(numbered, split, skipped)
    usable = list(_with_pictures(split_entries, rules, skipped))
    records = list(_records(usable, rules, skipped))
    if rules.check_language:
        in_language = in_their_language(records)
        _count(skipped, OTHER_LANGUAGE, len(records) - len(in_language))
        records = in_language
    if not records and (split_entries or split == "train"):
        raise _no_records_error(numbered, split, skipped)
    return CaptionRecords(records, dict(skipped))


def _with_numbers(entries: Iterable[CaptionEntry]) -> Iterator[CaptionEntry]:
    """Entries whose captions are numbered, over all splits, so that an id means one caption."""
    following: Counter[str] = Counter()
    for entry in entries:
        number = following[entry.picture_id] if entry.number is None else entry.number
        following[entry.picture_id] = number + len(entry.captions)
        yield replace(entry, number=number)


def _entries_of_split(
    entries: list[CaptionEntry], split: SplitName, skipped: Counter[str]
) -> list[CaptionEntry]:
    if not any(entry.split for entry in entries):
        return entries if split == "train" else []
    split_entries = []
    for entry in entries:
        entry_split = split_from_name(entry.split) if entry.split else None
        if entry_split is None:
            why = f"in the split {entry.split!r}" if entry.split else NO_SPLIT
            _count(skipped, why, len(entry.captions) or 1)
        elif entry_split == split:
            split_entries.append(entry)
    return split_entries


def _with_pictures(
    entries: list[CaptionEntry], rules: Rules, skipped: Counter[str]
) -> Iterator[CaptionEntry]:
    """The entries with a picture; each picture is checked once."""
    faults: dict[Picture, str] = {}
    for entry in entries:
        why = entry.left_out
        if not why:
            why = _fault(entry.picture, faults)
            if why and not rules.skip_broken:
                raise _broken_picture_error(entry, why, entries)
        if not why and not entry.captions:
            why = NO_CAPTION
        if why:
            _count(skipped, why, len(entry.captions) or 1)
        else:
            yield entry


def _fault(picture: Picture | None, faults: dict[Picture, str]) -> str:
    """Why the picture cannot be read; empty if it can."""
    if picture is None:
        return NO_PICTURE
    if picture not in faults:
        faults[picture] = _fault_of(picture)
    return faults[picture]


def _fault_of(picture: Picture) -> str:
    if isinstance(picture, FilePart):
        return "" if picture.length else EMPTY_PICTURE
    if not isinstance(picture, Path):
        return ""
    if not is_file(picture):
        return MISSING_PICTURE
    return "" if picture.stat().st_size else EMPTY_PICTURE


def _broken_picture_error(entry: CaptionEntry, why: str, entries: list[CaptionEntry]) -> DataError:
    """The error for the first faulty entry; it counts the missing pictures of all entries."""
    skip = "or leave such rows out and count them: skip_broken"
    if why == NO_PICTURE:
        return DataError(
            f"{entry.place}: no picture", "a picture for each caption", f"add it, {skip}"
        )
    remedy = f"get the file again, {skip}"
    if "http:/" in str(entry.picture) or "https:/" in str(entry.picture):
        remedy = f"pictures are not fetched from the web: put them into files first, {skip}"
    if why != MISSING_PICTURE:
        what = f"an empty file as the picture {entry.picture}"
        return DataError(f"{entry.place}: {what}", "the file of a picture", remedy)
    pictures = {entry.picture for entry in entries if isinstance(entry.picture, Path)}
    missing = sum(not is_file(picture) for picture in pictures)
    what = f"no picture {entry.picture}"
    if missing > 1:
        what += f", and {missing - 1:,} more of {len(pictures):,} are missing"
    return DataError(f"{entry.place}: {what}", "the file of a picture", remedy)


def _records(entries: list[CaptionEntry], rules: Rules, skipped: Counter[str]) -> Iterator[Record]:
    ids: set[str] = set()
    groups: dict[str, str] = {}
    repeats: set[tuple[str, str, str]] = set()
    for entry in entries:
        group = _group(entry, groups)
        language = entry.language or rules.language
        for number, caption in enumerate(entry.captions, start=entry.number or 0):
            text = caption.strip()
            name = f"{entry.picture_id}#{number}"
            if name in ids:
                raise DataError(
                    f"{entry.place}: the caption {name} appears twice", "a number for each caption"
                )
            ids.add(name)
            why = _left_out(entry, text, language, rules, repeats)
            if why:
                _count(skipped, why, 1)
            else:
                yield Record(name, {"text": text}, entry.picture, language, group)


def _left_out(
    entry: CaptionEntry, text: str, language: str, rules: Rules, repeats: set[tuple[str, str, str]]
) -> str:
    if not text:
        return EMPTY
    if rules.keeps_repeats:
        return ""
    key = (entry.picture_id, text, language)
    if key in repeats:
        return REPEATED
    repeats.add(key)
    return ""


def _group(entry: CaptionEntry, groups: dict[str, str]) -> str:
    group = entry.group or entry.picture_id
    first = groups.setdefault(entry.picture_id, group)
    if first != group:
        raise DataError(
            f"{entry.place}: the picture {entry.picture_id} is in the group {group!r} here, and in "
            f"{first!r} before",
            "one group for a picture: its captions are never negatives of one another",
        )
    return group


def _count(skipped: Counter[str], why: str, number: int) -> None:
    if number:
        skipped[why] += number


def _no_records_error(
    entries: list[CaptionEntry], split: SplitName, skipped: Mapping[str, int]
) -> DataError:
    counts = ", ".join(f"{number} {why}" for why, number in skipped.items())
    if not entries:
        return DataError("the data hold no captioned picture", "at least one")
    if counts:
        return DataError(
            f"no {split} caption is left ({counts})", "captions with a text and a picture"
        )
    splits = Counter(entry.split or NO_SPLIT for entry in entries)
    names = ", ".join(f"{number} of {name}" for name, number in splits.items())
    return DataError(
        f"no {split} caption; there are {names}",
        f"entries of a split whose name begins with {split}",
        "name the data of the split, or remove the names of the splits",
    )
