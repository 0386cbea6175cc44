"""Targets of retrieval with judgements: queries search a pool of passages, and grades say which
passages answer them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from crosslift.encoders.encoder_settings import Side
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction
from crosslift.targets.target import Target
from crosslift.targets.target_data import ExampleItem, TargetData, TargetPart
from crosslift.targets.target_settings import JudgedSettings


@dataclass(frozen=True, slots=True)
class JudgedData(TargetData):
    """Queries with judgements in some languages.

    Args:
        sets: language, or two such as ``de-en`` (queries in German, passages in English) -> its queries
            and its pool; sets may share a pool.
    """

    sets: Mapping[str, JudgedSet]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of queries, or pairs of those of queries and passages."""
        return tuple(self.sets)

    def distinct_texts(self) -> list[str]:
        """Every distinct query and passage, sorted."""
        texts = {text for each in self.sets.values() for text in each.queries.values()}
        pools = {id(each.pool): each.pool for each in self.sets.values()}
        return sorted(texts.union(*(pool.texts for pool in pools.values())))

    def content_of(self, language: str) -> Any:
        """The queries, the judgements and the pool of a language."""
        judged = self.sets[language]
        queries = list(judged.queries.items())
        grades = {query: dict(judged.grades[query]) for query in judged.queries}
        return (judged.language, queries, grades, judged.pool.checksum)

    def of_language(self, language: str) -> Self:
        """The queries of one language alone, with their whole pool."""
        return replace(self, sets={language: self.sets[language]})

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The queries of a language (``src``) and the passages of its pool (``tgt``)."""
        judged = self.sets[language]
        return {"src": judged.queries.values(), "tgt": judged.pool.texts}

    def texts_by_language(self, language: str) -> Mapping[str, Collection[str]]:
        """The queries and the passages in each language."""
        judged = self.sets[language]
        texts = {judged.language: set(judged.queries.values())}
        for code, passage in zip(judged.pool.languages, judged.pool.texts, strict=True):
            texts.setdefault(code, set()).add(passage)
        return texts

    def part(self, settings: JudgedSettings) -> TargetPart | None:
        """The first queries of each language; pools stay whole."""
        count = settings.queries
        if count is None:
            return None
        sets = {language: each.first(count) for language, each in self.sets.items()}
        return TargetPart(replace(self, sets=sets), f"first {count} queries", {"queries": count})

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> the queries that are among some texts, or have a relevant passage that is."""
        return {language: _touched(each, texts) for language, each in self.sets.items()}

    def examples(self, language: str, direction: Direction) -> JudgedExamples:
        """The queries of a language; they have one direction."""
        del direction
        return JudgedExamples(self.sets[language])

    def several_right(self, direction: Direction) -> bool:
        """Whether a query has several relevant passages."""
        del direction
        every = (grades for judged in self.sets.values() for grades in judged.grades.values())
        return any(sum(grade > 0 for grade in grades.values()) > 1 for grades in every)


def _touched(judged: JudgedSet, texts: AbstractSet[str]) -> set[str]:
    passages = {
        name for name, text in zip(judged.pool.ids, judged.pool.texts, strict=True) if text in texts
    }
    return {
        query
        for query, text in judged.queries.items()
        if text in texts or not passages.isdisjoint(judged.relevant(query))
    }


@dataclass(frozen=True, slots=True)
class JudgedExamples:
    """The queries of one set as examples show them.

    Args:
        judged: the set.
    """

    judged: JudgedSet

    def query(self, item: str) -> ExampleItem:
        """The text of the query."""
        return ExampleItem(self.judged.queries[item], language=self.judged.language)

    def right(self, item: str) -> ExampleItem:
        """The first of the passages with the highest grade."""
        return self.answer(self.judged.relevant(item)[0])

    def answer(self, retrieved: str) -> ExampleItem:
        """The passage that was retrieved."""
        pool = self.judged.pool
        place = pool.place[retrieved]
        return ExampleItem(pool.texts[place], language=pool.languages[place])


@dataclass(frozen=True, slots=True)
class JudgedTarget(Target[JudgedSettings, JudgedData]):
    """A target of retrieval with judgements."""

    kind: ClassVar[KindName] = "judged"
    settings: ClassVar[type[JudgedSettings]] = JudgedSettings
    ranks_passages: ClassVar[bool] = True
