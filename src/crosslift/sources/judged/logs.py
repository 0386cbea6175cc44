"""Judgements of your own: a table of query, passage and grade for each language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from crosslift.errors import DataError, first_few
from crosslift.sources.bitext_names import code_in_name
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.judged.collection import Reader
from crosslift.sources.judged.judged_files import grade_of, is_header
from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.sources.text_files import lines_in

_NAME = re.compile(r"(?:.+\.)?(?P<first>[a-z]{2,3})(?:-(?P<second>[a-z]{2,3}))?\.tsv(?:\.gz)?")


@dataclass(frozen=True)
class LogFile:
    """A file ``NAME.de.tsv``, or ``NAME.de-en.tsv`` with German queries and English passages.

    Each distinct query text is a query, and each distinct passage text a passage of the pool. Ids are
    numbers of rows.

    Args:
        path: path of the file.
        language: language of the queries.
        of_passages: language of the passages.
    """

    path: Path
    language: str
    of_passages: str

    default_pool: ClassVar[None] = None

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """Its queries with their judgements.

        Raises:
            DataError: a row without a query, a passage or a grade, or two grades of one pair.
        """
        del reader  # queries and passages are in one file
        queries: dict[str, str] = {}
        passages: dict[str, str] = {}
        grades: dict[str, dict[str, float]] = {}
        for number, query, passage, grade in _rows(self.path):
            name = queries.setdefault(query, f"{number:08d}")
            passage_name = passages.setdefault(passage, f"{number:08d}")
            of_query = grades.setdefault(name, {})
            if of_query.setdefault(passage_name, grade) != grade:
                raise DataError(
                    f"{self.path}, row {number}: the grade {grade:g} of a pair that has the grade "
                    f"{of_query[passage_name]:g} above",
                    "one grade for each pair of a query and a passage",
                    "delete one of the rows",
                )
        if not queries:
            raise DataError(f"{self.path} has no row", "query, tab, passage, tab, grade")
        pool = Pool(tuple(passages.values()), tuple(passages), (self.of_passages,) * len(passages))
        texts = {name: text for text, name in queries.items()}
        yield JudgedSet(self.language, texts, pool, grades).answered()


def logs(folder: Path) -> list[LogFile] | None:
    """The logs of a folder; None if no file has such a name."""
    files = []
    for path in entries_of(folder, "a folder of logs"):
        match = _NAME.fullmatch(path.name)
        first = code_in_name(match["first"]) if match else None
        second = code_in_name(match["second"]) if match and match["second"] else first
        if first and second and path.is_file():
            files.append(LogFile(path, first, second))
    return files or None


def _rows(path: Path) -> Iterator[tuple[int, str, str, float]]:
    for number, line in enumerate(lines_in(path), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or (number == 1 and is_header(cells)):
            continue
        if len(cells) != 3 or not all(cells):
            raise DataError(
                f"{path}, row {number}: {first_few(cells, 4)}",
                "a query, a tab, a passage, a tab and a grade",
                "add what is empty, or delete the row",
            )
        yield number, cells[0], cells[1], grade_of(cells[2], f"{path}, row {number}")
