"""Retrieval of aligned pairs in both directions from one pass over the scores."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.retrieval.best_answers import BestAnswers, best_of_rows
from crosslift.retrieval.ranks import Answers, Ranks, check_widths, join_ranks, rank_block
from crosslift.retrieval.similarity import (
    DistinctRows,
    FloatArray,
    IntArray,
    cosine_block,
    distinct_rows,
    rows_per_block,
    unit_rows,
)


class Directions(NamedTuple):
    """Ranks of aligned pairs, each of length N.

    Args:
        src_to_tgt: ``src[i]`` is a query, all of ``tgt`` are candidates, ``tgt[i]`` is correct.
        tgt_to_src: the opposite direction.
    """

    src_to_tgt: Ranks
    tgt_to_src: Ranks


class _Columns:
    """Ranks of the queries in the columns, updated by one block of rows after another."""

    def __init__(self, src: DistinctRows, tgt: DistinctRows, pair_scores: FloatArray) -> None:
        self.src, self.tgt, self.pair_scores = src, tgt, pair_scores
        self.better = np.zeros(len(pair_scores), np.int64)
        self.tied = np.zeros(len(pair_scores), np.int64)
        self.best: BestAnswers | None = None

    def add(self, start: int, scores: NDArray[np.float32]) -> None:
        """Count the rows from ``start`` on, with scores [B, U]."""
        copies = self.src.copies[start : start + len(scores)].astype(np.float64)
        of_queries = scores[:, self.tgt.place]
        self.better += (copies @ (of_queries > self.pair_scores)).astype(np.int64)
        self.tied += (copies @ (of_queries == self.pair_scores)).astype(np.int64)
        here = best_of_rows(np.ascontiguousarray(scores.T))
        here = here._replace(places=here.places + start)
        self.best = here if self.best is None else self.best.merged(here)

    def ranks(self) -> Ranks:
        """The ranks, after every row was added."""
        if self.best is None:
            raise TypeError("no rows were added")
        places = self.best.places[self.tgt.place]
        scores = self.best.scores[self.tgt.place]
        ones = np.ones_like(self.better)
        return Ranks(self.better, self.tied, ones, self.src.first[places], scores)


def both_directions(src: FloatArray, tgt: FloatArray, *, chunk: int | None = None) -> Directions:
    """Ranks aligned pairs by cosine in both directions, and computes each score once.

    Ties are those of `gold_ranks`: equal vectors on either side are scored once and counted as
    often as they occur.

    Args:
        src: floats [N, D].
        tgt: floats [N, D]; ``tgt[i]`` belongs to ``src[i]``.
        chunk: rows of ``src`` scored at once; None: as many as fit in about 100 MB.

    Returns:
        The ranks of both directions.

    Raises:
        DataError: vectors that are not finite, zero or of unequal width; sides of unequal length.
    """
    left, right = distinct_rows(unit_rows(src)), distinct_rows(unit_rows(tgt))
    check_widths(src, tgt)
    if len(src) != len(tgt):
        raise DataError(
            f"{len(src)} src vectors and {len(tgt)} tgt vectors", "the same number of both"
        )
    step = rows_per_block(len(src), chunk)
    pair_scores = _pair_scores(left, right, step)
    order = np.argsort(left.place, kind="stable")
    columns, rows = _Columns(left, right, pair_scores), []
    wide = right.rows.astype(np.float64)
    for start in range(0, len(left.rows), step):
        scores = cosine_block(left.rows[start : start + step], wide)
        low, high = np.searchsorted(left.place[order], [start, start + step])
        pairs = order[low:high]
        # One value per pair, in every block and both directions.
        scores[left.place[pairs] - start, right.place[pairs]] = pair_scores[pairs]
        columns.add(start, scores)
        rows += [
            _rank_rows(scores, left.place[some] - start, some, right)
            for some in np.array_split(pairs, -(-len(pairs) // step))
        ]
    return Directions(_in_order(join_ranks(rows), order), columns.ranks())


def _pair_scores(left: DistinctRows, right: DistinctRows, step: int) -> NDArray[np.float32]:
    """The score of every pair [N], computed in float64 as in a block."""
    parts = []
    for start in range(0, len(left.place), step):
        ours = left.rows[left.place[start : start + step]].astype(np.float64)
        theirs = right.rows[right.place[start : start + step]].astype(np.float64)
        parts.append((ours * theirs).sum(axis=1).astype(np.float32))
    return np.concatenate(parts)


def _rank_rows(
    scores: NDArray[np.float32], rows: IntArray, pairs: IntArray, right: DistinctRows
) -> Ranks:
    each = np.arange(len(pairs))
    answers = Answers(candidates=pairs, queries=each, starts=each)
    return rank_block(scores[rows], answers, right.place[pairs], right.copies, right.first)


def _in_order(ranks: Ranks, order: IntArray) -> Ranks:
    """Ranks whose k-th entry is query ``order[k]``, back in the order of the queries."""
    back = np.argsort(order)
    return Ranks(*(getattr(ranks, field.name)[back] for field in fields(Ranks)))
