"""Bitexts from files: two parallel files, or one TSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError, first_few, legal_names
from crosslift.sources.bitext_names import LAYOUTS, BitextFiles, BitextFolder, find_bitexts
from crosslift.sources.record import Bitext
from crosslift.sources.sorted_sides import sorted_apart
from crosslift.sources.text_files import read_lines


def read_two_files(src: Path, tgt: Path, language: str, tgt_language: str = "en") -> Bitext:
    """A bitext of two UTF-8 files whose lines translate each other.

    Args:
        src: one text a line in ``language``; ``.gz`` is read too.
        tgt: the same number of lines in ``tgt_language``.
        language: BCP-47 code of ``src``.
        tgt_language: BCP-47 code of ``tgt``.

    Returns:
        The bitext. Item ids are ``language:line``: line numbers mean nothing across languages.

    Raises:
        DataError: different numbers of lines, no line, an empty line, bytes that are not UTF-8, or
            files of which only one was sorted (see `sorted_apart`).
    """
    sides = [(path, read_lines(path)) for path in (src, tgt)]
    for path, lines in sides:
        if not lines:
            raise DataError(f"{path} is empty", "one text a line")
    counts = [len(lines) for _, lines in sides]
    if counts[0] != counts[1]:
        raise DataError(
            f"{src} has {counts[0]} lines and {tgt} has {counts[1]}",
            "the same number of lines on both sides",
            "find the line where they diverge, for example with: paste",
        )
    texts = [_stripped_texts(path, lines) for path, lines in sides]
    if sorted_apart(*texts):
        raise DataError(
            f"{src} and {tgt} were sorted apart: one of them is in alphabetical order, and their "
            "lines do not go together",
            "files whose line N is a translation of line N",
            "take the files from before they were sorted (XTREME's script sorts the English side of "
            "Tatoeba; LASER's tatoeba.deu-eng.deu and .eng are whole). If the lines are pairs all the "
            "same, give them as one TSV, for example: "
            f"paste {src.name} {tgt.name} > pairs/NAME.{language}-{tgt_language}.tsv",
        )
    return Bitext(language, texts[0], texts[1], _items(language, counts[0], 1), tgt_language)


def read_tsv(
    path: Path,
    language: str,
    src_column: int | str = 0,
    tgt_column: int | str = 1,
    tgt_language: str = "en",
) -> Bitext:
    """A bitext of two columns of a tab-separated UTF-8 file; quotes mean nothing.

    Args:
        path: the file; ``.gz`` is read too.
        language: BCP-47 code of the source column.
        src_column: index from 0, or a name in the header row. A name on either side makes
            the first row the header.
        tgt_column: the same, for the translations.
        tgt_language: BCP-47 code of the target column.

    Returns:
        The bitext; item ids are ``language:line``.

    Raises:
        DataError: no row, an unknown column, too few columns in a row, an empty text, bytes that
            are not UTF-8.
    """
    rows = [line.split("\t") for line in read_lines(path)]
    has_header = isinstance(src_column, str) or isinstance(tgt_column, str)
    if len(rows) < 1 + has_header:
        raise DataError(f"{path} is empty", "one pair a line")
    header = rows[0] if has_header else []
    first = 2 if has_header else 1
    sides = []
    for column in (src_column, tgt_column):
        index = _index(path, header, column)
        cells = [_cell(path, row, index) for row in _numbered_rows(rows, first)]
        sides.append(_stripped_texts(path, cells, first))
    items = _items(language, len(rows) - first + 1, first)
    return Bitext(language, sides[0], sides[1], items, tgt_language)


@dataclass(frozen=True, slots=True)
class LoadedBitexts:
    """The loaded bitexts of a folder.

    Args:
        bitexts: language -> bitext, in the requested order.
        gaps: language -> why its files cannot be used.
        unread: name of a file or folder that is not a bitext -> why.
    """

    bitexts: Mapping[str, Bitext]
    gaps: Mapping[str, str]
    unread: Mapping[str, str]


def load_folder(folder: Path, languages: Sequence[str] | None = None) -> LoadedBitexts:
    """The bitexts of a folder, see `find_bitexts`.

    Args:
        folder: where the files lie.
        languages: BCP-47 codes; default: all. With the default, a language with faulty files is a gap,
            unless it is the only one.

    Raises:
        DataError: a requested language is missing or its files are faulty, or the folder holds no
            usable bitext.
    """
    bitext_folder = find_bitexts(folder)
    requested = _requested_files(folder, bitext_folder, languages)
    bitexts: dict[str, Bitext] = {}
    faults: dict[str, DataError] = {}
    for code, files in requested.items():
        try:
            bitexts[code] = _load(code, files)
        except DataError as error:
            if languages is not None:
                raise
            faults[code] = error
    if not bitexts:
        raise next(iter(faults.values()))
    gaps = {code: fault.what for code, fault in faults.items()}
    return LoadedBitexts(bitexts, gaps, bitext_folder.unread)


def _requested_files(
    folder: Path, bitext_folder: BitextFolder, languages: Sequence[str] | None
) -> dict[str, BitextFiles]:
    unread = first_few(
        [f"{name}: {reason}" for name, reason in bitext_folder.unread.items()], most=5
    )
    remedy = f"not read: {unread}" if unread else None
    if not bitext_folder.files:
        raise DataError(f"no bitext in {folder}", LAYOUTS, remedy)
    codes = list(bitext_folder.files) if languages is None else list(languages)
    missing = [code for code in codes if code not in bitext_folder.files]
    if missing:
        raise DataError(
            f"{folder} holds no bitext of {', '.join(missing)}",
            f"one of {legal_names(missing[0], list(bitext_folder.files))}",
            remedy,
        )
    return {code: bitext_folder.files[code] for code in codes}


def _load(language: str, files: BitextFiles) -> Bitext:
    if files.tgt is None:
        return read_tsv(files.src, language, files.src_column, 1 - files.src_column)
    return read_two_files(files.src, files.tgt, language)


def _index(path: Path, header: Sequence[str], column: int | str) -> int:
    if isinstance(column, int):
        return column
    if column not in header:
        raise DataError(f"{path} has no column {column!r}", f"one of {', '.join(header)}")
    return header.index(column)


def _numbered_rows(rows: Sequence[list[str]], first: int) -> Iterable[tuple[int, list[str]]]:
    return enumerate(rows[first - 1 :], start=first)


def _cell(path: Path, numbered_row: tuple[int, list[str]], index: int) -> str:
    line, row = numbered_row
    if not 0 <= index < len(row):
        raise DataError(
            f"{path}, line {line}: {len(row)} columns, none with index {index}",
            "every column in every row, separated by tabs",
        )
    return row[index]


def _stripped_texts(path: Path, lines: Sequence[str], first: int = 1) -> tuple[str, ...]:
    texts = tuple(line.strip() for line in lines)
    for number, text in enumerate(texts, start=first):
        if not text:
            raise DataError(f"{path}, line {number}: empty text", "a text on every line")
    return texts


def _items(language: str, count: int, first: int) -> tuple[str, ...]:
    return tuple(f"{language}:{line}" for line in range(first, first + count))
