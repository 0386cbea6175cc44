"""Scores of predicted classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

Classes = Sequence[int] | NDArray[np.int64]


def accuracy(predicted: Classes, gold: Classes) -> NDArray[np.float64]:
    """Whether each predicted class is correct; the mean is the accuracy.

    Example::

        predicted 0, gold 0  ->  1
        predicted 2, gold 0  ->  0

    Args:
        predicted: N classes.
        gold: the N right ones.

    Returns:
        float64 [N], each 0 or 1.

    Raises:
        DataError: no class at all, or numbers of classes that differ.
    """
    classes, gold_classes = _both(predicted, gold)
    return np.asarray(classes == gold_classes, np.float64)


def macro_f1(predicted: Classes, gold: Classes) -> float:
    """The unweighted mean of the F1 of each class.

    The classes are those that occur on either side; a class that is never predicted correctly has
    an F1 of 0.

    Example::

        predicted 0 0 1, gold 0 1 1  ->  (2/3 + 2/3) / 2 = 2/3
        predicted 0 0 0, gold 0 0 1  ->  (4/5 + 0) / 2 = 2/5

    Args:
        predicted: N classes.
        gold: the N right ones.

    Returns:
        In [0, 1].

    Raises:
        DataError: as for `accuracy`.
    """
    counts = _confusion(*_both(predicted, gold))
    hits = np.diag(counts)
    return float(np.mean(2 * hits / (counts.sum(axis=0) + counts.sum(axis=1))))


def matthews(predicted: Classes, gold: Classes) -> float:
    """The correlation of predicted and correct classes (of CoLA); 0 if either side is constant.

    Example, two classes::

        predicted 0 1 1 0, gold 0 1 1 0  ->  1
        predicted 1 0 0 1, gold 0 1 1 0  ->  -1
        predicted 1 1 1 1, gold 0 1 1 0  ->  0      constant
        predicted 0 1 1 1, gold 0 0 1 1  ->  1/sqrt(3)

    Args:
        predicted: N classes, of two or more kinds.
        gold: the N right ones.

    Returns:
        In [-1, 1].

    Raises:
        DataError: as for `accuracy`.

    Source: Matthews 1975; for more than two classes: Gorodkin 2004, equation 8.
    """
    counts = _confusion(*_both(predicted, gold))
    total, hits = counts.sum(), np.trace(counts)
    of_gold, of_predicted = counts.sum(axis=1), counts.sum(axis=0)
    shared = hits * total - of_gold @ of_predicted
    spread = (total**2 - of_gold @ of_gold) * (total**2 - of_predicted @ of_predicted)
    return float(shared / np.sqrt(spread)) if spread else 0.0


def _both(predicted: Classes, gold: Classes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if len(predicted) != len(gold) or len(gold) == 0:
        raise DataError(
            f"{len(predicted)} predicted classes and {len(gold)} correct ones",
            "the same number of both, and at least one",
        )
    return np.asarray(predicted, np.int64), np.asarray(gold, np.int64)


def _confusion(predicted: NDArray[np.int64], gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts [C, C] of gold (row) and predicted (column) among the classes that occur."""
    classes, numbers = np.unique(np.concatenate([gold, predicted]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (numbers[: len(gold)], numbers[len(gold) :]), 1)
    return counts
