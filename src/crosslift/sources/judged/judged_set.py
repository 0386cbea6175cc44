"""Queries, a pool of passages, and the grades that say which passages answer which queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from crosslift.artifacts.keys import key_of

OWN = "own"
MIXED = "mixed"


@dataclass(frozen=True)
class Pool:
    """N passages that are searched together.

    Args:
        ids: ids of the passages, each once.
        texts: texts of the passages.
        languages: language of each passage.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Id -> place."""
        return {name: place for place, name in enumerate(self.ids)}

    @cached_property
    def checksum(self) -> str:
        """A checksum of its passages."""
        return key_of({"passages": [self.ids, self.texts, self.languages]})

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Language -> number of passages, by code."""
        counts: dict[str, int] = {}
        for language in self.languages:
            counts[language] = counts.get(language, 0) + 1
        return dict(sorted(counts.items()))

    def in_language(self, language: str) -> Pool:
        """The passages in one language."""
        rows = zip(self.ids, self.texts, self.languages, strict=True)
        kept = [(name, text) for name, text, of in rows if of == language]
        ids, texts = zip(*kept, strict=True) if kept else ((), ())
        return Pool(ids, texts, (language,) * len(ids))


Grades = Mapping[str, Mapping[str, float]]
"""Query -> passage -> grade; a passage with a grade above 0 is relevant."""


@dataclass(frozen=True)
class JudgedSet:
    """The queries of one language and the pool that they search.

    Args:
        language: language of the queries.
        queries: id -> text.
        pool: the passages.
        grades: grades of the passages of the pool; every query has a relevant one.
        same_queries: whether an id is the same query in all languages of the data.
        unanswered: number of queries of the data without a relevant passage, which are left out.
    """

    language: str
    queries: Mapping[str, str]
    pool: Pool
    grades: Grades
    same_queries: bool = False
    unanswered: int = 0

    @property
    def name(self) -> str:
        """The language of the queries; ``de-en`` if all passages are in another language."""
        of_pool = list(self.pool.sizes)
        if len(of_pool) == 1 and of_pool[0] != self.language:
            return f"{self.language}-{of_pool[0]}"
        return self.language

    @property
    def clusters(self) -> tuple[str, ...]:
        """A name for each query, which queries in other languages share if they are the same query."""
        if self.same_queries:
            return tuple(self.queries)
        return tuple(f"{self.name}/{query}" for query in self.queries)

    def relevant(self, query: str) -> list[str]:
        """The relevant passages of a query, by descending grade; equal grades keep their order."""
        grades = self.grades[query]
        kept = [passage for passage, grade in grades.items() if grade > 0]
        return sorted(kept, key=lambda passage: -grades[passage])

    def with_pool(self, pool: Pool) -> JudgedSet:
        """The set with another pool: judgements of passages that are not in it are dropped."""
        grades = {
            query: {passage: g for passage, g in of_query.items() if passage in pool.place}
            for query, of_query in self.grades.items()
        }
        return replace(self, pool=pool, grades=grades).answered()

    def answered(self) -> JudgedSet:
        """The set without queries that have no relevant passage, which are counted."""
        grades = {
            query: self.grades[query]
            for query in self.queries
            if any(grade > 0 for grade in self.grades.get(query, {}).values())
        }
        queries = {query: text for query, text in self.queries.items() if query in grades}
        dropped = len(self.queries) - len(queries)
        return replace(self, queries=queries, grades=grades, unanswered=self.unanswered + dropped)

    def first(self, count: int) -> JudgedSet:
        """The first queries, at most ``count``; the pool does not change."""
        queries = dict(list(self.queries.items())[:count])
        return replace(
            self, queries=queries, grades={query: self.grades[query] for query in queries}
        )


def with_pools(sets: Sequence[JudgedSet], pool: str) -> list[JudgedSet]:
    """Sets that search another pool.

    Args:
        sets: sets of the data.
        pool: ``own``: the passages in the language of the queries; ``mixed``: the passages of all sets
            together, each id with the name of its set before it if the sets have separate pools; or the
            code of a language.
    """
    if pool != MIXED:
        smaller: dict[tuple[int, str], Pool] = {}
        done = []
        for each in sets:
            language = each.language if pool == OWN else pool
            key = (id(each.pool), language)
            if key not in smaller:
                smaller[key] = each.pool.in_language(language)
            done.append(each.with_pool(smaller[key]))
        return done
    if len({id(each.pool) for each in sets}) == 1:
        return list(sets)
    parts = {id(each.pool): (each.name, each.pool) for each in reversed(sets)}
    rows = [
        (f"{name}/{passage}", text, language)
        for name, part in sorted(parts.values(), key=lambda part: part[0])
        for passage, text, language in zip(part.ids, part.texts, part.languages, strict=True)
    ]
    ids, texts, languages = zip(*rows, strict=True)
    whole = Pool(ids, texts, languages)
    return [
        replace(each, pool=whole, grades=_renamed(each.grades, parts[id(each.pool)][0]))
        for each in sets
    ]


def _renamed(grades: Grades, name: str) -> Grades:
    return {
        query: {f"{name}/{passage}": grade for passage, grade in of_query.items()}
        for query, of_query in grades.items()
    }
