"""From entries to records: numbered, of one split, with pictures, without empty captions."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.entry import CaptionEntry, split_from_name
from crosslift.sources.captions.language_check import language_check
from crosslift.sources.file_names import is_file
from crosslift.sources.picture import FilePart, Picture
from crosslift.sources.record import Record, SplitName
from crosslift.sources.stored_records import hold_records

EMPTY = "empty caption"
NO_CAPTION = "no caption"
NO_PICTURE = "no picture"
MISSING_PICTURE = "missing picture"
EMPTY_PICTURE = "empty picture file"
REPEATED = "repeated caption of one picture"
OTHER_LANGUAGE = "caption in another language"
NO_SPLIT = "in no split"
_PICTURES_REMEMBERED = 4096
_FIRST_ENTRIES = 10_000
ReadEntries = Callable[[], Iterable[CaptionEntry]]
"""Yields the entries of some data, from the first on, each time that it is called."""


@dataclass(frozen=True, slots=True)
class CaptionRecords:
    """Captioned pictures of one split.

    Args:
        records: one for each caption, in the order of the data. The id is ``PICTURE_ID#N`` with N
            from 0 (empty captions count), the text ``text`` the caption, the group the
            picture's id, or the value of a column of groups.
        skipped: reason -> number of skipped captions, or of pictures without one.
    """

    records: Sequence[Record]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """How to treat faulty entries.

    Args:
        language: BCP-47 code of captions whose data do not name one.
        keeps_repeats: whether the same caption may occur twice for one picture.
        skip_broken: entries without a readable picture are counted and skipped; else they are errors.
        check_language: captions in another language are counted and skipped.
    """

    language: str = "en"
    keeps_repeats: bool = False
    skip_broken: bool = False
    check_language: bool = False


def assemble(read: ReadEntries, split: SplitName, rules: Rules) -> CaptionRecords:
    """The records of a split.

    Args:
        read: yields the entries of all splits, each time that it is called; if none names a split, all
            are training data.
        split: requested split.
        rules: rules for faulty entries.

    Returns:
        The records, in a file where they are too many for memory; none if the data have no such split,
        unless it is "train".

    Raises:
        DataError: no record though the split has entries, or no training data; a picture is
            missing; two captions have one id; one picture is in two groups.
    """
    has_splits, entries = _with_splits(read)
    survey = _Survey(has_splits)

    def records() -> Iterator[Record]:
        of_split = _entries_of_split(_with_numbers(entries), split, survey)
        usable = _with_pictures(of_split, lambda: _all_of_split(read, split), rules, survey.skipped)
        of_any_language = _records(usable, rules, survey.skipped)
        if not rules.check_language:
            return of_any_language
        return _in_their_language(of_any_language, survey.skipped)

    held = hold_records(records)
    if not held and (survey.of_split or split == "train"):
        raise _no_records_error(survey, split)
    return CaptionRecords(held, dict(survey.skipped))


@dataclass(slots=True)
class _Survey:
    """Counts of the entries of some data, made while they are read.

    Args:
        has_splits: whether an entry names a split.
        splits: name of a split, or `NO_SPLIT` -> entries.
        of_split: entries of the requested split.
        skipped: reason -> skipped captions.
    """

    has_splits: bool
    splits: Counter[str] = field(default_factory=Counter)
    of_split: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def _with_splits(read: ReadEntries) -> tuple[bool, Iterable[CaptionEntry]]:
    """Whether an entry names a split, and all entries; they are read twice only if many of the first
    name none."""
    entries, first = iter(read()), []
    for entry in entries:
        first.append(entry)
        if entry.split:
            return True, chain(first, entries)
        if len(first) == _FIRST_ENTRIES:
            return any(other.split for other in entries), read()
    return False, first


def _with_numbers(entries: Iterable[CaptionEntry]) -> Iterator[CaptionEntry]:
    """Entries whose captions are numbered, over all splits, so that an id means one caption."""
    following: Counter[str] = Counter()
    for entry in entries:
        number = following[entry.picture_id] if entry.number is None else entry.number
        following[entry.picture_id] = number + len(entry.captions)
        yield replace(entry, number=number)


def _entries_of_split(
    entries: Iterable[CaptionEntry], split: SplitName, survey: _Survey
) -> Iterator[CaptionEntry]:
    for entry in entries:
        survey.splits[entry.split or NO_SPLIT] += 1
        entry_split: SplitName | None = "train"
        if survey.has_splits:
            entry_split = split_from_name(entry.split) if entry.split else None
        if entry_split is None:
            why = f"in the split {entry.split!r}" if entry.split else NO_SPLIT
            _count(survey.skipped, why, len(entry.captions) or 1)
        elif entry_split == split:
            survey.of_split += 1
            yield entry


def _all_of_split(read: ReadEntries, split: SplitName) -> Iterator[CaptionEntry]:
    """The entries of a split, read once more."""
    has_splits, entries = _with_splits(read)
    return _entries_of_split(entries, split, _Survey(has_splits))


def _with_pictures(
    entries: Iterable[CaptionEntry],
    again: Callable[[], Iterable[CaptionEntry]],
    rules: Rules,
    skipped: Counter[str],
) -> Iterator[CaptionEntry]:
    """The entries with a picture; those of one picture that follow one another check it once."""
    fault_of = lru_cache(maxsize=_PICTURES_REMEMBERED)(_fault_of)
    for entry in entries:
        why = entry.left_out
        if not why:
            why = NO_PICTURE if entry.picture is None else fault_of(entry.picture)
            if why and not rules.skip_broken:
                raise _broken_picture_error(entry, why, again())
        if not why and not entry.captions:
            why = NO_CAPTION
        if why:
            _count(skipped, why, len(entry.captions) or 1)
        else:
            yield entry


def _in_their_language(records: Iterable[Record], skipped: Counter[str]) -> Iterator[Record]:
    is_in_its_language = language_check()
    for record in records:
        if is_in_its_language(record):
            yield record
        else:
            _count(skipped, OTHER_LANGUAGE, 1)


def _fault_of(picture: Picture) -> str:
    if isinstance(picture, FilePart):
        return "" if picture.length else EMPTY_PICTURE
    if not isinstance(picture, Path):
        return ""
    if not is_file(picture):
        return MISSING_PICTURE
    return "" if picture.stat().st_size else EMPTY_PICTURE


def _broken_picture_error(
    entry: CaptionEntry, why: str, entries: Iterable[CaptionEntry]
) -> DataError:
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


class _Once:
    """Remembers what it has seen, by digests of 16 bytes: millions of captions fit into memory."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def is_new(self, *parts: str) -> bool:
        """Whether some texts are seen for the first time."""
        content = json.dumps(parts).encode()
        digest = hashlib.blake2b(content, digest_size=16).digest()
        before = len(self._seen)
        self._seen.add(digest)
        return len(self._seen) > before


def _records(
    entries: Iterable[CaptionEntry], rules: Rules, skipped: Counter[str]
) -> Iterator[Record]:
    ids, captions = _Once(), _Once()
    groups: dict[str, str] = {}
    for entry in entries:
        group = _group(entry, groups)
        language = entry.language or rules.language
        for number, caption in enumerate(entry.captions, start=entry.number or 0):
            text = caption.strip()
            name = f"{entry.picture_id}#{number}"
            if not ids.is_new(name):
                raise DataError(
                    f"{entry.place}: the caption {name} appears twice", "a number for each caption"
                )
            why = _left_out(entry, text, language, rules, captions)
            if why:
                _count(skipped, why, 1)
            else:
                yield Record(name, {"text": text}, entry.picture, language, group)


def _left_out(entry: CaptionEntry, text: str, language: str, rules: Rules, captions: _Once) -> str:
    if not text:
        return EMPTY
    if rules.keeps_repeats:
        return ""
    return "" if captions.is_new(entry.picture_id, text, language) else REPEATED


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


def _no_records_error(survey: _Survey, split: SplitName) -> DataError:
    counts = ", ".join(f"{number} {why}" for why, number in survey.skipped.items())
    if not survey.splits:
        return DataError("the data hold no captioned picture", "at least one")
    if counts:
        return DataError(
            f"no {split} caption is left ({counts})", "captions with a text and a picture"
        )
    names = ", ".join(f"{number} of {name}" for name, number in survey.splits.items())
    return DataError(
        f"no {split} caption; there are {names}",
        f"entries of a split whose name begins with {split}",
        "name the data of the split, or remove the names of the splits",
    )
