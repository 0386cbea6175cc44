"""Thresholds of mined pairs, calibrated on gold pairs or on stand-in false pairs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.results.mined_files import Threshold
from crosslift.retrieval.margin import Margin
from crosslift.retrieval.margin_mining import MinedPairs, Retrieval, mine
from crosslift.retrieval.search import BothNeighbours, Neighbours
from crosslift.retrieval.thresholds import (
    precision_from_negatives,
    score_at,
    threshold_for_precision,
    threshold_from_negatives,
)


def calibrate_on_gold(
    pairs: MinedPairs,
    src: Sequence[str],
    tgt: Sequence[str],
    gold: Sequence[tuple[str, str]],
    precision: float,
    estimate: StandIns,
) -> Threshold:
    """The lowest threshold with the wanted precision among pairs whose src text is in the gold.

    A pair has a label if its src text is in the gold: true if the gold pairs it with its tgt text,
    else false. The gold should contain every correct translation of its src texts.

    Gold labels only pairs of texts that have a translation. Pairs of texts without a translation are
    the likeliest to be false, and the estimate from stand-in false pairs counts them. If that estimate
    is below the wanted precision, the threshold is raised until the estimate reaches it too, if
    possible.

    Args:
        pairs: mined pairs.
        src: text of each src row.
        tgt: text of each tgt row.
        gold: true pairs, src text and tgt text, without space at their ends.
        precision: wanted precision, above 0 and at most 1.
        estimate: estimate from stand-in false pairs.

    Raises:
        DataError: no mined pair has a src text of the gold, or no threshold reaches the precision.
    """
    true, gold_src = set(gold), {text for text, _ in gold}
    rows, labels = [], []
    for row, (i, j) in enumerate(zip(pairs.src.tolist(), pairs.tgt.tolist(), strict=True)):
        if (text := src[i].strip()) in gold_src:
            rows.append(row)
            labels.append((text, tgt[j].strip()) in true)
    if not rows:
        raise DataError(
            f"none of the {len(gold_src)} src texts of the gold is in a mined pair",
            "texts as in the file of src",
        )
    scores, is_gold = pairs.score[rows], np.array(labels, np.bool_)
    value = threshold_for_precision(scores, is_gold, precision)
    with contextlib.suppress(DataError):  # where none reaches it, the estimate says how far this is
        value = max(value, estimate.threshold(precision))
    reached = score_at(scores, is_gold, int(is_gold.sum()), value).precision
    return Threshold(
        value=value,
        source="gold",
        target_precision=precision,
        precision=reached,
        estimated_precision=estimate.precision(value),
        compared=len(rows),
    )


def calibrate_on_negatives(estimate: StandIns, precision: float) -> Threshold:
    """The lowest threshold with the wanted estimated precision, without gold; see `stand_ins`.

    Args:
        estimate: estimate from stand-in false pairs.
        precision: wanted precision, above 0 and at most 1.

    Raises:
        DataError: no threshold reaches the precision.
    """
    value = estimate.threshold(precision)
    return Threshold(
        value=value,
        source="negatives",
        target_precision=precision,
        precision=estimate.precision(value),
        compared=estimate.n_negative_src,
    )


@dataclass(frozen=True, slots=True)
class StandIns:
    """The precision of mined pairs according to stand-in false pairs; see `stand_ins`.

    Args:
        scores: scores of the mined pairs.
        false_scores: scores of the stand-in pairs that pass the filter.
        n_src: texts that the mined pairs were searched for.
        n_negative_src: texts that the stand-in pairs were searched for.
    """

    scores: NDArray[np.float64]
    false_scores: NDArray[np.float64]
    n_src: int
    n_negative_src: int

    def threshold(self, precision: float) -> float:
        """The lowest threshold with an estimated precision.

        Raises:
            DataError: no threshold reaches it.
        """
        counts = {"n_src": self.n_src, "n_negative_src": self.n_negative_src}
        return threshold_from_negatives(self.scores, self.false_scores, precision, **counts)

    def precision(self, threshold: float) -> float:
        """The estimated precision of the pairs above a threshold."""
        counts = {"n_src": self.n_src, "n_negative_src": self.n_negative_src}
        at = np.array([threshold])
        return float(precision_from_negatives(self.scores, self.false_scores, at, **counts)[0])


def stand_in_scores(
    pairs: MinedPairs,
    both: BothNeighbours,
    margin: Margin,
    retrieval: Retrieval,
    keep: Callable[[MinedPairs], NDArray[np.bool_]],
    sample: int,
    seed: int,
) -> StandIns:
    """The scores of stand-in false pairs beside those of the mined ones.

    Args:
        pairs: mined pairs that pass `keep`.
        both: one neighbour more than the pairs were mined with.
        margin: margin of the mined pairs.
        retrieval: retrieval of the mined pairs.
        keep: the filter of pairs, bool [P].
        sample: number of texts whose best candidate is removed.
        seed: seed of the sample.

    Raises:
        DataError: a side of one text.
    """
    false_pairs, count = stand_ins(both, margin, retrieval, sample, seed)
    side = both.tgt_to_src if retrieval == "backward" else both.src_to_tgt
    return StandIns(pairs.score, false_pairs.score[keep(false_pairs)], len(side), count)


def stand_ins(
    both: BothNeighbours, margin: Margin, retrieval: Retrieval, sample: int, seed: int
) -> tuple[MinedPairs, int]:
    """Pairs that replace false ones: mined after the best candidate of some texts is removed.

    For a random sample of src texts (tgt texts for `backward`, whose pairs are those of tgt), the
    candidate with the best margin score is removed from the search, and all texts are mined again by
    the same rules; the new pairs of the sampled texts count as false.

    The assumption: a text has at most one translation, and it is the best candidate. If the other side
    has two translations of a text, true pairs count as false, and the threshold is too strict. If most
    texts have no translation, the removed candidate was false itself and the next is a weaker one,
    and the threshold is too lenient: a small gold file is better then.

    Args:
        both: k + 1 neighbours of each row of both sides; with k of them the pairs are mined.
        margin: margin of the scores.
        retrieval: retrieval whose best candidates become pairs.
        sample: number of texts to sample; of two with one best candidate only one is used.
        seed: seed of the sample.

    Returns:
        The pairs of the sampled texts, and the number of these texts.

    Raises:
        DataError: a side of one text, which has no second candidate.
    """
    if 1 in (len(both.src_to_tgt), len(both.tgt_to_src)):
        raise DataError(
            "a side has one text: there is no second candidate to calibrate on",
            "two texts or more on both sides",
            "set a threshold, or a gold file",
        )
    backward = retrieval == "backward"
    best = mine(without_last(both), margin, "backward" if backward else "forward")
    drawn = np.random.default_rng(seed).permutation(len(best))[:sample]
    answers = best.src if backward else best.tgt
    chosen = drawn[np.unique(answers[drawn], return_index=True)[1]]
    src, tgt = best.src[chosen], best.tgt[chosen]
    changed = BothNeighbours(
        _without(both.src_to_tgt, src, tgt), _without(both.tgt_to_src, tgt, src)
    )
    mined = mine(changed, margin, retrieval)
    of_sample = np.isin(mined.tgt, tgt) if backward else np.isin(mined.src, src)
    return mined.subset(of_sample), len(chosen)


def without_last(both: BothNeighbours) -> BothNeighbours:
    """All but the last neighbour of every row."""
    return BothNeighbours(*(Neighbours(side.indices[:, :-1], side.scores[:, :-1]) for side in both))


def _without(
    neighbours: Neighbours, rows: NDArray[np.int64], candidates: NDArray[np.int64]
) -> Neighbours:
    """All but one neighbour of every row: some rows lose a named candidate, the others lose their last
    one.

    Args:
        neighbours: [N, K].
        rows: [R], distinct rows.
        candidates: [R], removed from the neighbours of each row; if it is not among them, the last is.
    """
    last = neighbours.indices.shape[1] - 1
    matches = neighbours.indices[rows] == candidates[:, None]
    removed = np.full(len(neighbours), last)
    removed[rows] = np.where(matches.any(axis=1), matches.argmax(axis=1), last)
    columns = np.arange(last)
    columns = columns + (columns >= removed[:, None])
    return Neighbours(
        np.take_along_axis(neighbours.indices, columns, axis=1),
        np.take_along_axis(neighbours.scores, columns, axis=1),
    )
