"""Bitexts from files: two parallel files, or one TSV; the layouts of LASER and OPUS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import CrossLiftError, DataError
from crosslift.languages import from_iso3, from_locale, is_known
from crosslift.sources.checksums import sha256_of
from crosslift.sources.record import Bitext
from crosslift.sources.text_files import read_lines

_CODE = r"[A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?"
_NAME = re.compile(rf"(?:.+\.)?(?P<one>{_CODE})-(?P<two>{_CODE})\.(?P<side>[A-Za-z_-]+)")


@dataclass(frozen=True, slots=True)
class BitextFiles:
    """Where the bitext of one language and English lies.

    Args:
        src: file of the language, or the TSV that holds both sides.
        tgt: file of English; None where ``src`` is a TSV.
        src_column: which column of the TSV is the language, 0 or 1; the other is English.
    """

    src: Path
    tgt: Path | None = None
    src_column: int = 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files there are: one TSV, or two files."""
        return (self.src,) if self.tgt is None else (self.src, self.tgt)


def read_two_files(src: Path, tgt: Path, language: str, tgt_language: str = "en") -> Bitext:
    """A bitext of two UTF-8 files whose lines translate each other.

    Args:
        src: one text a line in ``language``; ``.gz`` is read too.
        tgt: as many lines in ``tgt_language``.
        language: BCP-47 code of ``src``.
        tgt_language: BCP-47 code of ``tgt``.

    Returns:
        The bitext. Item ids are ``language:line``, for line numbers mean nothing across languages.

    Raises:
        DataError: different counts of lines, no line, an empty line, bytes that are not UTF-8.
    """
    sides = [(path, read_lines(path)) for path in (src, tgt)]
    for path, lines in sides:
        if not lines:
            raise DataError(f"{path} is empty", "one text a line")
    counts = [len(lines) for _, lines in sides]
    if counts[0] != counts[1]:
        raise DataError(
            f"{src} has {counts[0]} lines and {tgt} has {counts[1]}",
            "as many lines on both sides",
            "find the line where they part, for example with: paste",
        )
    texts = [_stripped(path, lines) for path, lines in sides]
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
        src_column: index from 0, or a name of the header row; a name on either side makes the
            first row the header.
        tgt_column: likewise, of the translations.
        tgt_language: BCP-47 code of the target column.

    Returns:
        The bitext; item ids are ``language:line``.

    Raises:
        DataError: no row, an unknown column, too few columns in a row, an empty text, bytes that
            are not UTF-8.
    """
    rows = [line.split("\t") for line in read_lines(path)]
    named = isinstance(src_column, str) or isinstance(tgt_column, str)
    if len(rows) < 1 + named:
        raise DataError(f"{path} is empty", "one pair a line")
    header = rows[0] if named else []
    first = 2 if named else 1
    sides = []
    for column in (src_column, tgt_column):
        index = _index(path, header, column)
        cells = [_cell(path, row, index) for row in _numbered(rows, first)]
        sides.append(_stripped(path, cells, first))
    items = _items(language, len(rows) - first + 1, first)
    return Bitext(language, sides[0], sides[1], items, tgt_language)


def find_bitexts(folder: Path) -> dict[str, BitextFiles]:
    """The bitexts with English of one folder, by BCP-47 code in order.

    Known layouts, each also with ``.gz`` behind: LASER's Tatoeba (``tatoeba.deu-eng.deu`` and
    ``.eng``), OPUS in Moses form (``NAME.de-en.de`` and ``.en``, codes in either order) and
    ``NAME.de-en.tsv``, whose columns stand in the order of its name.

    Raises:
        DataError: no such folder, a pair without its other file, or two bitexts of one language.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", "a folder of bitexts")
    found: dict[str, BitextFiles] = {}
    for path in sorted(folder.iterdir()):
        candidate = _candidate(path)
        if candidate is None:
            continue
        language, files = candidate
        if language in found and found[language] != files:
            raise DataError(
                f"two bitexts of {language!r}: {found[language].src.name} and {files.src.name}",
                "one bitext for each language",
                "put them into folders of their own",
            )
        found[language] = files
    return dict(sorted(found.items()))


def load_folder(folder: Path, languages: Sequence[str] | None = None) -> dict[str, Bitext]:
    """The bitexts of a folder, see `find_bitexts`.

    Args:
        folder: where the files lie.
        languages: BCP-47 codes; None means all there are.

    Returns:
        Language -> bitext, in the order asked for.

    Raises:
        DataError: a language is not there, the folder holds no bitext, or a file is at fault.
    """
    return {code: _load(code, files) for code, files in _chosen(folder, languages).items()}


def folder_checksum(folder: Path, languages: Sequence[str] | None = None) -> str:
    """SHA-256 over the files that `load_folder` would read, for the keys of steps.

    Raises:
        DataError: a language is not there, or the folder holds no bitext.
    """
    return sha256_of(path for f in _chosen(folder, languages).values() for path in f.paths)


def _chosen(folder: Path, languages: Sequence[str] | None) -> dict[str, BitextFiles]:
    found = find_bitexts(folder)
    if not found:
        raise DataError(
            f"no bitext in {folder}",
            "files such as tatoeba.deu-eng.deu and .eng, NAME.de-en.de and .en, or NAME.de-en.tsv",
        )
    wanted = list(found) if languages is None else list(languages)
    missing = [code for code in wanted if code not in found]
    if missing:
        raise DataError(
            f"{folder} holds no bitext of {', '.join(missing)}", f"one of {', '.join(found)}"
        )
    return {code: found[code] for code in wanted}


def _load(language: str, files: BitextFiles) -> Bitext:
    if files.tgt is None:
        return read_tsv(files.src, language, files.src_column, 1 - files.src_column)
    return read_two_files(files.src, files.tgt, language)


def _candidate(path: Path) -> tuple[str, BitextFiles] | None:
    """Language and files of a bitext that a file belongs to; None for another file."""
    ending = ".gz" if path.suffix == ".gz" else ""
    match = _NAME.fullmatch(path.name.removesuffix(ending))
    codes = [_code(match["one"]), _code(match["two"])] if match else []
    if match is None or None in codes or codes.count("en") != 1:
        return None
    src_column = 1 - codes.index("en")
    language, raw = str(codes[src_column]), (match["one"], match["two"])
    if match["side"] == "tsv":
        return language, BitextFiles(path, None, src_column)
    if match["side"] not in raw:
        return None
    stem = path.name.removesuffix(ending).removesuffix(match["side"])
    sides = [path.with_name(f"{stem}{raw[column]}{ending}") for column in (0, 1)]
    for side in sides:
        if not side.is_file():
            raise DataError(f"{path} has no {side.name} beside it", "both files of the bitext")
    return language, BitextFiles(sides[src_column], sides[1 - src_column])


def _code(name: str) -> str | None:
    if name in ("eng", "en"):
        return "en"
    try:
        code = from_iso3(name) if len(name) == 3 else from_locale(name)
    except CrossLiftError:
        return None
    return code if is_known(code) else None


def _index(path: Path, header: Sequence[str], column: int | str) -> int:
    if isinstance(column, int):
        return column
    if column not in header:
        raise DataError(f"{path} has no column {column!r}", f"one of {', '.join(header)}")
    return header.index(column)


def _numbered(rows: Sequence[list[str]], first: int) -> Iterable[tuple[int, list[str]]]:
    return enumerate(rows[first - 1 :], start=first)


def _cell(path: Path, numbered: tuple[int, list[str]], index: int) -> str:
    line, row = numbered
    if not 0 <= index < len(row):
        raise DataError(
            f"{path}, line {line}: {len(row)} columns, none with index {index}",
            "every column in every row, parted by tabs",
        )
    return row[index]


def _stripped(path: Path, lines: Sequence[str], first: int = 1) -> tuple[str, ...]:
    texts = tuple(line.strip() for line in lines)
    for number, text in enumerate(texts, start=first):
        if not text:
            raise DataError(f"{path}, line {number}: empty text", "a text on every line")
    return texts


def _items(language: str, count: int, first: int) -> tuple[str, ...]:
    return tuple(f"{language}:{line}" for line in range(first, first + count))
