"""Where mined pairs are cut off: given, calibrated on gold pairs, or on stand-in false pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    wanted: float,
) -> Threshold:
    """The lowest threshold with the wanted precision among pairs whose src text is in the gold.

    A pair is labelled where its src text stands in the gold: true where the gold pairs it with
    its tgt text, else false. The gold should list every right translation of its src texts.

    Args:
        pairs: mined pairs.
        src: text of each src row.
        tgt: text of each tgt row.
        gold: true pairs, src text and tgt text, without space at their ends.
        wanted: precision, above 0 and at most 1.

    Raises:
        DataError: no mined pair has a src text of the gold, or none reaches the precision.
    """
    true, asked = set(gold), {text for text, _ in gold}
    rows, labels = [], []
    for row, (i, j) in enumerate(zip(pairs.src.tolist(), pairs.tgt.tolist(), strict=True)):
        if (text := src[i].strip()) in asked:
            rows.append(row)
            labels.append((text, tgt[j].strip()) in true)
    if not rows:
        raise DataError(
            f"none of the {len(asked)} src texts of the gold is in a mined pair",
            "texts as they stand in the file of src",
        )
    scores, is_gold = pairs.score[rows], np.array(labels, np.bool_)
    value = threshold_for_precision(scores, is_gold, wanted)
    reached = score_at(scores, is_gold, int(is_gold.sum()), value).precision
    return Threshold(
        value=value,
        source="gold",
        target_precision=wanted,
        precision=reached,
        compared=len(rows),
    )


def calibrate_on_negatives(
    pairs: MinedPairs,
    both: BothNeighbours,
    margin: Margin,
    retrieval: Retrieval,
    keep: Callable[[MinedPairs], NDArray[np.bool_]],
    wanted: float,
    sample: int,
    seed: int,
) -> Threshold:
    """The lowest threshold with the wanted estimated precision, without gold; see `stand_ins`.

    Args:
        pairs: mined pairs, those that `keep` drops left out.
        both: one neighbour more than the pairs were mined with.
        margin: as the pairs were mined.
        retrieval: as the pairs were mined.
        keep: which pairs would be written, bool [P]: the filter of pairs.
        wanted: precision, above 0 and at most 1.
        sample: texts whose best candidate is taken away.
        seed: of the sample.

    Raises:
        DataError: a side of one text, or no threshold reaches the precision.
    """
    found, asked = stand_ins(both, margin, retrieval, sample, seed)
    false = found.score[keep(found)]
    side = both.tgt_to_src if retrieval == "backward" else both.src_to_tgt
    counts = {"n_src": len(side), "n_negative_src": asked}
    value = threshold_from_negatives(pairs.score, false, wanted, **counts)
    reached = precision_from_negatives(pairs.score, false, np.array([value]), **counts)
    return Threshold(
        value=value,
        source="negatives",
        target_precision=wanted,
        precision=float(reached[0]),
        compared=asked,
    )


def stand_ins(
    both: BothNeighbours, margin: Margin, retrieval: Retrieval, sample: int, seed: int
) -> tuple[MinedPairs, int]:
    """Pairs that stand in for false ones: mined after the best candidate of some texts is removed.

    Of a seeded sample of src texts (tgt texts for `backward`, whose pairs are those of tgt), the
    candidate with the best margin score is taken out of the search, and all is mined again by the
    same rules; what is found for the sampled texts is counted as false.

    The assumption: a text has one translation at most, and it is the best candidate. Where the
    other side says the same twice in other words, true pairs are counted as false, and the
    threshold is too strict. Where most texts have no translation at all, the candidate that is
    removed was false itself and the next is a weaker one, and the threshold is too lenient: a
    small gold is better there.

    Args:
        both: k + 1 neighbours of each row of both sides; with k of them the pairs are mined.
        margin: of the scores.
        retrieval: whose best candidates become pairs.
        sample: texts to draw; of two with one best candidate only one is taken.
        seed: of the sample.

    Returns:
        The pairs of the sampled texts, and how many texts those were.

    Raises:
        DataError: a side of one text, which has no second candidate.
    """
    if 1 in (len(both.src_to_tgt), len(both.tgt_to_src)):
        raise DataError(
            "a side has one text: there is no second candidate to calibrate on",
            "two texts or more on both sides",
            "give a threshold, or a gold file",
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
    found = mine(changed, margin, retrieval)
    wanted = np.isin(found.tgt, tgt) if backward else np.isin(found.src, src)
    return found.chosen(wanted), len(chosen)


def without_last(both: BothNeighbours) -> BothNeighbours:
    """One neighbour less of every row."""
    return BothNeighbours(*(Neighbours(side.indices[:, :-1], side.scores[:, :-1]) for side in both))


def _without(
    neighbours: Neighbours, rows: NDArray[np.int64], candidates: NDArray[np.int64]
) -> Neighbours:
    """One neighbour less of every row: a named candidate of some rows, else the last one.

    Args:
        neighbours: [N, K].
        rows: [R], distinct rows.
        candidates: [R], what each of them loses; where it is no neighbour, the last one goes.
    """
    last = neighbours.indices.shape[1] - 1
    is_it = neighbours.indices[rows] == candidates[:, None]
    lost = np.full(len(neighbours), last)
    lost[rows] = np.where(is_it.any(axis=1), is_it.argmax(axis=1), last)
    columns = np.arange(last)
    columns = columns + (columns >= lost[:, None])
    return Neighbours(
        np.take_along_axis(neighbours.indices, columns, axis=1),
        np.take_along_axis(neighbours.scores, columns, axis=1),
    )
