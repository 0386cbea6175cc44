"""Queries with judgements in a mixed pool, against faiss's flat index on the same cores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.turns import LocalContender, take_turns
from crosslift.making.vectors import lookup
from crosslift.retrieval.judged_metrics import judged_outcomes
from crosslift.retrieval.judged_search import DEPTH, trec_order
from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.targets.evaluate_judged import evaluate_judged, ranked_ids
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocols import JUDGED
from crosslift.targets.query_outcomes import SideLookups

WIDTH = 384
_PASSAGES, _PASSAGES_QUICK = 200_000, 20_000
_QUERIES = 2_000
_LANGUAGES = ("ar", "de", "en", "es", "hi", "ja", "ru", "sw", "th", "zh")
_RELEVANT = 3  # of each query, in languages after one another
_SAME = 1e-6


class _Sides(NamedTuple):
    """A set of queries, and the unit vectors of its texts.

    Args:
        judged: the set.
        queries: float32 [Q, D].
        passages: float32 [N, D].
    """

    judged: JudgedSet
    queries: NDArray[np.float32]
    passages: NDArray[np.float32]


def judged_rows(bench: Bench) -> Iterator[Row]:
    """One row: the outcomes of queries in a pool of ten languages, from vectors to nDCG at 10.

    Ours also counts the languages of what is found; the other side does not.

    Raises:
        ValueError: the rankings or the scores differ by more than rounding in float32 explains.
    """
    sides = _sides(_PASSAGES_QUICK if bench.quick else _PASSAGES)
    lookups = SideLookups(
        lookup(list(sides.judged.queries.values()), sides.queries),
        lookup(sides.judged.pool.texts, sides.passages),
    )
    data = JudgedData({sides.judged.name: sides.judged})
    ours = LocalContender(lambda: list(evaluate_judged({JUDGED[0]: lookups}, data)))
    theirs = LocalContender(lambda: _flat(sides))
    turns = take_turns([ours, theirs], bench.sizes.repeats)
    ((outcomes, _),) = ours.result
    _check_same(ranked_ids(sides.judged, lookups), theirs.result, outcomes.score("ndcg_at_10"))
    operations = 2.0 * _QUERIES * len(sides.passages) * WIDTH
    needs = Needs(operations, sides.queries.nbytes + sides.passages.nbytes, bench.best)
    pool = f"{len(sides.passages):,} passages of {len(_LANGUAGES)} languages"
    detail = f"{_QUERIES:,} queries among {pool}, width {WIDTH}, k = {DEPTH}"
    work = Work("mixed pool, to nDCG", "faiss.IndexFlatIP", _QUERIES, "queries", needs, detail)
    seconds = (turns.seconds[0], turns.seconds[1])
    yield Row.of(work, seconds, bench.speeds, turns.others)


def _sides(count: int) -> _Sides:
    """Vectors as crowded as those of a text encoder; every query is near its relevant passages."""
    generator = np.random.default_rng(0)
    scale = np.linspace(2, 0.1, WIDTH, dtype=np.float32)
    common = 1.7 * generator.standard_normal(WIDTH, np.float32)
    passages = common + scale * generator.standard_normal((count, WIDTH), np.float32)
    places = generator.permutation(count)[: _QUERIES * _RELEVANT].reshape(_QUERIES, _RELEVANT)
    queries = passages[places[:, 0]] + generator.standard_normal((_QUERIES, WIDTH), np.float32)
    for place in places.T[1:]:
        passages[place] = passages[places[:, 0]] + scale * generator.standard_normal(
            (_QUERIES, WIDTH), np.float32
        )
    for side in (queries, passages):
        faiss.normalize_L2(side)
    ids = tuple(f"p{number:07d}" for number in range(count))
    languages = tuple(_LANGUAGES[number % len(_LANGUAGES)] for number in range(count))
    pool = Pool(ids, tuple(f"passage {number}" for number in range(count)), languages)
    names = [f"q{number}" for number in range(_QUERIES)]
    grades = {
        name: {ids[place]: 1.0 for place in row} for name, row in zip(names, places, strict=True)
    }
    texts = {name: f"query {name}" for name in names}
    return _Sides(JudgedSet("de", texts, pool, grades), queries, passages)


class _Found(NamedTuple):
    """What the other side finds.

    Args:
        ids: of the passages of each query.
        scores: their cosines, float32 [Q, k].
        ndcg: mean nDCG at 10.
    """

    ids: list[list[str]]
    scores: NDArray[np.float32]
    ndcg: float


def _flat(sides: _Sides) -> _Found:
    """The search of faiss with our nDCG; the order of the passages decides between equal scores."""
    pool, grades = sides.judged.pool, sides.judged.grades
    order = trec_order(pool.ids)
    index = faiss.IndexFlatIP(WIDTH)
    index.add(sides.passages[order])
    scores, places = index.search(sides.queries, DEPTH)
    ids = [[pool.ids[order[place]] for place in row] for row in places]
    found = zip(grades.values(), ids, strict=True)
    given = np.array([[of_query.get(name, 0.0) for name in row] for of_query, row in found])
    relevant = [list(of_query.values()) for of_query in grades.values()]
    outcomes = judged_outcomes(given, relevant)
    return _Found(ids, scores, float(outcomes["ndcg_at_10"].mean()))


def _check_same(ours: list[list[tuple[str, float]]], theirs: _Found, ndcg: float) -> None:
    """Rankings are equal but for passages whose scores are equal within rounding."""
    scores = np.array([[score for _, score in row] for row in ours])
    names = np.array([[name for name, _ in row] for row in ours])
    differ = names != np.array(theirs.ids)
    off = float(np.abs(scores - theirs.scores).max())
    if off > _SAME or abs(ndcg - theirs.ndcg) > _SAME:
        raise ValueError(f"scores differ by {off:.1e}, nDCG by {abs(ndcg - theirs.ndcg):.1e}")
    share = float(differ.mean())
    if share > 1e-2:  # neighbours whose scores are nearer than float32 tells apart change places
        raise ValueError(f"{share:.1%} of the places hold another passage")
