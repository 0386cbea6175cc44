"""A folder of texts in many languages, with a file for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_names import is_folder
from crosslift.sources.language_codes import language_code
from crosslift.sources.record import Record
from crosslift.sources.record_tables import records_in
from crosslift.sources.table_types import TABLE_ENDINGS, column_names, table_ending, table_stem

LANGUAGE_COLUMN = "language"


@read_once()
def find_language_files(folder: Path) -> dict[str, Path]:
    """The files of a folder by the language that each is named after.

    A file is named by a BCP-47 code and the ending of its type: ``de.txt``, ``pt-BR.txt.gz``,
    ``zh-Hans.jsonl``. Hidden files, whose names begin with a dot, are skipped.

    Args:
        folder: folder of the files.

    Returns:
        BCP-47 code in its usual case -> file, in the order of the codes.

    Raises:
        DataError: no such folder, no file in it, a file of another type or name, or two of one
            language.
    """
    if not is_folder(folder):
        raise DataError(f"{folder} is not a folder", "a folder with a file for each language")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    others = [path.name for path in paths if not path.is_file() or table_stem(path) is None]
    if others or not paths:
        raise DataError(
            f"{folder} holds {', '.join(others) or 'nothing'}",
            f"a file for each language, named by its code and one of {TABLE_ENDINGS} "
            "(or one with .gz), and nothing else",
            "remove the others" if others else None,
        )
    return _by_language(paths)


def _by_language(paths: list[Path]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in paths:
        code = language_code(table_stem(path) or "", f"the name of {path}")
        if code in files:
            raise DataError(
                f"{files[code]} and {path.name} are both of the language {code}",
                "one file for each language",
            )
        files[code] = path
    return dict(sorted(files.items()))


def checksum_of_languages(folder: Path) -> str:
    """SHA-256 over the language, the type and the bytes of each file, for the keys of steps.

    Args:
        folder: as in `find_language_files`.

    Raises:
        DataError: as `find_language_files`.
    """
    return checksum_by_meaning(meanings_of(folder))


def meanings_of(folder: Path) -> dict[str, Path]:
    """Language and type of each file of a folder -> the file, for checksums.

    Raises:
        DataError: as `find_language_files`.
    """
    files = find_language_files(folder)
    return {f"{code}{table_ending(path)}": path for code, path in files.items()}


def language_records_in(folder: Path, columns: Mapping[str, str]) -> Iterator[Record]:
    """Yields the records of the files of a folder, language by language.

    Args:
        folder: as in `find_language_files`.
        columns: name of a record's text -> column that holds it, as in `records_in`.

    Yields:
        Records with ids such as ``de:3``.

    Raises:
        DataError: as `find_language_files` and `records_in`; a table with a column ``language``
            that differs from the language in its name.
    """
    for code, path in find_language_files(folder).items():
        yield from _records(path, columns, code)


def _records(path: Path, columns: Mapping[str, str], code: str) -> Iterator[Record]:
    has_language_column = LANGUAGE_COLUMN in column_names(path)
    records = records_in(
        path,
        columns,
        language_column=LANGUAGE_COLUMN if has_language_column else None,
        language=code,
    )
    for record in records:
        if record.language != code:
            raise DataError(
                f"{path}, row {record.id}: column {LANGUAGE_COLUMN!r} holds {record.language!r}",
                f"{code!r}, as in the file's name",
            )
        yield replace(record, id=f"{code}:{record.id}")
