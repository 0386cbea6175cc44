"""CLIRMatrix (Sun and Duh 2020): queries with their judgements in ``de.en.test1.jl.gz``, passages in
``en.tsv.gz``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from crosslift.errors import DataError
from crosslift.sources.bitext_names import code_in_name
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.judged.collection import Reader
from crosslift.sources.judged.judged_files import GradeRow, Texts, grade_of, read_grades
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.sources.text_files import lines_in

_QUERIES = re.compile(r"(?P<query>[a-z-]+)\.(?P<passage>[a-z-]+)\.(?P<split>test1|dev)\.jl(\.gz)?")


@dataclass(frozen=True)
class ClirFiles:
    """The queries of a language and the passages of another.

    Args:
        queries: their file.
        passages: their file.
        language: language of the queries.
        of_passages: language of the passages.
    """

    queries: Path
    passages: Path
    language: str
    of_passages: str

    default_pool: ClassVar[None] = None

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """Its queries with their judgements.

        Raises:
            DataError: see `judged_files`.
        """
        texts, pool = reader.passages([self.passages], self.of_passages)
        queries: dict[str, str] = {}
        rows: list[GradeRow] = []
        for number, line in enumerate(lines_in(self.queries), 1):
            place = f"{self.queries}, row {number}"
            values = parsed_object(line, place)
            name, text = str(values.get("src_id", "")), values.get("src_query")
            results = values.get("tgt_results")
            if not name or not isinstance(text, str) or not text.strip() or name in queries:
                raise DataError(
                    f"{place}: query {name!r} is {text!r}",
                    "a `src_id`, each once, and a `src_query`",
                )
            queries[name] = text.strip()
            if not isinstance(results, list) or not all(_is_pair(result) for result in results):
                raise DataError(f"{place}: `tgt_results`", "pairs of a passage and a grade")
            rows += [GradeRow(name, str(p), grade_of(str(g), place), place) for p, g in results]
        if not queries:
            raise DataError(f"{self.queries} has no row", "one query a row")
        known = Texts({self.language: queries}, place=str(self.queries))
        yield JudgedSet(self.language, queries, pool, read_grades(rows, known, texts)).answered()


def clir_matrix(folder: Path) -> list[ClirFiles] | None:
    """The files of CLIRMatrix in a folder, test1 if it is there, else dev; None if there are none."""
    chosen: dict[tuple[str, str], ClirFiles] = {}
    for path in entries_of(folder, "a folder of CLIRMatrix"):
        match = _QUERIES.fullmatch(path.name)
        if match is None:
            continue
        first, second = code_in_name(match["query"]), code_in_name(match["passage"])
        docs = [p for p in _docs(folder, match["passage"]) if p.is_file()]
        if not first or not second:
            continue
        if not docs:
            raise DataError(f"{path} has no {match['passage']}.tsv.gz beside it", "its passages")
        if match["split"] == "test1" or (first, second) not in chosen:
            chosen[first, second] = ClirFiles(path, docs[0], first, second)
    return list(chosen.values()) or None


def _docs(folder: Path, name: str) -> list[Path]:
    places = (folder, folder / "DOCS", folder.parent / "DOCS")
    return [place / f"{name}{ending}" for place in places for ending in (".tsv.gz", ".tsv")]


def _is_pair(result: object) -> bool:
    return isinstance(result, list) and len(result) == 2
