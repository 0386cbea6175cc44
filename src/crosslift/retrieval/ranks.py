"""Ranks of the correct answers among all candidates; ties count as ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.retrieval.best_answers import BestAnswers, best_of_rows
from crosslift.retrieval.similarity import (
    FloatArray,
    IntArray,
    cosine_block,
    distinct_rows,
    rows_per_block,
    unit_rows,
)

Gold = Sequence[int] | IntArray | Sequence[Sequence[int]] | Sequence[IntArray]
"""Correct answers: one index of a candidate per query, or one list of indices per query."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """The rank of each query's best correct answer, with its ties unresolved.

    If several answers are correct (captions of one picture), the rank is that of the answer with the
    highest score, and the others never count against it. A candidate that is not listed as correct
    but has the same score, such as the same text under another item, is a tie.

    Args:
        better: [Q], candidates that score strictly above the best correct answer.
        tied: [Q], candidates with its score, itself included; at least 1.
        gold_tied: [Q], number of correct answers among ``tied``; at least 1.
        best: [Q, k], indices of the k best candidates, up to five; the lowest index among ties.
            Candidates with byte-identical vectors are one: the first of them.
        best_scores: float32 [Q, k], their scores.
    """

    better: IntArray
    tied: IntArray
    gold_tied: IntArray
    best: IntArray
    best_scores: NDArray[np.float32]

    @property
    def retrieved(self) -> IntArray:
        """[Q], index of a candidate with the highest score; the lowest index among ties."""
        return self.best[:, 0]

    @property
    def best_answers(self) -> BestAnswers:
        """The best candidates with their scores."""
        return BestAnswers(self.best, self.best_scores)

    def __len__(self) -> int:
        return len(self.better)


@dataclass(frozen=True, slots=True)
class Answers:
    """The correct answers of Q queries in one array, query after query.

    Args:
        candidates: [A], indices of candidates.
        queries: [A], the query that each belongs to; ascending.
        starts: [Q], index of each query's first answer.
    """

    candidates: IntArray
    queries: IntArray
    starts: IntArray

    def of_block(self, start: int, stop: int) -> Answers:
        """The answers of the queries ``start`` to ``stop``, which are numbered from 0."""
        ends = np.append(self.starts, len(self.candidates))
        low, high = int(ends[start]), int(ends[stop])
        return Answers(
            self.candidates[low:high], self.queries[low:high] - start, self.starts[start:stop] - low
        )


def gold_ranks(
    queries: FloatArray,
    candidates: FloatArray,
    gold: Gold,
    *,
    chunk: int | None = None,
) -> Ranks:
    """Rank every query's correct answers among all candidates by cosine.

    Candidates with byte-identical unit vectors are scored once and counted as often as they
    occur, so that they tie in every matrix kernel; other ties are equality in float32.

    Args:
        queries: floats [Q, D].
        candidates: floats [C, D].
        gold: [Q] indices of candidates, or one list of indices per query, all of them correct.
        chunk: number of queries that are scored at once. None: as many as fit in about 100 MB.

    Returns:
        Ranks of length Q.

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; a query without a
            correct answer; an index of no candidate.
    """
    units, distinct = unit_rows(queries), distinct_rows(unit_rows(candidates))
    check_widths(queries, candidates)
    answers = read_answers(gold, len(units), len(candidates))
    wide = distinct.rows.astype(np.float64)
    step = rows_per_block(len(wide), chunk)
    blocks = []
    for start in range(0, len(units), step):
        stop = min(start + step, len(units))
        scores = cosine_block(units[start:stop], wide)
        answers_of_block = answers.of_block(start, stop)
        places = distinct.place[answers_of_block.candidates]
        blocks.append(rank_block(scores, answers_of_block, places, distinct.copies, distinct.first))
    return join_ranks(blocks)


def ranks_of_scores(scores: FloatArray, gold: Gold) -> Ranks:
    """Rank every query's correct answers by existing scores.

    Args:
        scores: floats [Q, C], higher is better.
        gold: the same as in `gold_ranks`.

    Returns:
        Ranks of length Q.

    Raises:
        DataError: a score that is NaN or infinite; a query without a correct answer; an index
            of no candidate.
    """
    if scores.ndim != 2 or 0 in scores.shape:
        raise DataError(
            f"scores of shape {scores.shape}", "a row per query, a column per candidate"
        )
    bad = np.argwhere(~np.isfinite(scores))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"the score of query {row} and candidate {column} is {scores[row, column]}",
            "finite scores",
        )
    answers = read_answers(gold, *scores.shape)
    each = np.arange(scores.shape[1])
    scores = scores.astype(np.result_type(scores, np.float32))  # rank_block writes into it
    return rank_block(scores, answers, answers.candidates, np.ones_like(each), each)


def rank_block(
    scores: FloatArray, answers: Answers, columns: IntArray, copies: IntArray, first: IntArray
) -> Ranks:
    """Rank the queries of one block of scores.

    Args:
        scores: [B, U], a column per distinct candidate; memory that may be written.
        answers: the correct answers of the B queries.
        columns: [A], the column of each answer.
        copies: [U], number of candidates of each column.
        first: [U], the first candidate of each column; ascending.

    Returns:
        Ranks of length B.
    """
    answer_scores = scores[answers.queries, columns]
    best = np.maximum.reduceat(answer_scores, answers.starts)
    is_best = (answer_scores == best[answers.queries]).astype(np.int64)
    places, best_scores = best_of_rows(scores)
    return Ranks(
        better=count_copies(scores > best[:, None], copies),
        tied=count_copies(scores == best[:, None], copies),
        gold_tied=np.add.reduceat(is_best, answers.starts),
        best=first[places],
        best_scores=best_scores,
    )


def count_copies(chosen: NDArray[np.bool_], copies: IntArray) -> IntArray:
    """Sum ``copies`` [U] over the chosen columns of each row of ``chosen`` [B, U]: ints [B].

    The sum is computed in float64, which represents every count exactly and lets BLAS do it.
    """
    return (chosen.astype(np.float64) @ copies.astype(np.float64)).astype(np.int64)


def join_ranks(blocks: Sequence[Ranks]) -> Ranks:
    """Put the ranks of consecutive blocks of queries together."""
    return Ranks(
        *(np.concatenate([getattr(b, field.name) for b in blocks]) for field in fields(Ranks))
    )


def check_widths(left: FloatArray, right: FloatArray) -> None:
    """Raise DataError unless both matrices have vectors of one width."""
    if left.shape[1] != right.shape[1]:
        raise DataError(
            f"queries have {left.shape[1]} dimensions, candidates {right.shape[1]}",
            "vectors of one encoder, or of two towers with one projection size",
        )


def read_answers(gold: Gold, n_queries: int, n_candidates: int) -> Answers:
    """Read and check the correct answers: indices, or one list of indices per query.

    Args:
        gold: see `gold_ranks`.
        n_queries: number of queries.
        n_candidates: number of candidates.

    Returns:
        The answers.

    Raises:
        DataError: a wrong number of queries, a query without an answer, or an index that is not a
            whole number, is of no candidate, or is listed twice for one query.
    """
    lists = [np.atleast_1d(np.asarray(answers)) for answers in gold]
    if len(lists) != n_queries:
        raise DataError(f"{len(lists)} queries have correct answers", f"{n_queries}, one per query")
    for query, answers in enumerate(lists):
        _check_answers(query, answers, n_candidates)
    sizes = np.array([len(answers) for answers in lists])
    return Answers(
        candidates=np.concatenate(lists).astype(np.int64),
        queries=np.repeat(np.arange(n_queries), sizes),
        starts=np.cumsum(sizes) - sizes,
    )


def _check_answers(query: int, answers: NDArray[np.generic], n_candidates: int) -> None:
    if answers.size == 0:
        raise DataError(f"query {query} has no correct answer", "at least one", "leave it out")
    if not np.issubdtype(answers.dtype, np.integer) or answers.ndim != 1:
        raise DataError(f"query {query} has the answers {answers!r}", "indices of candidates")
    bad = [index for index in answers.tolist() if not 0 <= index < n_candidates]
    if bad:
        raise DataError(
            f"query {query} has candidate {bad[0]} as a correct answer",
            f"an index from 0 to {n_candidates - 1}",
        )
    if len(set(answers.tolist())) < answers.size:
        raise DataError(f"query {query} lists an answer twice: {answers.tolist()}", "each once")
