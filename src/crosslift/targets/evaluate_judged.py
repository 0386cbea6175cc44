"""Retrieval with judgements: the outcomes of every query, and the languages of what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.judged_metrics import TOP, judged_outcomes
from crosslift.retrieval.judged_search import RankedPassages, best_passages, trec_order
from crosslift.retrieval.similarity import IntArray, unit_rows
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Outcomes, SideLookups, Vectors


class FoundLanguages(NamedTuple):
    """The languages of what the Q queries of one set find in a pool of several languages.

    Only passages with the highest grade of their query count as relevant here, so that languages are
    compared at the same grade.

    Args:
        language: of the queries.
        protocol: id of the protocol.
        items: a name of each query, the same in all languages if it is the same query.
        pool: language -> its share of the passages.
        top: language -> float64 [Q], its share of the first ten passages.
        found: language -> float64 [Q], the share of the relevant passages in this language that are
            among the first ten; NaN for a query without such a passage.
        closer: language -> float64 [Q], of the pairs of a relevant passage in the language of the query
            and one in this language, the share in which the first has the higher cosine; a tie is
            half a pair. NaN for a query without such a pair.
    """

    language: str
    protocol: str
    items: tuple[str, ...]
    pool: Mapping[str, float]
    top: Mapping[str, NDArray[np.float64]]
    found: Mapping[str, NDArray[np.float64]]
    closer: Mapping[str, NDArray[np.float64]]


def evaluate_judged(
    lookups: Mapping[Protocol, SideLookups], data: JudgedData
) -> Iterator[tuple[Outcomes, FoundLanguages | None]]:
    """Searches the pool of every language under one protocol after another.

    Equal cosines are ordered as trec_eval orders them: by the bytes of the passage's id, descending.

    Args:
        lookups: protocol -> vectors as it reads them.
        data: the sets.

    Yields:
        The outcomes of a language under a protocol, and the languages of what was found; None if the
        pool has one language.
    """
    for language, judged in data.sets.items():
        order = trec_order(judged.pool.ids)
        for protocol, sides in lookups.items():
            queries = sides.src(list(judged.queries.values()))
            best = _search(queries, judged, sides, order)
            ids = [[judged.pool.ids[place] for place in row] for row in best.places]
            values = judged_outcomes(_grades(judged, ids), _relevant(judged))
            retrieved = tuple(row[0] for row in ids)
            items = tuple(judged.queries)
            outcomes = Outcomes(language, protocol.id, items, values, retrieved, judged.clusters)
            found = None
            if len(judged.pool.sizes) > 1:
                found = _languages(language, protocol, judged, best, queries, sides)
            yield outcomes, found


def ranked_ids(judged: JudgedSet, sides: SideLookups) -> list[list[tuple[str, float]]]:
    """The first hundred passages of every query with their cosines, in the order of trec_eval.

    Args:
        judged: the queries and their pool.
        sides: vectors of queries (src) and passages (tgt).
    """
    queries = sides.src(list(judged.queries.values()))
    best = _search(queries, judged, sides, trec_order(judged.pool.ids))
    names = judged.pool.ids
    return [
        [(names[place], float(score)) for place, score in zip(places, scores, strict=True)]
        for places, scores in zip(best.places, best.scores, strict=True)
    ]


def _search(
    queries: Vectors, judged: JudgedSet, sides: SideLookups, order: IntArray
) -> RankedPassages:
    """The best passages, as places of the pool."""
    texts = judged.pool.texts

    def vectors_of(part: slice) -> Vectors:
        return sides.tgt([texts[place] for place in order[part]])

    best = best_passages(queries, vectors_of, len(texts))
    return best._replace(places=order[best.places])


def _grades(judged: JudgedSet, ids: list[list[str]]) -> NDArray[np.float64]:
    of_queries = (judged.grades[query] for query in judged.queries)
    return np.array(
        [
            [grades.get(name, 0.0) for name in row]
            for grades, row in zip(of_queries, ids, strict=True)
        ]
    )


def _relevant(judged: JudgedSet) -> list[list[float]]:
    return [
        [grade for grade in judged.grades[query].values() if grade > 0] for query in judged.queries
    ]


def _languages(
    language: str,
    protocol: Protocol,
    judged: JudgedSet,
    best: RankedPassages,
    queries: Vectors,
    sides: SideLookups,
) -> FoundLanguages:
    codes = np.array(judged.pool.languages)
    top = codes[best.places[:, :TOP]]
    names = list(judged.pool.sizes)
    shape = (len(judged.queries), len(names))
    found, closer = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, query in enumerate(judged.queries):
        places = _highest(judged, query)
        is_found = np.isin(places, best.places[row, :TOP])
        cosines = _cosines(queries[row], places, judged, sides)
        of = codes[places]
        own = cosines[of == judged.language]
        for column, name in enumerate(names):
            chosen = of == name
            if chosen.any():
                found[row, column] = is_found[chosen].mean()
            if chosen.any() and own.size and name != judged.language:
                closer[row, column] = _share_closer(own, cosines[chosen])
    shares = {name: (top == name).mean(axis=1) for name in names}
    total = len(judged.pool.ids)
    return FoundLanguages(
        language,
        protocol.id,
        judged.clusters,
        {name: count / total for name, count in judged.pool.sizes.items()},
        shares,
        dict(zip(names, found.T, strict=True)),
        dict(zip(names, closer.T, strict=True)),
    )


def _highest(judged: JudgedSet, query: str) -> IntArray:
    """Places of the passages with the highest grade of a query."""
    grades = judged.grades[query]
    highest = max(grades.values())
    return np.array([judged.pool.place[name] for name, g in grades.items() if g == highest])


def _cosines(
    query: Vectors, places: IntArray, judged: JudgedSet, sides: SideLookups
) -> NDArray[np.float32]:
    """Cosines of a query and some passages, summed in float64 and rounded once, as in the search."""
    passages = unit_rows(sides.tgt([judged.pool.texts[place] for place in places]))
    unit = unit_rows(query[None])[0]
    cosines: NDArray[np.float64] = passages.astype(np.float64) @ unit.astype(np.float64)
    return cosines.astype(np.float32)


def _share_closer(own: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    gaps = own[:, None] - other
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())
