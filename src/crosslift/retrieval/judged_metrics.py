"""Scores of rankings against graded judgements, query by query, equal to those of trec_eval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.judged_search import DEPTH

TOP = 10
"""Number of first passages that nDCG and the reciprocal rank use."""


def judged_outcomes(
    ranked: NDArray[np.float64], relevant: Sequence[Sequence[float]]
) -> dict[str, NDArray[np.float64]]:
    """The outcomes of Q queries.

    - ``ndcg_at_10``: the gain of a passage is its grade, divided by ``log2(rank + 1)``; the sum over
      the first 10 is divided by that of the best order (Järvelin and Kekäläinen 2002; trec_eval's
      ``ndcg_cut_10``).
    - ``recall_at_100``: the share of the relevant passages among the first 100.
    - ``mrr_at_10``: 1 / rank of the first relevant passage; 0 beyond the tenth.
    - ``map_at_100``: the mean, over all relevant passages, of the precision at the rank of each;
      0 for those beyond the hundredth (trec_eval's ``map_cut_100``).
    - ``top1_accuracy``: 1 if the first passage is relevant.

    A passage is relevant if its grade is above 0.

    Args:
        ranked: [Q, k], the grades of the retrieved passages, the best first; 0 for those without a
            judgement.
        relevant: grades above 0 of all passages for each query, at least one.

    Returns:
        Outcome -> float64 [Q], each in [0, 1].
    """
    gains = np.maximum(ranked, 0)[:, :DEPTH]
    is_relevant = gains > 0
    counts = np.array([len(grades) for grades in relevant], np.float64)
    discounts = 1 / np.log2(np.arange(2, TOP + 2))
    ideal = np.zeros((len(relevant), TOP))
    for row, grades in enumerate(relevant):
        best = sorted(grades, reverse=True)[:TOP]
        ideal[row, : len(best)] = best
    top = gains[:, :TOP]
    ranks = np.arange(1, gains.shape[1] + 1)
    precision = np.cumsum(is_relevant, axis=1) / ranks
    first = np.where(is_relevant[:, :TOP], 1 / ranks[:TOP], 0.0)
    return {
        "ndcg_at_10": top @ discounts[: top.shape[1]] / (ideal @ discounts),
        "recall_at_100": is_relevant.sum(axis=1) / counts,
        "mrr_at_10": first.max(axis=1),
        "map_at_100": (precision * is_relevant).sum(axis=1) / counts,
        "top1_accuracy": is_relevant[:, 0].astype(np.float64),
    }
