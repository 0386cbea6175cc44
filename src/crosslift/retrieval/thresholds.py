"""Thresholds of mined pairs, and the precision, recall and F1 of the pairs above them.

A pair is extracted if its score is at least the threshold. Pairs of one score are extracted or
rejected together, so cuts are between distinct scores only, and a threshold is the midpoint between
the last extracted score and the first rejected one. If all are extracted, it is the last score itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.results.mined_languages import MiningScore, finite_or_none
from crosslift.retrieval.similarity import IntArray

ScoreArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PrecisionRecallCurve:
    """Precision and recall at every cut, from the highest threshold to the lowest.

    Args:
        precision: float64 [C], C the number of distinct scores.
        recall: float64 [C], ascending.
        threshold: float64 [C], descending; `score_at` gives the same values at each.
    """

    precision: ScoreArray
    recall: ScoreArray
    threshold: ScoreArray


class _Cuts(NamedTuple):
    """Threshold, pairs at or above it and gold pairs among them, [C] each, highest first."""

    threshold: ScoreArray
    mined: IntArray
    correct: IntArray


def precision_recall_curve(
    scores: ScoreArray, is_gold: BoolArray, n_gold: int
) -> PrecisionRecallCurve:
    """Precision and recall of the pairs above every possible cut.

    Example, scores 0.9 0.8 0.8 0.3, gold yes no yes no, of 4 gold pairs::

        threshold 0.85  ->  precision 1/1, recall 1/4
        threshold 0.55  ->  precision 2/3, recall 2/4   the two 0.8 come together
        threshold 0.3   ->  precision 2/4, recall 2/4

    Args:
        scores: float64 [P], of mined pairs in any order.
        is_gold: bool [P], whether each pair is a gold pair.
        n_gold: number of all gold pairs, mined or not.

    Returns:
        The curve; empty if there is no pair.

    Raises:
        DataError: a score that is not finite, other shapes, or ``n_gold`` below the gold pairs mined.
    """
    cuts = _cuts(scores, is_gold)
    _check_gold(is_gold, n_gold)
    return PrecisionRecallCurve(
        cuts.correct / cuts.mined, cuts.correct / max(n_gold, 1), cuts.threshold
    )


def best_threshold(scores: ScoreArray, is_gold: BoolArray, n_gold: int) -> float:
    """The threshold with the highest mining F1 on the pairs it is fitted on.

    Of several cuts with one F1 it takes the highest, which extracts the fewest pairs: equal F1
    with fewer pairs is higher precision, and BUCC's search also keeps the first.

    Example: with the pairs of `precision_recall_curve` the F1 are 2/5, 4/7 and 4/8: 0.55.

    Args:
        scores: float64 [P], of mined pairs in any order.
        is_gold: bool [P].
        n_gold: number of all gold pairs, mined or not.

    Returns:
        The threshold; +inf, whose F1 is 0, if no mined pair is gold.

    Raises:
        DataError: as in `precision_recall_curve`.
    """
    cuts = _cuts(scores, is_gold)
    _check_gold(is_gold, n_gold)
    if not is_gold.any():
        return float("inf")
    return float(cuts.threshold[(2 * cuts.correct / (cuts.mined + n_gold)).argmax()])


def score_at(scores: ScoreArray, is_gold: BoolArray, n_gold: int, threshold: float) -> MiningScore:
    """Precision, recall and F1 of the pairs whose score is at least ``threshold``.

    Args:
        scores: float64 [P], of mined pairs in any order.
        is_gold: bool [P].
        n_gold: number of all gold pairs, mined or not.
        threshold: lowest score of an extracted pair; +inf extracts no pair, -inf every pair.

    Returns:
        The score.

    Raises:
        DataError: as in `precision_recall_curve`, or a threshold that is NaN.
    """
    check_pairs(scores, is_gold)
    _check_gold(is_gold, n_gold)
    if np.isnan(threshold):
        raise DataError("the threshold is nan", "a number")
    extracted = scores >= threshold
    return score_of_counts(
        int(extracted.sum()), int((extracted & is_gold).sum()), n_gold, threshold
    )


def threshold_for_precision(
    scores: ScoreArray, is_gold: BoolArray, least_precision: float
) -> float:
    """The lowest threshold whose pairs have at least the wanted precision on the labelled pairs.

    Precision rises and falls along the cuts. This takes the largest set of pairs that reaches
    ``least_precision``, even if a smaller set does not.

    Example, scores 0.9 0.8 0.7 0.6, gold no yes yes no: precisions 0, 1/2, 2/3, 1/2. At least 0.6
    gives 0.65, at least 0.5 gives 0.6, at least 0.9 raises: the best is 2/3.

    Args:
        scores: float64 [P], of labelled pairs in any order.
        is_gold: bool [P].
        least_precision: above 0 and at most 1.

    Returns:
        The threshold.

    Raises:
        DataError: no cut reaches the precision (the message has the best one), or it is out of range.
    """
    _check_precision(least_precision)
    cuts = _cuts(scores, is_gold)
    return _lowest(cuts.threshold, cuts.correct / cuts.mined, least_precision)


def precision_from_negatives(
    scores: ScoreArray,
    negative_scores: ScoreArray,
    thresholds: ScoreArray,
    *,
    n_src: int,
    n_negative_src: int,
) -> ScoreArray:
    """Estimates precision above thresholds without gold, from pairs that are certainly false.

    Mine again where no true pair can exist: with tgt texts of another source, or without the
    true translations. Every pair of this search is false. The same number per src row is expected
    among the mined pairs: precision = 1 - false / mined. The estimate is too low if most src rows have
    a translation, because such a row seldom gets a false one. Its accuracy depends on the number of
    negatives above the cut, which is small at high thresholds.

    Example, 4 src rows with pairs 0.9 0.8 0.7 0.6, 8 negative src rows with pairs 0.75 0.65
    0.2 0.1::

        threshold 0.8  ->  1 - 0 / 2 = 1
        threshold 0.7  ->  1 - (1 * 4/8) / 3 = 0.833
        threshold 0.6  ->  1 - (2 * 4/8) / 4 = 0.75

    Args:
        scores: float64 [P], of the mined pairs.
        negative_scores: float64 [F], of pairs that are all false; may be empty.
        thresholds: float64 [T].
        n_src: src rows that the mined pairs were searched for.
        n_negative_src: src rows that the false pairs were searched for.

    Returns:
        float64 [T]; 0 if more false pairs are expected than were mined, NaN if none is mined.

    Raises:
        DataError: a score that is not finite, or counts below 1.
    """
    for name, count in (("n_src", n_src), ("n_negative_src", n_negative_src)):
        if count < 1:
            raise DataError(f"{name} is {count}", "the number of src rows searched, at least 1")
    _check_scores(scores, "scores")
    _check_scores(negative_scores, "negative_scores")
    mined = _at_least(scores, thresholds)
    false = _at_least(negative_scores, thresholds) * (n_src / n_negative_src)
    estimate = np.maximum(1 - false / np.maximum(mined, 1), 0)
    return np.where(mined > 0, estimate, np.nan)


def threshold_from_negatives(
    scores: ScoreArray,
    negative_scores: ScoreArray,
    least_precision: float,
    *,
    n_src: int,
    n_negative_src: int,
) -> float:
    """The lowest threshold whose estimated precision is at least the wanted one, without gold.

    Args:
        scores: float64 [P], of the mined pairs; the cuts are between their distinct scores.
        negative_scores: float64 [F], as in `precision_from_negatives`.
        least_precision: above 0 and at most 1.
        n_src: src rows that the mined pairs were searched for.
        n_negative_src: src rows that the false pairs were searched for.

    Returns:
        The threshold; `precision_from_negatives` at it is at least ``least_precision``.

    Raises:
        DataError: as for `precision_from_negatives`; or no cut reaches the precision (the message
            has the best estimate), or it is out of range.
    """
    _check_precision(least_precision)
    cuts = _cuts(scores, np.zeros(len(scores), np.bool_))
    estimates = precision_from_negatives(
        scores, negative_scores, cuts.threshold, n_src=n_src, n_negative_src=n_negative_src
    )
    return _lowest(cuts.threshold, estimates, least_precision)


def score_of_counts(mined: int, correct: int, gold: int, threshold: float | None) -> MiningScore:
    """Precision, recall and F1 of counted pairs; threshold None: there were several."""
    return MiningScore(
        precision=_share(correct, mined),
        recall=_share(correct, gold),
        mining_f1=_share(2 * correct, mined + gold),
        mined=mined,
        correct=correct,
        gold=gold,
        threshold=None if threshold is None else finite_or_none(threshold),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _cuts(scores: ScoreArray, is_gold: BoolArray) -> _Cuts:
    check_pairs(scores, is_gold)
    ascending, place, mined = np.unique(scores, return_inverse=True, return_counts=True)
    correct = np.bincount(place[is_gold], minlength=len(ascending))
    values = ascending[::-1].astype(np.float64)
    return _Cuts(_between(values), np.cumsum(mined[::-1]), np.cumsum(correct[::-1]))


def _between(values: ScoreArray) -> ScoreArray:
    """A threshold [C] for each of the descending ``values`` [C], which accepts it but not the next.

    The midpoint of two neighbouring floats can round to the lower one, which would accept that too.
    """
    middles = values[:-1] / 2 + values[1:] / 2
    usable = (middles > values[1:]) & (middles <= values[:-1])
    return np.append(np.where(usable, middles, values[:-1]), values[-1:])


def _at_least(scores: ScoreArray, thresholds: ScoreArray) -> IntArray:
    """Number of scores that are at least each threshold [T]."""
    return len(scores) - np.searchsorted(np.sort(scores), thresholds, side="left")


def _lowest(thresholds: ScoreArray, precisions: ScoreArray, least_precision: float) -> float:
    """The last of the descending thresholds with at least this precision."""
    reached = np.flatnonzero(precisions >= least_precision)
    if not len(reached):
        best = f"{precisions.max():.6g}" if len(precisions) else "none, for there is no pair"
        raise DataError(
            f"no threshold reaches a precision of {least_precision}; the best is {best}",
            "a precision that the scores can reach",
            "use a lower precision, a better encoder or another margin",
        )
    return float(thresholds[reached[-1]])


def _check_scores(scores: ScoreArray, name: str) -> None:
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise DataError(f"{name}: pair {bad[0]} has the score {scores[bad[0]]}", "finite scores")


def check_pairs(scores: ScoreArray, is_gold: BoolArray) -> None:
    """Raises DataError unless there is one finite score and one bool for each pair."""
    if scores.ndim != 1 or scores.shape != is_gold.shape or is_gold.dtype != np.bool_:
        raise DataError(
            f"scores of shape {scores.shape}, is_gold of {is_gold.dtype} {is_gold.shape}",
            "one score and one bool for each pair",
        )
    _check_scores(scores, "scores")


def _check_gold(is_gold: BoolArray, n_gold: int) -> None:
    if n_gold < is_gold.sum():
        raise DataError(
            f"n_gold is {n_gold}, but {is_gold.sum()} mined pairs are gold",
            "all gold pairs counted, each pair mined once",
        )


def _check_precision(precision: float) -> None:
    if not 0 < precision <= 1:
        raise DataError(
            f"the wanted precision is {precision}", "above 0 and at most 1, such as 0.95"
        )
