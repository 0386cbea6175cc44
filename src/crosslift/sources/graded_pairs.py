"""Pairs of texts with grades of their similarity, from files of three columns."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError, first_few
from crosslift.sources.bitext_names import code_in_name
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.text_files import read_lines

LAYOUT = "NAME.de.tsv or NAME.en-de.tsv (grade, tab, text, tab, text); SemEval's YEAR/NAME.test.tsv"
_NAME = re.compile(r"(?P<name>.+)\.(?P<code>[^.]+)\.tsv")
_TWO_CODES = re.compile(r"([a-z]{2,3})-([a-z]{2,3})")


@dataclass(frozen=True, slots=True)
class GradedPairs:
    """Graded pairs of one language, or of two.

    Args:
        items: ids of the N pairs.
        sets: for each pair, the set that it belongs to: grades are compared within a set.
        grades: grade of each pair; higher means more alike.
        src: the first texts.
        tgt: the second texts.
    """

    items: tuple[str, ...]
    sets: tuple[str, ...]
    grades: tuple[float, ...]
    src: tuple[str, ...]
    tgt: tuple[str, ...]

    def first(self, count: int) -> GradedPairs:
        """The first pairs."""
        parts = (self.items, self.sets, self.grades, self.src, self.tgt)
        return GradedPairs(*(part[:count] for part in parts))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class GradedFolder:
    """The graded pairs of a folder.

    Args:
        pairs: language, or two joined by a hyphen -> its pairs.
        ungraded: language -> number of rows without a grade, which are left out.
        unread: file that is not read -> why.
    """

    pairs: Mapping[str, GradedPairs]
    ungraded: Mapping[str, int]
    unread: Mapping[str, str]


def load_graded(folder: Path, languages: Sequence[str] | None = None) -> GradedFolder:
    """The graded pairs of a folder.

    SemEval's folders of years have English pairs; the pairs of one year are one set, and training files
    are ignored. In a folder of your own files, each file is a separate set.

    Args:
        folder: where the files lie.
        languages: codes, or pairs such as ``en-de``; None: all.

    Raises:
        DataError: a requested language is missing, no file is of the layout, or a row is wrong.
    """
    files, unread = _files(folder)
    if languages is not None:
        missing = [code for code in languages if code not in files]
        if missing:
            raise DataError(f"{folder} has no graded pairs in {', '.join(missing)}", LAYOUT)
        files = {code: files[code] for code in languages}
    if not files:
        raise DataError(f"{folder} has no graded pairs", LAYOUT)
    pairs, ungraded = {}, {}
    for code, of_language in files.items():
        pairs[code], missing_grades = _read(of_language)
        if missing_grades:
            ungraded[code] = missing_grades
    return GradedFolder(pairs, ungraded, unread)


Files = dict[str, list[tuple[Path, str]]]
"""Language -> its files, each with the name of its set."""


def _files(folder: Path) -> tuple[Files, dict[str, str]]:
    files: Files = {}
    unread: dict[str, str] = {}
    what = f"a folder of graded pairs: {LAYOUT}"
    inner = [p for p in entries_of(folder, what) if p.is_dir() and p.name.isdigit()]
    for path in [path for part in (folder, *inner) for path in entries_of(part, what)]:
        match = _NAME.fullmatch(path.name)
        if path.is_dir() or match is None:
            continue
        year = path.parent.name if path.parent != folder else ""
        if match["code"] == "train":
            unread[path.name] = "training pairs"
            continue
        code = "en" if match["code"] == "test" else _language(match["code"])
        if code is None:
            unread[path.name] = f"{match['code']!r} is no language"
        else:
            files.setdefault(code, []).append((path, year or match["name"]))
    return dict(sorted(files.items())), unread


def _language(name: str) -> str | None:
    """The language, or two joined by a hyphen; None if a name is neither."""
    two = _TWO_CODES.fullmatch(name)
    codes = [code_in_name(part) for part in (two.groups() if two else (name,))]
    return "-".join(code for code in codes if code) if all(codes) else None


def _read(files: Sequence[tuple[Path, str]]) -> tuple[GradedPairs, int]:
    """The pairs of some files, and the number of rows without a grade."""
    rows: list[tuple[str, str, float, str, str]] = []
    ungraded = 0
    for path, name in files:
        for number, line in enumerate(read_lines(path), 1):
            cells = line.split("\t")
            if len(cells) < 3 or not cells[1].strip() or not cells[2].strip():
                raise DataError(
                    f"{path}, line {number}: {first_few(cells, 3)}", "a grade, a text and a text"
                )
            if not cells[0].strip():
                ungraded += 1
                continue
            item = f"{name}/{path.stem}:{number}"
            rows.append(
                (item, name, _grade(path, number, cells[0]), cells[1].strip(), cells[2].strip())
            )
    if len(rows) < 2:
        raise DataError(f"{files[0][0]} has {len(rows)} graded pairs", "two or more")
    items, sets, grades, src, tgt = zip(*rows, strict=True)
    return GradedPairs(items, sets, grades, src, tgt), ungraded


def _grade(path: Path, number: int, cell: str) -> float:
    try:
        grade = float(cell)
    except ValueError:
        grade = math.nan
    if not math.isfinite(grade):
        raise DataError(f"{path}, line {number}: grade {cell!r}", "a number")
    return grade
