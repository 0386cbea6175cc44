"""Files that belong together, and the sets of queries that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from crosslift.errors import DataError, first_few
from crosslift.sources.judged.judged_files import Texts, grade_rows, read_grades, read_texts
from crosslift.sources.judged.judged_set import OWN, Grades, JudgedSet, Pool
from crosslift.wording import plural

Files = Mapping[str | None, Sequence[Path]]
"""Language -> files with its texts; None: the rows name it."""


class Reader:
    """Reads each file of passages once, even if several collections share it.

    ``left_out`` maps files to their parts that were left out, in words.
    """

    def __init__(self) -> None:
        self._pools: dict[tuple[Path, ...], tuple[Texts, Pool]] = {}
        self.left_out: dict[str, str] = {}

    def passages(self, paths: Sequence[Path], language: str | None) -> tuple[Texts, Pool]:
        """The passages of some files, and the pool of them in the order of their languages.

        Raises:
            DataError: the texts are larger than the free memory; see `judged_files`.
        """
        key = tuple(paths)
        if key not in self._pools:
            check_size(key, psutil.virtual_memory().available)
            texts = read_texts(paths, language, queries=False)
            if texts.empty:
                self.left_out[texts.place] = f"{plural(len(texts.empty), 'passage')} without a text"
            self._pools[key] = (texts, pool_of(texts.by_language))
        return self._pools[key]


def check_size(paths: Sequence[Path], free: int) -> None:
    """Raises if texts are larger than memory, before any of them is read.

    Args:
        paths: their files; a compressed file counts with its compressed size.
        free: bytes of free memory.

    Raises:
        DataError: they are larger; the error names both sizes.
    """
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > free:
        raise DataError(
            f"{first_few([str(path) for path in paths], 2)}: {size / 1e9:,.1f} GB of passages, "
            f"and {free / 1e9:,.1f} GB of memory are free",
            "passages that fit into memory: their texts are held there",
            "use a machine with more memory, or keep a part: all judged passages and some others",
        )


def pool_of(by_language: Mapping[str, Mapping[str, str]], *, parallel: bool = False) -> Pool:
    """A pool of passages.

    Args:
        by_language: language -> id -> text.
        parallel: ids are the same in several languages, so that each gets its language before it.
    """
    rows = [
        (f"{language}/{name}" if parallel else name, text, language)
        for language, texts in by_language.items()
        for name, text in texts.items()
    ]
    ids, texts, languages = zip(*rows, strict=True)
    return Pool(ids, texts, languages)


class JudgedFiles(Protocol):
    """Files of queries, passages and judgements, in one layout."""

    @property
    def default_pool(self) -> str | None:
        """The default pool that queries search; None: the pool of each set."""

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """The sets of queries, one for each language.

        Raises:
            DataError: a file cannot be used: see `judged_files`.
        """


@dataclass(frozen=True)
class Collection:
    """Files that belong together.

    Args:
        queries: queries of each language.
        passages: passages of each language.
        grades: language of queries -> its judgements. None: one file for all languages. Where passages
            of several languages are in separate files, their ids are then the same in all of them.
    """

    queries: Files
    passages: Files
    grades: Mapping[str | None, Path]

    @property
    def parallel(self) -> bool:
        """Whether one id is the same passage in several languages."""
        return None in self.grades and len(self.passages) > 1

    @property
    def default_pool(self) -> str | None:
        """Passages in the language of the query, if their ids are the same in all languages."""
        return OWN if self.parallel else None

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """The sets of queries, one for each language.

        Raises:
            DataError: see `judged_files`.
        """
        by_file = {
            code: read_texts(paths, code, queries=True) for code, paths in self.queries.items()
        }
        shared = self._shared_grades(reader, by_file) if None in self.grades else None
        for code, queries in by_file.items():
            pool, grades = shared or self._own_grades(reader, code, queries)
            for language, texts in queries.by_language.items():
                of_language = {query: grades[query] for query in texts if query in grades}
                same = shared is not None and len(by_file) > 1
                yield JudgedSet(language, texts, pool, of_language, same).answered()

    def _own_grades(self, reader: Reader, code: str | None, queries: Texts) -> tuple[Pool, Grades]:
        """The pool and the judgements of the queries of one file."""
        if code not in self.grades:
            raise DataError(
                f"{queries.place} has no judgements beside it",
                f"a file of them for {code}, such as qrels.{code}.tsv",
            )
        of = code if code in self.passages else next(iter(self.passages))
        texts, pool = reader.passages(self.passages[of], of)
        return pool, read_grades(grade_rows(self.grades[code]), queries, texts)

    def _shared_grades(
        self, reader: Reader, by_file: Mapping[str | None, Texts]
    ) -> tuple[Pool, Grades]:
        """The pool and the judgements of the queries of all files."""
        rows = grade_rows(self.grades[None])
        parts = {code: reader.passages(paths, code) for code, paths in self.passages.items()}
        queries = merged(list(by_file.values()))
        if not self.parallel:
            ((texts, pool),) = parts.values()
            return pool, read_grades(rows, queries, texts)
        texts = merged([part for part, _ in parts.values()])
        grades = read_grades(rows, queries, texts)
        spread = {
            query: {
                f"{language}/{passage}": grade
                for passage, grade in of_query.items()
                for language, of_language in texts.by_language.items()
                if passage in of_language
            }
            for query, of_query in grades.items()
        }
        return pool_of(texts.by_language, parallel=True), spread


def merged(parts: Sequence[Texts]) -> Texts:
    """The texts of several files; an id may be in several languages, and is empty if it has no text."""
    by_language: dict[str, dict[str, str]] = {}
    for part in parts:
        for language, texts in part.by_language.items():
            by_language.setdefault(language, {}).update(texts)
    empty = frozenset[str]().union(*(part.empty for part in parts))
    with_text = frozenset[str]().union(*by_language.values())
    return Texts(by_language, empty - with_text, first_few([part.place for part in parts], 2))
