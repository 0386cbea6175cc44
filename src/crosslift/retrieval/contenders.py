"""Pairs that may belong to the answer: screened, and not scored exactly until few remain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.retrieval.neighbours import BestSoFar
from crosslift.retrieval.screening import Keys, floor_keys, results_of_keys
from crosslift.retrieval.similarity import IntArray

Score = Callable[[IntArray, IntArray], NDArray[np.float32]]
"""Queries [P] and candidates [P] -> their exact scores [P]."""


class Contenders:
    """The candidates of the queries of one side that may be among their k best.

    The k best screened results of a query give a floor: k pairs score at least as much, less the slack.
    A pair whose screened result is below that floor by more than a second slack is out, without an
    exact score.

    Args:
        best: the exact best results so far, of N queries.
        slack: largest distance of a screened result from the score, float64 [N] (`ScreenedRows.slack`).
        shift: number subtracted from the scores in all screened results.
        keys: type of the keys of screened results.
    """

    def __init__(
        self, best: BestSoFar, slack: NDArray[np.float64], shift: float, keys: Keys
    ) -> None:
        self.best, self.slack, self.shift, self.keys = best, slack, shift, keys
        self.floors = floor_keys(best.floors() - shift - slack, keys)
        self.waiting = 0
        self._parts: list[tuple[IntArray, IntArray, NDArray[np.int32]]] = []

    @property
    def k(self) -> int:
        """Neighbours of a query."""
        return int(self.best.scores.shape[1])

    def add(self, queries: IntArray, candidates: IntArray, results: NDArray[np.int32]) -> None:
        """Adds pairs [P] with their keys; their candidates come after those of all settled pairs."""
        self._parts.append((queries, candidates, results))
        self.waiting += len(queries)

    def raise_to(self, least: Tensor, queries: slice) -> None:
        """Raises floors to these keys, if the keys are higher."""
        self.floors[queries] = torch.maximum(self.floors[queries], least)

    def widen(self, slack: NDArray[np.float64]) -> None:
        """Widens the slack to allow for results at this distance from their scores, float64 [N]."""
        more = np.maximum(slack - self.slack, 0)
        if more.any():
            self.floors = floor_keys(results_of_keys(self.floors, self.keys) - more, self.keys)
            self.slack = self.slack + more

    def floor_of(self, reached: Tensor, slack: NDArray[np.float64]) -> Tensor:
        """The floors of queries that each have k results at or above these keys."""
        results = results_of_keys(reached, self.keys)
        # These results are rounded and off by the slack; so is the result of a pair of equal score.
        lowest = results - np.abs(results) * self.keys.result_error - 2 * slack
        return floor_keys(lowest, self.keys)

    def tighten(self) -> None:
        """Raises the floors by the pairs at hand, and drops the pairs below them."""
        if not self.waiting:
            return
        queries, candidates, results = self._take()
        counts = np.bincount(queries, minlength=len(self.slack))
        ranked = np.sort(queries * 2**33 - results)  # by query, then by falling result
        enough = np.flatnonzero(counts >= self.k)
        starts = np.cumsum(counts) - counts
        kth = torch.from_numpy(enough * 2**33 - ranked[starts[enough] + self.k - 1])
        floors = self.floor_of(kth.to(self.keys.integers), self.slack[enough])
        rows = torch.from_numpy(enough)
        self.floors[rows] = torch.maximum(self.floors[rows], floors)
        contends = results >= self.floors.numpy()[queries]
        self.add(queries[contends], candidates[contends], results[contends])

    def settle(self, score: Score) -> None:
        """Scores all pairs at hand exactly and merges them into the best so far."""
        if self.waiting:
            queries, candidates = self.take()
            self.merge(queries, candidates, score(queries, candidates))

    def take(self) -> tuple[IntArray, IntArray]:
        """Takes the queries and the candidates of all pairs at hand, by rising candidate."""
        queries, candidates, _ = self._take()
        order = np.argsort(candidates, kind="stable")  # the first of equal scores wins
        return queries[order], candidates[order]

    def merge(self, queries: IntArray, candidates: IntArray, scores: NDArray[np.float32]) -> None:
        """Merges the scored pairs that were taken into the best so far."""
        self.best.merge(queries, candidates, scores)
        self.raise_to_best(slice(None))

    def raise_to_best(self, queries: slice) -> None:
        """Raises floors to the floors that the best results so far give."""
        exact = self.best.floors()[queries] - self.shift - self.slack[queries]
        self.raise_to(floor_keys(exact, self.keys), queries)

    def _take(self) -> tuple[IntArray, IntArray, NDArray[np.int32]]:
        queries, candidates, results = (np.concatenate(c) for c in zip(*self._parts, strict=True))
        self._parts, self.waiting = [], 0
        return queries, candidates, results
