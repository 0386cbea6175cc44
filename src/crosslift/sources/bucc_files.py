"""The files of BUCC 2018: two monolingual sides, and the sentence pairs hidden in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError, encodable
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.text_files import read_lines

_SPLITS = {"dev": ("dev", "sample"), "training": ("training",), "test": ("test",)}
_NAME = re.compile(r"(?P<language>[a-z]{2,3})-en\.(?P<split>[a-z]+)\.(?P<side>[a-z]+)")
_LAYOUT = "XX-en.SPLIT.XX, .en and .gold; SPLIT is dev, sample, training or test"
_NUMBER = re.compile(r"(?P<side>[a-z]+)-(?P<number>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class BuccSplit:
    """One split of one language and English.

    Args:
        language: code of the src side, as in the names of the files.
        split: `dev`, `training` or `test`.
        src_ids: N ids, such as ``de-000000001``.
        src: N texts in ``language``.
        tgt_ids: M ids, such as ``en-000000001``.
        tgt: M texts in English.
        gold: (index in ``src``, index in ``tgt``) of each true pair, in the order of the file;
            None if there is no gold file.
    """

    language: str
    split: str
    src_ids: tuple[str, ...]
    src: tuple[str, ...]
    tgt_ids: tuple[str, ...]
    tgt: tuple[str, ...]
    gold: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class _Files:
    src: Path
    tgt: Path
    gold: Path | None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.src, self.tgt) if self.gold is None else (self.src, self.tgt, self.gold)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: id -> text in the order of the file ``path``."""

    path: Path
    texts: dict[str, str]

    @property
    def places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.texts)}


def load_bucc(folder: Path, language: str, split: str) -> BuccSplit:
    """Read one split: ``xx-en.SPLIT.xx``, ``.en`` and, if it exists, ``.gold``.

    The files lie in ``folder`` or in its sub-folder ``xx-en``, as BUCC's archives unpack. The
    sides hold ``id<TAB>text`` a line, the gold ``xx-id<TAB>en-id``, in UTF-8.

    Args:
        folder: where the files lie.
        language: the ``xx`` of the names.
        split: `dev`, `training` or `test`. BUCC calls its development split `sample`, others
            call it `dev`: both names mean the same, in file names and here.

    Returns:
        The split.

    Raises:
        DataError: the split is missing or exists twice, a file is empty or has a line of another
            form, an id appears twice or on the wrong side, the gold names an id that is not in the
            texts or a pair twice, or a file changed while it was read.
    """
    split = _canonical(split)
    files = _files(folder, language, split)
    with _unchanged(files.paths):
        src, tgt = _read_side(files.src, language, "en"), _read_side(files.tgt, "en", language)
        gold = None if files.gold is None else _read_gold(files.gold, src, tgt)
    return BuccSplit(
        language=language,
        split=split,
        src_ids=tuple(src.texts),
        src=tuple(src.texts.values()),
        tgt_ids=tuple(tgt.texts),
        tgt=tuple(tgt.texts.values()),
        gold=gold,
    )


def languages_in(folder: Path) -> tuple[str, ...]:
    """Codes of the languages of which a folder has at least one split, in order.

    Raises:
        DataError: no such folder.
    """
    return tuple(sorted({match["language"] for _, match in _sides(folder)}))


def splits_in(folder: Path, language: str) -> tuple[str, ...]:
    """Splits of a language in a folder, in the order `dev`, `training`, `test`.

    Raises:
        DataError: no such folder.
    """
    split_names = {m["split"] for _, m in _sides(folder) if m["language"] == language}
    return tuple(split for split, names in _SPLITS.items() if split_names.intersection(names))


def unread_in(folder: Path) -> dict[str, str]:
    """Files with names similar to BUCC's, relative to the folder -> why they are not read.

    Raises:
        DataError: no such folder.
    """
    stems = {path.with_suffix("") for path, _ in _sides(folder)}
    return {
        encodable(str(path.relative_to(folder))): f"not named as a file of BUCC: {_LAYOUT}"
        for path in _similar_files(folder)
        if path.with_suffix("") not in stems or path.suffix[1:] not in (*_codes(path), "gold")
    }


def _codes(path: Path) -> tuple[str, str]:
    """The codes of the sides of a file such as ``de-en.dev.de``."""
    return path.name.partition("-")[0], "en"


def _similar_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*-en.*"), *folder.glob("*-en/*-en.*")])


def _canonical(split: str) -> str:
    for name, names in _SPLITS.items():
        if split in names:
            return name
    raise DataError(f"unknown split {split!r} of BUCC", "dev (or sample), training or test")


def _sides(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    """The files of the sides, without gold, directly in ``folder`` or in its ``xx-en``."""
    entries_of(folder, "a folder of BUCC's files")
    known = {name for names in _SPLITS.values() for name in names}
    for path in _similar_files(folder):
        match = _NAME.fullmatch(path.name)
        if match is None or match["language"] == "en" or match["split"] not in known:
            continue
        in_its_folder = path.parent == folder or path.parent.name == f"{match['language']}-en"
        if in_its_folder and path.is_file() and match["side"] in (match["language"], "en"):
            yield path, match


def _files(folder: Path, language: str, split: str) -> _Files:
    names = _SPLITS[split]
    stems = {
        path.with_suffix("")
        for path, match in _sides(folder)
        if match["language"] == language and match["split"] in names
    }
    if not stems:
        available = [f"{code} {' '.join(splits_in(folder, code))}" for code in languages_in(folder)]
        raise DataError(
            f"{folder} holds no {split} split of {language!r}",
            f"files such as {language}-en.{names[-1]}.{language} and .en",
            f"it has: {', '.join(available)}" if available else None,
        )
    if len(stems) > 1:
        listed = " and ".join(str(stem.relative_to(folder)) for stem in sorted(stems))
        raise DataError(
            f"{folder} holds the {split} split of {language!r} twice: {listed}",
            "each split once",
            "move one of them away",
        )
    return _files_of_split(stems.pop(), language)


def _files_of_split(stem: Path, language: str) -> _Files:
    src, tgt, gold = (stem.with_name(f"{stem.name}.{end}") for end in (language, "en", "gold"))
    for path, other in ((src, tgt), (tgt, src)):
        if not path.is_file():
            raise DataError(f"{other} has no {path.name} beside it", "both sides of the split")
    return _Files(src, tgt, gold if gold.is_file() else None)


@contextmanager
def _unchanged(paths: Sequence[Path]) -> Iterator[None]:
    """Raises DataError if the size or time of a file changes in the meantime.

    It replaces any other error, because a half-written file may look faulty.
    """
    before = [_state(path) for path in paths]
    try:
        yield
    finally:
        for path, state in zip(paths, before, strict=True):
            if _state(path) != state:
                raise DataError(
                    f"{path} changed while it was read",
                    "files that do not change",
                    "run again when nothing writes to them",
                )


def _state(path: Path) -> tuple[int, int] | None:
    """Size in bytes and time of the last change in ns; None if the file is gone."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number from 1, the text before the first tab and the text after it."""
    lines = read_lines(path)
    if not lines:
        raise DataError(f"{path} is empty", "one id, a tab and a value a line")
    for number, line in enumerate(lines, start=1):
        first, tab, second = line.partition("\t")
        if not tab:
            raise DataError(f"{path}, line {number}: no tab in {line[:60]!r}", "two columns")
        if not first.strip() or not second.strip():
            raise DataError(f"{path}, line {number}: an empty column in {line[:60]!r}", "a value")
        yield number, first.strip(), second.strip()


def _read_side(path: Path, side: str, other: str) -> _Side:
    texts: dict[str, str] = {}
    for number, name, text in _rows(path):
        if name.startswith(f"{other}-"):
            raise DataError(
                f"{path}, line {number}: the id {name!r} belongs to the other side",
                f"ids that begin with {side}-",
                f"the files of {side} and {other} look swapped",
            )
        if not name.startswith(f"{side}-"):
            raise DataError(f"{path}, line {number}: id {name!r}", f"ids that begin with {side}-")
        if name in texts:
            first = list(texts).index(name) + 1
            raise DataError(
                f"{path}, line {number}: id {name!r} is also in line {first}", "each id once"
            )
        texts[name] = text
    return _Side(path, texts)


def _read_gold(path: Path, src: _Side, tgt: _Side) -> tuple[tuple[int, int], ...]:
    src_places, tgt_places = src.places, tgt.places
    lines: dict[tuple[int, int], int] = {}
    for number, one, two in _rows(path):
        if one in tgt_places and two in src_places:
            raise DataError(
                f"{path}, line {number}: {one!r} is of the second side and {two!r} of the first",
                f"an id of {src.path.name}, a tab and an id of {tgt.path.name}",
                "the columns are swapped",
            )
        for name, places, side in ((one, src_places, src), (two, tgt_places, tgt)):
            if name not in places:
                raise _unknown_id_error(path, number, name, side)
        pair = (src_places[one], tgt_places[two])
        if pair in lines:
            raise DataError(
                f"{path}, line {number}: the pair {one} {two} is also in line {lines[pair]}",
                "each pair once",
            )
        lines[pair] = number
    return tuple(lines)


def _unknown_id_error(path: Path, number: int, name: str, side: _Side) -> DataError:
    """The error for a gold id that is not in the text; it names the first and last id of the text."""
    names = list(side.texts)
    shifted = _distance(names[-1], name) == 1 or _distance(name, names[0]) == 1
    return DataError(
        f"{path}, line {number}: id {name!r} is not in {side.path}",
        f"one of its {len(names)} ids, from {names[0]} to {names[-1]}",
        "it is just past the end: is one file numbered from 0 and the other from 1?"
        if shifted
        else None,
    )


def _distance(one: str, two: str) -> int | None:
    """The distance between two ids of one side; None if their numbering differs."""
    first, second = _NUMBER.fullmatch(one), _NUMBER.fullmatch(two)
    if first is None or second is None or first["side"] != second["side"]:
        return None
    return int(second["number"]) - int(first["number"])
