"""Mining scores if only one split has gold, and the F1 as a mean, for tests that resample."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosslift.errors import DataError
from crosslift.results.mined_languages import MiningScore
from crosslift.retrieval.similarity import IntArray
from crosslift.retrieval.thresholds import (
    BoolArray,
    ScoreArray,
    best_threshold,
    check_pairs,
    score_at,
    score_of_counts,
)

FOLDS = 2


@dataclass(frozen=True, slots=True)
class FoldScores:
    """Scores of two folds, each cut at a threshold that was fitted on the other.

    Args:
        folds: score of fold 0 and of fold 1, each with the threshold that was applied to it.
        total: score of the summed counts; it has no threshold, because there are two.
        extracted: bool [P], whether each pair is at or above the threshold of its fold.
    """

    folds: tuple[MiningScore, MiningScore]
    total: MiningScore
    extracted: BoolArray


def folds_of(ids: Sequence[str], seed: int = 0) -> IntArray:
    """The fold of each id, 0 or 1, from a hash of the id alone.

    The fold of an item does not depend on the other items, on their order or on the machine, so that
    two models are always cut and scored on the same folds.

    Args:
        ids: ids of N src items.
        seed: another seed gives other folds.

    Returns:
        int64 [N].
    """
    digests = (hashlib.blake2b(f"{seed}:{item}".encode(), digest_size=1).digest() for item in ids)
    return np.array([digest[0] % FOLDS for digest in digests], np.int64)


def fold_scores(
    scores: ScoreArray, is_gold: BoolArray, pair_folds: IntArray, gold_folds: IntArray
) -> FoldScores:
    """Scores mined pairs by thresholds that were fitted on other pairs.

    For data where only one split has gold: the threshold of each fold is the best one of the other
    fold, and the counts of both are summed.

    Args:
        scores: float64 [P], of mined pairs in any order.
        is_gold: bool [P].
        pair_folds: int64 [P], fold of each pair's src item, see `folds_of`.
        gold_folds: int64 [G], fold of each gold pair's src item, mined or not.

    Returns:
        The scores of both folds and of their sum.

    Raises:
        DataError: as in `precision_recall_curve`, a fold that is not 0 or 1, or a fold without gold, on
            which no threshold can be fitted.
    """
    check_pairs(scores, is_gold)
    _check_folds(pair_folds, gold_folds, len(scores))
    counts = np.bincount(gold_folds, minlength=FOLDS).tolist()
    inside = [pair_folds == fold for fold in range(FOLDS)]
    fitted = [
        best_threshold(scores[of_fold], is_gold[of_fold], count)
        for of_fold, count in zip(inside, counts, strict=True)
    ]
    first, second = (
        score_at(scores[inside[fold]], is_gold[inside[fold]], counts[fold], fitted[1 - fold])
        for fold in range(FOLDS)
    )
    total = score_of_counts(
        first.mined + second.mined,
        first.correct + second.correct,
        first.gold + second.gold,
        None,
    )
    return FoldScores((first, second), total, scores >= np.array(fitted)[1 - pair_folds])


def influence_values(correct: IntArray, mined: IntArray, gold: IntArray) -> ScoreArray:
    """One value per src item whose mean is the mining F1, for tests that resample items.

    F1 is a ratio of sums and not a mean of outcomes. To first order, resampling items changes it as it
    changes the mean of these values: ``F1 + (2 correct - F1 (mined + gold)) / mean(mined + gold)``,
    F1 plus the empirical influence of the item (the delta method: Efron and Tibshirani 1993, An
    Introduction to the Bootstrap, chapters 21 and 22).

    Example, three items with one gold pair each: one correct, one missed, one with a wrong pair::

        correct 1 0 0, mined 1 0 1, gold 1 1 1  ->  F1 = 2 / 5 = 0.4, mean(mined + gold) = 5/3
        values 0.4 + 1.2 / (5/3), 0.4 - 0.4 / (5/3), 0.4 - 0.8 / (5/3)  =  1.12, 0.16, -0.08

    Args:
        correct: ints or bools [N], gold pairs extracted with each src item.
        mined: ints or bools [N], pairs extracted with it.
        gold: ints or bools [N], gold pairs it has.

    Returns:
        float64 [N]; their mean is F1 up to rounding. All 0 if there are neither mined nor gold pairs.

    Raises:
        DataError: no item, other shapes, or an item with more correct pairs than mined or gold ones.
    """
    _check_items(correct, mined, gold)
    hits = 2 * correct.astype(np.float64)
    sizes = mined.astype(np.float64) + gold.astype(np.float64)
    if not sizes.any():
        return np.zeros(len(sizes))
    f1 = hits.sum() / sizes.sum()
    values: ScoreArray = f1 + (hits - f1 * sizes) / sizes.mean()
    return values


def share_values(part: IntArray, whole: IntArray) -> ScoreArray:
    """As `influence_values`, for the share sum(part) / sum(whole), such as a precision.

    Example::

        part 2 0, whole 3 1  ->  share 1/2, values 3/4 and 1/4

    Args:
        part: ints [N].
        whole: ints [N].

    Returns:
        float64 [N]; their mean is the share up to rounding. All 0 if the whole is 0.
    """
    if not whole.any():
        return np.zeros(len(whole))
    share = part.sum() / whole.sum()
    values: ScoreArray = share + (part - share * whole) / whole.mean()
    return values


def _check_folds(pair_folds: IntArray, gold_folds: IntArray, pairs: int) -> None:
    if len(pair_folds) != pairs:
        raise DataError(f"{len(pair_folds)} folds for {pairs} pairs", "one for each pair")
    for name, folds in (("pair_folds", pair_folds), ("gold_folds", gold_folds)):
        bad = folds[(folds < 0) | (folds >= FOLDS)]
        if len(bad):
            raise DataError(f"{name} holds {bad[0]}", "0 or 1, as `folds_of` returns them")
    for fold in range(FOLDS):
        if not (gold_folds == fold).any():
            raise DataError(
                f"fold {fold} has none of the {len(gold_folds)} gold pairs",
                "gold pairs in both folds, to fit a threshold on each",
                "use another seed, or more gold",
            )


def _check_items(correct: IntArray, mined: IntArray, gold: IntArray) -> None:
    if correct.ndim != 1 or not correct.shape == mined.shape == gold.shape or not len(correct):
        raise DataError(
            f"counts of shapes {correct.shape}, {mined.shape} and {gold.shape}",
            "three counts for each of at least one item",
        )
    bad = np.flatnonzero((correct < 0) | (correct > mined) | (correct > gold))
    if len(bad):
        item = bad[0]
        raise DataError(
            f"item {item} has {correct[item]} correct of {mined[item]} mined pairs and "
            f"{gold[item]} gold pairs",
            "at most as many correct as mined and as gold",
        )
