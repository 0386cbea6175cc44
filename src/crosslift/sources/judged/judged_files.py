"""Rows of files of queries, passages and judgements, with errors that name file and row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from crosslift.errors import DataError, first_few
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.language_codes import language_code
from crosslift.sources.text_files import lines_in

_IDS = ("_id", "docid", "doc_id", "id", "query_id", "qid", "pid")
_TEXTS = ("text", "contents", "query", "passage", "body")
_LANGUAGES = ("language", "lang")
_HEADERS = ({"query-id", "corpus-id", "score"}, {"query", "passage", "grade"})
"""Names of columns in a first line, of BEIR's judgements and of logs."""


class TextRow(NamedTuple):
    """A query or a passage.

    Args:
        id: id of the query or the passage.
        text: its text, after its title if it has one; may be empty.
        language: its language if the row names it; else None.
        place: file and row, for errors.
    """

    id: str
    text: str
    language: str | None
    place: str


class GradeRow(NamedTuple):
    """A judgement.

    Args:
        query: id of the query.
        passage: id of the passage.
        grade: above 0 for a relevant passage.
        place: file and row, for errors.
    """

    query: str
    passage: str
    grade: float
    place: str


@dataclass(frozen=True)
class Texts:
    """Queries or passages of some files.

    Args:
        by_language: language -> id -> text; an empty text is left out.
        empty: ids of the empty texts.
        place: the files, in words.
    """

    by_language: Mapping[str, Mapping[str, str]]
    empty: frozenset[str] = field(default_factory=frozenset)
    place: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.empty or any(name in texts for texts in self.by_language.values())


def read_texts(paths: Iterable[Path], language: str | None, *, queries: bool) -> Texts:
    """The queries or passages of some files, JSON lines or two columns (id, tab, text).

    Args:
        paths: the files.
        language: language of rows that name none; None: every row must name one.
        queries: whether they are queries, which must not be empty.

    Raises:
        DataError: a row without id or text, an id twice, an empty query, no language.
    """
    paths = tuple(paths)
    by_language: dict[str, dict[str, str]] = {}
    seen: dict[str, str] = {}
    empty = set()
    for row in (row for path in paths for row in text_rows(path)):
        if row.id in seen:
            raise DataError(
                f"{row.place}: id {row.id!r}, which {seen[row.id]} has too",
                "each id once",
                "delete one of the rows, or give it another id",
            )
        seen[row.id] = row.place
        if not row.text:
            if queries:
                raise DataError(
                    f"{row.place}: query {row.id!r} is empty",
                    "a text",
                    "delete the row and its judgements, or add the text",
                )
            empty.add(row.id)
            continue
        code = row.language or language
        if code is None:
            raise DataError(
                f"{row.place}: nothing says the language of this text",
                "a sub-folder or a file name with its code, or a field `language`",
                "name it: `--languages de` (in a study: `languages: [de]`)",
            )
        by_language.setdefault(code, {})[row.id] = row.text
    place = first_few([str(path) for path in paths], 2)
    if not by_language:
        raise DataError(f"{place} has no text", "one row for each query or passage")
    return Texts(dict(sorted(by_language.items())), frozenset(empty), place)


def text_rows(path: Path) -> Iterator[TextRow]:
    """The queries or passages of a file.

    Raises:
        DataError: a row that is neither a JSON object with id and text, nor id, tab, text.
    """
    is_json = ".jsonl" in path.name
    for number, line in enumerate(lines_in(path), 1):
        if line.strip():
            place = f"{path}, row {number}"
            yield _json_text(line, place) if is_json else _tab_text(line, place)


def _tab_text(line: str, place: str) -> TextRow:
    cells = line.split("\t")
    if len(cells) != 2 or not cells[0].strip():
        raise DataError(f"{place}: {first_few(cells, 3)}", "an id, a tab and a text")
    return TextRow(cells[0].strip(), cells[1].strip(), None, place)


def _json_text(line: str, place: str) -> TextRow:
    values = parsed_object(line, place)
    name = _first(values, _IDS, place)
    text = _first(values, _TEXTS, place)
    if not isinstance(name, str | int) or isinstance(name, bool) or not isinstance(text, str):
        raise DataError(f"{place}: id {name!r}", "an id and a text")
    title = values.get("title") or ""
    whole = f"{title} {text}".strip() if isinstance(title, str) else text.strip()
    return TextRow(str(name).strip(), whole, _language(values, place), place)


def _first(values: Mapping[str, object], names: Iterable[str], place: str) -> object:
    names = tuple(names)
    for name in names:
        if name in values:
            return values[name]
    raise DataError(
        f"{place} has the fields {first_few(list(values))}", f"one of the fields {', '.join(names)}"
    )


def _language(values: Mapping[str, object], place: str) -> str | None:
    metadata = values.get("metadata")
    for part in (values, metadata if isinstance(metadata, Mapping) else {}):
        for name in _LANGUAGES:
            if part.get(name):
                return language_code(str(part[name]), f"{place}: field {name!r}")
    return None


def grade_rows(path: Path) -> Iterator[GradeRow]:
    """The judgements of a file: TREC's four columns (query, anything, passage, grade), or BEIR's three
    with tabs and a line of their names.

    Raises:
        DataError: another number of columns, or a grade that is no finite number.
    """
    for number, line in enumerate(lines_in(path), 1):
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
        if not line.strip() or (number == 1 and is_header(cells)):
            continue
        place = f"{path}, row {number}"
        if len(cells) == 4:
            del cells[1]
        if len(cells) != 3 or not all(cells):
            raise DataError(
                f"{place}: {first_few(cells, 5)}",
                "a query, anything, a passage, a grade (TREC); or a query, a passage, a grade (BEIR)",
            )
        yield GradeRow(cells[0], cells[1], grade_of(cells[2], place), place)


def is_header(cells: Iterable[str]) -> bool:
    """Whether the cells of a first line are names of columns."""
    return {cell.strip().lower() for cell in cells} in _HEADERS


def grade_of(cell: str, place: str) -> float:
    """A grade.

    Raises:
        DataError: it is no finite number.
    """
    try:
        grade = float(cell)
    except ValueError:
        grade = math.nan
    if not math.isfinite(grade):
        raise DataError(
            f"{place}: grade {cell!r}",
            "a number, above 0 for a relevant passage",
            "put a number there, or delete the row",
        )
    return grade


def read_grades(
    rows: Iterable[GradeRow], queries: Texts, passages: Texts
) -> dict[str, dict[str, float]]:
    """Query -> passage -> grade.

    Judgements of passages without a text are left out, and so are these passages.

    Raises:
        DataError: an id that no file of queries or passages has, or two grades of one passage.
    """
    grades: dict[str, dict[str, float]] = {}
    for row in rows:
        for what, name, texts in (
            ("query", row.query, queries),
            ("passage", row.passage, passages),
        ):
            if name not in texts:
                raise DataError(
                    f"{row.place} names the {what} {name!r}, which {texts.place} does not have",
                    "an id of that file",
                    "take the files of one release and split, or delete the row",
                )
        if row.passage in passages.empty:
            continue
        of_query = grades.setdefault(row.query, {})
        if of_query.setdefault(row.passage, row.grade) != row.grade:
            raise DataError(
                f"{row.place}: query {row.query!r} and passage {row.passage!r} have the grade "
                f"{of_query[row.passage]:g} and here {row.grade:g}",
                "one grade for each pair",
                "delete one of the rows",
            )
    return grades
