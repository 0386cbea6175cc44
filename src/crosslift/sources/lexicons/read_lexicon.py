"""Reads a lexicon in any of the usual formats."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.places import user_path
from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError, UnknownNameError
from crosslift.languages import from_iso3
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_names import is_file
from crosslift.sources.language_codes import language_code
from crosslift.sources.lexicons.freedict import dictionary_files, read_freedict
from crosslift.sources.lexicons.lexicon import Lexicon, WordPair, folded, usable
from crosslift.sources.pictograms import NAME_LANGUAGES, checksum, load_concepts, split_of
from crosslift.sources.text_files import read_lines

NAMES = "names:"
"""Prefix of a language code: the names of the embedded training concepts."""

TRAINED, CONTROL = "trained", "control"
"""Values of the column ``part`` of a table: pairs to train on, and pairs never to train on."""

_SIDES = re.compile(r"(?<![a-z])(?=([a-z]{2,3})-([a-z]{2,3})(?![a-z]))")  # they may overlap
_ENGLISH = ("en", "eng")
FORMATS = (
    "a table of two columns (.tsv, .csv), a list of MUSE (en-sw.txt), a dictionary of FreeDict "
    "(.index), or names:LANGUAGE"
)


def read_lexicon(where: str | Path, language: str | None = None) -> Lexicon:
    """The word pairs of a file, or the names of embedded concepts.

    | where | what it is |
    |---|---|
    | ``NAME.tsv``, ``NAME.csv`` | two columns, which a header may name ``word`` and ``english``; |
    | | with a header, a third, ``part``, may say which pairs are ``trained`` on or ``control`` |
    | ``en-sw.txt``, ``sw-en.0-5000.txt`` | MUSE: two words a line; other lines are skipped |
    | ``NAME.index`` | a dictionary of FreeDict, with ``NAME.dict.dz`` or ``NAME.dict`` beside it |
    | ``names:de`` | names of embedded concepts |

    The language, and the side of English, are read from the file's name (``swh-eng``, ``en-de``).

    Args:
        where: path of a file, or ``names:`` and a code.
        language: BCP-47 code of the words, for a table whose name does not contain it: its second
            column is then English. Default: the language in the name.

    Raises:
        DataError: no such file or format; a name with no language, or several; a line with a wrong
            number of fields; no pair of single words.
        UnknownNameError: names in a language in which concepts have none.
    """
    name = Path(where).name
    if name.startswith(NAMES):
        return _names(name.removeprefix(NAMES))
    path = user_path(where)
    if path.name.endswith((".dict.dz", ".dict")):
        path = path.with_name(path.name.removesuffix(".dz")).with_suffix(".index")
    if not is_file(path):
        raise DataError(f"no lexicon at {path}", FORMATS)
    return _read(path, language)


@read_once()
def _read(path: Path, language: str | None) -> Lexicon:
    code, english_first = _sides(path, language)
    files = dictionary_files(path) if path.suffix == ".index" else (path,)
    sides = f"{'en-' if english_first else ''}{code}"
    checksum = checksum_by_meaning({f"{sides}{file.suffix}": file for file in files})
    left_out: Mapping[str, int] = {}
    table = _LexiconTable([], english_first)
    if path.suffix == ".index":
        rows, left_out = read_freedict(path)
        table = _LexiconTable(rows, english_first)
    elif path.suffix == ".txt":
        counts: Counter[str] = Counter()
        table = _LexiconTable(list(_muse_rows(path, counts)), english_first)
        left_out = counts
    else:
        table = _table_rows(path, code, english_first)
    order = (1, 0) if table.english_first else (0, 1)
    pairs = [WordPair(row[order[0]], row[order[1]]) for row in table.rows]
    usable_pairs, reasons = usable(pairs, left_out, str(path))
    control = None
    if table.parts is not None:
        of_part = {
            part: {_key(pair) for pair, p in zip(pairs, table.parts, strict=True) if p == part}
            for part in (TRAINED, CONTROL)
        }
        both, marked = of_part[TRAINED] & of_part[CONTROL], of_part[CONTROL]
        if both:
            example = " ".join(min(both))
            raise DataError(
                f"{path}: {len(both)} pairs are both {TRAINED} and {CONTROL}, one of them {example!r}",
                "each pair in one part",
            )
        control = frozenset(pair for pair in usable_pairs if _key(pair) in marked)
    return Lexicon(code, usable_pairs, reasons, checksum, control)


def _key(pair: WordPair) -> tuple[str, str]:
    return folded(pair.word.strip()), folded(pair.english.strip())


class _LexiconTable(NamedTuple):
    """The rows of a file of two columns.

    Args:
        rows: the two sides of each.
        english_first: whether English is the first column.
        parts: the part of the lexicon of each row; None: the file does not say.
    """

    rows: Sequence[Sequence[str]]
    english_first: bool
    parts: list[str] | None = None


def _sides(path: Path, language: str | None) -> tuple[str, bool]:
    """The language of the words, and whether English comes first."""
    requested = None if language is None else language_code(language, "language")
    if requested == "en":
        raise DataError(
            f"language {language!r} of a lexicon", "the code of the language that is not English"
        )
    if not names_languages(path):
        if requested is None:
            raise DataError(
                f"the name of {path.name} does not contain its languages",
                "a name such as words.sw-en.tsv or swh-eng.tsv",
                "rename it, or give its language: then the second column is English",
            )
        return requested, False
    code, english_first = _language_in_name(path)
    if requested not in (None, code):
        raise DataError(
            f"{path.name} is by its name one of {code}, but language {language!r} was requested",
            "the same language, or none",
        )
    return code, english_first


def _pairs_in_name(path: Path) -> list[tuple[str, str]]:
    """The pairs of codes in a file's name, one of them English."""
    pairs = _SIDES.findall(path.name.lower())
    return [(one, two) for one, two in pairs if (one in _ENGLISH) != (two in _ENGLISH)]


def names_languages(path: Path) -> bool:
    """Whether the name of a file contains two language codes, one of them English."""
    return bool(_pairs_in_name(path))


def _language_in_name(path: Path) -> tuple[str, bool]:
    """The only language in a file's name, and whether English comes first."""
    pairs = _pairs_in_name(path)
    languages = {
        (code, one in _ENGLISH): f"{one}-{two}"
        for one, two in pairs
        if (code := _code(two if one in _ENGLISH else one)) is not None
    }
    if not languages:
        raise DataError(
            f"the name of {path.name} holds {'-'.join(pairs[0])!r}, of which one is the code of "
            "no known language",
            "a code such as sw or swh",
        )
    if len(languages) > 1:
        raise DataError(
            f"the name of {path.name} holds {', '.join(languages.values())}",
            "one pair of languages",
            "rename it",
        )
    return next(iter(languages))


def _code(name: str) -> str | None:
    """The BCP-47 code for one of two or three letters; None: no known language."""
    try:
        return from_iso3(name) if len(name) == 3 else language_code(name, name)
    except (UnknownNameError, DataError):
        return None


def _muse_rows(path: Path, left_out: Counter[str]) -> Iterator[list[str]]:
    """The two sides of each line; counts lines of one word, and of several words without a tab.

    MUSE's lists contain phrases and lines of one word.
    """
    for line in read_lines(path):
        fields = line.split("\t") if line.count("\t") == 1 else line.split()
        if len(fields) == 2:
            yield fields
        elif fields:
            left_out["of several words" if len(fields) > 2 else "without a translation"] += 1


def _table_rows(path: Path, code: str, english_first: bool) -> _LexiconTable:
    comma = path.suffix.lower() == ".csv"
    if not comma and path.suffix.lower() != ".tsv":
        raise DataError(f"a lexicon {path.name}", FORMATS)
    rows = list(_rows(path, comma))
    header = _header(rows[0][1], code) if rows else []
    has_header = set(header) in ({"word", "english"}, {"word", "english", "part"})
    columns = header if has_header else ["", ""]
    body = rows[1:] if has_header else rows
    for number, row in body:
        if len(row) != len(columns):
            names = ", ".join(header) if has_header else "a word and English"
            raise DataError(
                f"{path}, line {number}: {len(row)} columns", f"{len(columns)}: {names}"
            )
    if not has_header:
        return _LexiconTable([row for _, row in body], english_first)
    sides = [[row[columns.index(name)] for name in ("word", "english")] for _, row in body]
    parts = None
    if "part" in columns:
        parts = [_part(row[columns.index("part")], path, number) for number, row in body]
    return _LexiconTable(sides, False, parts)


def _rows(path: Path, comma: bool) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    text = io.StringIO("\n".join(read_lines(path)))
    if comma:
        table = csv.reader(text, strict=True)
    else:
        table = csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        yield from ((table.line_num, row) for row in table if row)
    except csv.Error as error:
        raise DataError(f"{path}, line {table.line_num}: {error}", "a table of words") from error


def _header(row: Sequence[str], code: str) -> list[str]:
    """The column names, if the row holds any; codes name the sides too, if both are present."""
    header = [cell.strip().lower() for cell in row]
    names = ["english" if cell in _ENGLISH else cell for cell in header]
    names = ["word" if cell != "word" and _code(cell) == code else cell for cell in names]
    return names if {"word", "english"} <= set(names) else header


def _part(value: str, path: Path, line: int) -> str:
    part = value.strip().lower()
    if part not in (TRAINED, CONTROL):
        raise DataError(f"{path}, line {line}: part {value!r}", f"{TRAINED} or {CONTROL}")
    return part


def _names(code: str) -> Lexicon:
    if code not in NAME_LANGUAGES:
        raise UnknownNameError("language of names", code, NAME_LANGUAGES)
    concepts = load_concepts()
    splits = split_of(concepts)
    trained_concepts = [c for c in concepts if splits[c.id] == "train" and code in c.names]
    pairs = [WordPair(concept.names[code], concept.names["en"]) for concept in trained_concepts]
    usable_pairs, left_out = usable(pairs, {}, f"{NAMES}{code}")
    return Lexicon(code, usable_pairs, left_out, checksum())
