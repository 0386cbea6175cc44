"""Retrieval with judgements: the outcomes of every query, and the languages of the passages that it
finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, first_few
from crosslift.retrieval.best_answers import BEST, BestAnswers
from crosslift.retrieval.judged_metrics import TOP, judged_outcomes
from crosslift.retrieval.judged_search import DEPTH, RankedPassages, best_passages, trec_order
from crosslift.retrieval.similarity import IntArray, unit_rows
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.sources.judged.trec_runs import RankedPassage
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Found, Outcomes, SideLookups, Vectors


class FoundLanguages(NamedTuple):
    """The languages of the passages that the Q queries of one set find in a pool of several languages.

    Only passages with the highest grade of their query count as relevant here, so that languages are
    compared at the same grade.

    Args:
        language: language of the queries.
        protocol: id of the protocol.
        items: a name of each query, the same in all languages if it is the same query.
        pool: language -> its share of the passages.
        top: language -> float64 [Q], its share of the first ten passages.
        found: language -> float64 [Q], the share of the relevant passages in this language that are
            among the first ten; NaN for a query without such a passage.
        closer: language -> float64 [Q], the share of the pairs of a relevant passage in the language of
            the query and one in this language in which the former has the higher cosine; a tie is half
            a pair. NaN for a query without such a pair.
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
            values = _values(judged, best.places)
            first = BestAnswers(best.places[:, :BEST], best.scores[:, :BEST])
            found = Found.of(first, judged.pool.ids)
            items = tuple(judged.queries)
            outcomes = Outcomes(
                language, protocol.id, items, values, found.first, judged.clusters, found
            )
            languages = None
            if len(judged.pool.sizes) > 1:
                languages = _languages(language, protocol, judged, best, queries, sides)
            yield outcomes, languages


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


def outcomes_of_rankings(
    language: str,
    judged: JudgedSet,
    ranked: Mapping[str, Sequence[RankedPassage]],
    protocol: Protocol,
) -> Outcomes:
    """The outcomes of every query for the rankings of another system.

    A query without a ranking has the outcomes 0, as with trec_eval's option -c. Rankings of other
    queries are ignored.

    Args:
        language: language of the queries, or two such as ``de-en``.
        judged: the queries and their pool.
        ranked: query -> its passages, the best first.
        protocol: protocol under which the outcomes are reported.

    Raises:
        DataError: the rankings answer none of the queries, or name a passage that the pool lacks.
    """
    ids = [[row.passage for row in ranked.get(query, ())][:DEPTH] for query in judged.queries]
    if not any(ids):
        raise DataError(
            f"a run with the queries {first_few(list(ranked), 3)}, none of which is asked in "
            f"{language}",
            f"queries such as {first_few(list(judged.queries), 3)}",
            "name the run of this language and split",
        )
    for query in judged.queries:
        for row in ranked.get(query, ()):
            if row.passage not in judged.pool.place:
                raise DataError(
                    f"{row.place} names the passage {row.passage!r}, which is not among the "
                    f"{len(judged.pool.ids)} that are searched",
                    f"ids such as {first_few(list(judged.pool.ids[:3]), 3)}",
                    "take a run over the same passages; see the setting `pool`",
                )
    first = tuple(row[0] if row else "" for row in ids)
    places = np.full((len(ids), DEPTH), len(judged.pool.ids))
    for filled, names in zip(places, ids, strict=True):
        filled[: len(names)] = [judged.pool.place[name] for name in names]
    values = _values(judged, places)
    return Outcomes(language, protocol.id, tuple(judged.queries), values, first, judged.clusters)


def _search(
    queries: Vectors, judged: JudgedSet, sides: SideLookups, order: IntArray
) -> RankedPassages:
    """The best passages, as places of the pool."""
    texts = judged.pool.texts

    def vectors_of(ranks: IntArray) -> Vectors:
        return sides.tgt([texts[place] for place in order[ranks].tolist()])

    best = best_passages(queries, vectors_of, len(texts))
    return best._replace(places=order[best.places])


def _values(judged: JudgedSet, places: IntArray) -> dict[str, NDArray[np.float64]]:
    """The outcomes of the queries, float64 [Q] each.

    Args:
        judged: Q queries and P passages.
        places: [Q, k], places of passages in the pool, the best first; P: none.
    """
    return judged_outcomes(_grades(judged, places), _relevant(judged))


def _grades(judged: JudgedSet, places: IntArray) -> NDArray[np.float64]:
    """The grades of passages [Q, k] for their queries; 0 for those without a judgement."""
    place, stride = judged.pool.place, len(judged.pool.ids) + 1
    pairs = {
        row * stride + place[name]: grade
        for row, query in enumerate(judged.queries)
        for name, grade in judged.grades[query].items()
    }
    keys = np.array(sorted(pairs))
    grades = np.array([pairs[key] for key in keys.tolist()])
    wanted = np.arange(len(places))[:, None] * stride + places
    nearest = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[nearest] == wanted, grades[nearest], 0.0)


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
    names = list(judged.pool.sizes)
    column_of = {name: column for column, name in enumerate(names)}
    of_passages = np.array([column_of[name] for name in judged.pool.languages])
    top = of_passages[best.places[:, :TOP]]
    relevant = _relevant_passages(judged, best, of_passages, queries, sides)
    own = relevant.columns == column_of.get(judged.language, -1)
    shape = (len(judged.queries), len(names))
    counts = relevant.sums(np.ones(len(own)), shape)
    counts[counts == 0] = np.nan
    found = relevant.sums(relevant.found, shape) / counts
    of_own = np.bincount(relevant.rows[own], minlength=shape[0])
    pairs = counts * np.where(of_own == 0, np.nan, of_own)[:, None]
    closer = relevant.sums(_closer_own(relevant, own, of_own), shape) / pairs
    closer[:, [column_of[name] for name in names if name == judged.language]] = np.nan
    tops = np.arange(len(top))[:, None] * len(names) + top
    shares = np.bincount(tops.ravel(), minlength=len(top) * len(names)) / top.shape[1]
    total = len(judged.pool.ids)
    return FoundLanguages(
        language,
        protocol.id,
        judged.clusters,
        {name: count / total for name, count in judged.pool.sizes.items()},
        dict(zip(names, shares.reshape(-1, len(names)).T, strict=True)),
        dict(zip(names, found.T, strict=True)),
        dict(zip(names, closer.T, strict=True)),
    )


class _Relevant(NamedTuple):
    """The passages with the highest grade of every query, P in all.

    Args:
        rows: int64 [P], numbers of the queries, ascending.
        columns: int64 [P], numbers of the languages.
        found: bool [P], whether they are among the first ten.
        cosines: float32 [P].
    """

    rows: IntArray
    columns: IntArray
    found: NDArray[np.bool_]
    cosines: NDArray[np.float32]

    def sums(self, values: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float64]:
        """Sums of values [P] by query and language, float64 of a shape."""
        places = np.ravel_multi_index((self.rows, self.columns), shape)
        sums = np.bincount(places, values, shape[0] * shape[1])
        return np.asarray(sums.reshape(shape), np.float64)


def _relevant_passages(
    judged: JudgedSet,
    best: RankedPassages,
    of_passages: IntArray,
    queries: Vectors,
    sides: SideLookups,
) -> _Relevant:
    """Cosines are summed in float64 and rounded once, as in the search."""
    from crosslift.retrieval.neighbours import exact_scores  # loads torch

    highest = [_highest(judged, query) for query in judged.queries]
    rows = np.repeat(np.arange(len(highest)), [len(each) for each in highest])
    places = np.concatenate(highest)
    distinct, columns = np.unique(places, return_inverse=True)
    passages = unit_rows(sides.tgt([judged.pool.texts[place] for place in distinct]))
    cosines = exact_scores(unit_rows(queries), passages, rows, columns)
    found = (best.places[rows, :TOP] == places[:, None]).any(axis=1)
    return _Relevant(rows, of_passages[places], found, cosines)


def _closer_own(
    relevant: _Relevant, own: NDArray[np.bool_], of_own: IntArray
) -> NDArray[np.float64]:
    """For each relevant passage, how many in the language of its query are closer to the query; equal
    cosines count half. float64 [P].

    Args:
        relevant: P passages.
        own: bool [P], whether they are in the language of their query.
        of_own: int64 [Q], how many of each query are.
    """
    times = of_own[relevant.rows]
    other = np.repeat(np.arange(len(own)), times)
    first = np.repeat(np.cumsum(times) - times, times)
    start = np.cumsum(of_own) - of_own
    place = start[relevant.rows[other]] + np.arange(len(other)) - first
    gaps = relevant.cosines[own][place] - relevant.cosines[other]
    return np.asarray(np.bincount(other, (gaps > 0) + 0.5 * (gaps == 0), len(own)), np.float64)


def _highest(judged: JudgedSet, query: str) -> IntArray:
    """Places of the passages with the highest grade of a query."""
    grades = judged.grades[query]
    highest = max(grades.values())
    return np.array([judged.pool.place[name] for name, g in grades.items() if g == highest])
