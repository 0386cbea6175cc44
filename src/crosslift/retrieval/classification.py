"""Scores of predicted candidates as classes: what MTEB calls bitext mining."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crosslift.errors import DataError
from crosslift.retrieval.similarity import IntArray


class WeightedScores(NamedTuple):
    """Scores over the classes of Q queries, each class weighted by how many queries have it.

    Args:
        precision: support-weighted mean of the classes' precisions.
        recall: support-weighted mean of the classes' recalls; the same as ``accuracy``.
        weighted_f1: support-weighted mean of the classes' F1.
        accuracy: share of queries whose prediction is right.
    """

    precision: float
    recall: float
    weighted_f1: float
    accuracy: float


def weighted_scores(predictions: IntArray, labels: IntArray) -> WeightedScores:
    """Score predicted candidates as MTEB's bitext mining does: every candidate is a class.

    A class's precision is the share of right answers among the queries that got it, its recall
    among the queries that should; one that no query got has precision 0 (``zero_division=0`` in
    scikit-learn). This F1 has nothing to do with a mining F1: no pair is rejected. It lies below
    the accuracy where a wrong query takes a candidate that is right for another.

    Example, four queries::

        predictions 0 1 1 3
        labels      0 1 2 3
        class 1: precision 1/2, recall 1, F1 2/3; class 2: 0, 0, 0; the others 1, 1, 1
        precision (1 + 1/2 + 0 + 1) / 4 = 0.625, weighted_f1 (1 + 2/3 + 0 + 1) / 4 = 0.667,
        recall = accuracy = 3/4

    Args:
        predictions: int64 [Q], index of the candidate each query found.
        labels: int64 [Q], index of the correct candidate.

    Returns:
        The four scores, each in [0, 1].

    Raises:
        DataError: no query, other shapes, or indices that are not whole numbers.
    """
    _check(predictions, labels)
    classes, of_query = np.unique(labels, return_inverse=True)
    support = np.bincount(of_query, minlength=len(classes))
    right = predictions == labels
    correct = np.bincount(of_query[right], minlength=len(classes))
    place = np.minimum(np.searchsorted(classes, predictions), len(classes) - 1)
    predicted = np.bincount(place[classes[place] == predictions], minlength=len(classes))
    share = support / len(labels)
    accuracy = float(np.count_nonzero(right) / len(labels))
    return WeightedScores(
        precision=float(share @ (correct / np.maximum(predicted, 1))),
        recall=accuracy,
        weighted_f1=float(share @ (2 * correct / (predicted + support))),
        accuracy=accuracy,
    )


def _check(predictions: IntArray, labels: IntArray) -> None:
    if predictions.shape != labels.shape or labels.ndim != 1 or not len(labels):
        raise DataError(
            f"predictions of shape {predictions.shape} and labels of shape {labels.shape}",
            "one prediction and one label for each of at least one query",
        )
    for name, values in (("predictions", predictions), ("labels", labels)):
        if not np.issubdtype(values.dtype, np.integer):
            raise DataError(f"{name} of {values.dtype}", "indices of candidates")
