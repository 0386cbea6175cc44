"""Dictionaries in the format of dictd, as FreeDict publishes them and Debian installs them.

An index file has a line for each headword: the headword, tab, the offset of its entry in the dictionary
file, tab, the entry's length, both in bytes and in base 64. The dictionary file may be
compressed by dictzip, which is gzip with a table that allows reading from the middle; gzip reads it
whole. (Format: the manual pages dictd(8), dictfmt(1) and dictzip(1).)
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.rows import short

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_MOST_DIGITS = 10
_ABOUT = ("00database", "00-database")
_HEADWORD = re.compile(r"(?P<word>[^/<\[({]*[^/<\[({\s])(?:\s+[/<\[({].*|/.*)?")
_NOTES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>")
_NUMBER = re.compile(r"\d+\.\s*")

NO_TRANSLATION = "notes and examples"
"""Why a line that is not a plain translation is skipped."""


def dictionary_files(index: Path) -> tuple[Path, Path]:
    """An index and the dictionary file that belongs to it.

    Raises:
        DataError: there is no dictionary file.
    """
    for end in (".dict.dz", ".dict"):
        dictionary = index.with_suffix(end)
        if dictionary.is_file():
            return index, dictionary
    name = index.with_suffix("").name
    raise DataError(f"{index} has no dictionary beside it", f"{name}.dict.dz or {name}.dict")


def read_freedict(index: Path) -> tuple[list[tuple[str, str]], Counter[str]]:
    """Headwords with translations, and reason -> number of skipped lines.

    An entry is its headword, or several separated by commas, followed by pronunciation and grammar,
    then translations: lines that may be numbered, separated by commas or semicolons, with notes in
    brackets.

    Args:
        index: NAME.index, with NAME.dict.dz or NAME.dict beside it.

    Raises:
        DataError: an invalid line or number in the index; an entry outside the dictionary.
    """
    _, dictionary = dictionary_files(index)
    content = _content(dictionary)
    pairs: list[tuple[str, str]] = []
    left_out: Counter[str] = Counter()
    for start, length, line in _entries(index):
        if start + length > len(content):
            raise DataError(
                f"{index}, line {line}: an entry at byte {start:,} of {length:,} bytes, but "
                f"{dictionary.name} has {len(content):,}",
                "an index and a dictionary of one edition",
            )
        entry = _text(content[start : start + length], dictionary)
        head, _, rest = entry.lstrip("\n").partition("\n")
        headword = _HEADWORD.fullmatch(head.strip())
        if headword is None:
            left_out["without a headword"] += 1
            continue
        words = [word.strip() for word in headword["word"].split(",")]
        for line_of_entry in rest.split("\n"):
            translations = _translations(line_of_entry)
            if translations is None:
                left_out[NO_TRANSLATION] += 1
            pairs.extend((word, each) for word in words for each in translations or ())
    return pairs, left_out


def _content(path: Path) -> bytes:
    data = _bytes_of(path)
    if path.suffix != ".dz":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be decompressed: {error}", "a file of dictzip") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8: {error}", "a dictionary in UTF-8") from error


def _entries(index: Path) -> Iterator[tuple[int, int, int]]:
    """Offset, length and line of each distinct entry; several headwords may share one."""
    places: set[tuple[int, int]] = set()
    text = _text(_bytes_of(index), index).removeprefix("\ufeff")
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        fields = line.removesuffix("\r").split("\t")
        if len(fields) not in (3, 4):  # a fourth field is the headword in its original spelling
            raise DataError(
                f"{index}, line {number}: {len(fields)} fields", "headword, tab, begin, tab, length"
            )
        place = (_number(fields[1], index, number), _number(fields[2], index, number))
        if not fields[0].startswith(_ABOUT) and place not in places:
            places.add(place)
            yield (*place, number)


def _number(digits: str, index: Path, line: int) -> int:
    if not 0 < len(digits) <= _MOST_DIGITS or not set(digits) <= _VALUE.keys():
        raise DataError(
            f"{index}, line {line}: the number {short(digits)}",
            f"1 to {_MOST_DIGITS} digits among {_DIGITS}, base 64",
        )
    value = 0
    for digit in digits:
        value = value * 64 + _VALUE[digit]
    return value


def _translations(line: str) -> list[str] | None:
    """The translations on a line of an entry; None: it is a note or an example."""
    bare = _NUMBER.sub("", _NOTES.sub(" ", line).strip(), count=1).strip()
    if '"' in bare or ":" in bare or any(bracket in bare for bracket in "()[]{}<>"):
        return None
    parts = (part.strip() for part in re.split("[,;]", bare))
    return [part for part in parts if part]
