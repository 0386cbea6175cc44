"""Mining of pairs from two sides that are not aligned, scored against the gold pairs in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.results.mined_languages import MinedLanguage, finite_or_none
from crosslift.retrieval.folds import fold_scores, folds_of, influence_values, share_values
from crosslift.retrieval.margin_mining import DistinctTexts, MinedPairs, distinct_texts, mine
from crosslift.retrieval.metrics import f1_of_answers
from crosslift.retrieval.thresholds import (
    best_threshold,
    precision_recall_curve,
    score_at,
)
from crosslift.sources.bucc_files import BuccSplit
from crosslift.targets.kinds.mined_texts import MiningData
from crosslift.targets.protocol import Mining, Protocol
from crosslift.targets.query_outcomes import Outcomes, SideLookups

_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class MinedSplit:
    """The pairs that were mined from a split, and which of them are gold.

    Args:
        split: the texts.
        src: distinct texts of the src side.
        tgt: distinct texts of the tgt side.
        pairs: mined pairs, in numbers of the distinct texts.
        is_gold: bool [P].
        gold: distinct texts (src, tgt) of every gold pair, int64 [G, 2], each pair once.
    """

    split: BuccSplit
    src: DistinctTexts
    tgt: DistinctTexts
    pairs: MinedPairs
    is_gold: NDArray[np.bool_]
    gold: NDArray[np.int64]


def evaluate_mining(
    lookups: Mapping[Protocol, SideLookups], data: MiningData, ranks: Ranks = ALONE
) -> Iterator[tuple[Outcomes, MinedLanguage | None]]:
    """Mines every language under one protocol after another.

    Args:
        lookups: protocol -> vectors as it reads them.
        data: the splits.
        ranks: that search together; the first one scores.

    Yields:
        On the first rank, the outcomes of a language under a protocol, and details of the mining (None
        if nothing is mined: in MTEB's definition, the queries are the sentences that have a
        translation).
    """
    for language in data.splits:
        for protocol, sides in lookups.items():
            if protocol.mining is not None:
                mined = _mined(protocol.mining, sides, data, language, ranks)
                ranks.stop_if_asked()
                if ranks.number == 0:
                    yield _score_language(protocol, *mined)
            elif ranks.number == 0:
                yield _rank_gold(protocol, sides, data.scored(language)), None


def _rank_gold(protocol: Protocol, lookups: SideLookups, split: BuccSplit) -> Outcomes:
    gold = np.array(split.gold or ())
    from crosslift.retrieval.search import nearest  # loads torch

    neighbours = nearest(lookups.src([split.src[i] for i in gold[:, 0]]), lookups.tgt(split.tgt), 1)
    predicted = neighbours.indices[:, 0]
    values = {"weighted_f1": f1_of_answers(predicted, gold[:, 1])}
    queries = tuple(split.src_ids[i] for i in gold[:, 0])
    retrieved = tuple(split.tgt_ids[i] for i in predicted)
    return Outcomes(split.language, protocol.id, queries, values, retrieved)


def _mined(
    mining: Mining, lookups: SideLookups, data: MiningData, language: str, ranks: Ranks
) -> tuple[MinedSplit, MinedSplit | None]:
    """The split that is scored, and the one that the threshold is fitted on, if it is another."""
    mined = mine_split(data.scored(language), lookups, mining, ranks)
    tuning_split = data.splits[language].get(mining.threshold_source)
    if tuning_split is None or tuning_split.split == mined.split.split:
        return mined, None
    return mined, mine_split(tuning_split, lookups, mining, ranks)


def _score_language(
    protocol: Protocol, mined: MinedSplit, tuning: MinedSplit | None
) -> tuple[Outcomes, MinedLanguage]:
    language = mined.split.language
    scores, n_gold = mined.pairs.score, len(mined.gold)
    if tuning is None:
        source = f"the other half of {mined.split.split}, by src text"
        ids = [mined.split.src_ids[i] for i in mined.src.first]
        folds = folds_of(ids)
        halves = fold_scores(scores, mined.is_gold, folds[mined.pairs.src], folds[mined.gold[:, 0]])
        score, extracted = halves.total, halves.extracted
        thresholds = tuple(half.threshold for half in halves.folds)
    else:
        source = tuning.split.split
        threshold = best_threshold(tuning.pairs.score, tuning.is_gold, len(tuning.gold))
        score = score_at(scores, mined.is_gold, n_gold, threshold)
        extracted, thresholds = scores >= threshold, (finite_or_none(threshold),)
    best = best_threshold(scores, mined.is_gold, n_gold)
    oracle = score_at(scores, mined.is_gold, n_gold, best)
    values = _values(mined, extracted)
    values["oracle_mining_f1"] = _values(mined, scores >= best)["mining_f1"]
    detail = MinedLanguage(
        language=language,
        protocol=protocol.id,
        scored_on=mined.split.split,
        threshold_source=source,
        thresholds=thresholds,
        score=score,
        oracle=oracle,
        curve=_curve(mined),
    )
    return _outcomes(protocol, mined, extracted, values), detail


def mine_split(
    split: BuccSplit, lookups: SideLookups, mining: Mining, ranks: Ranks = ALONE
) -> MinedSplit:
    """Mines one split.

    Args:
        split: its texts and gold.
        lookups: from the texts of each side to vectors.
        mining: how pairs are mined.
        ranks: that search together.
    """
    src, tgt = distinct_texts(split.src), distinct_texts(split.tgt)
    from crosslift.retrieval.search import nearest_both  # loads torch

    sides = lookups.src(src.texts), lookups.tgt(tgt.texts)
    neighbours = nearest_both(*sides, mining.neighbours, ranks)
    pairs = mine(neighbours, mining.margin, mining.retrieval, mining.ratio_over)
    if mining.scores_above is not None:
        pairs = pairs.subset(pairs.score > mining.scores_above)
    gold = np.array(split.gold or (), np.int64).reshape(-1, 2)
    places = np.stack([src.place[gold[:, 0]], tgt.place[gold[:, 1]]], axis=1)
    if mining.repeated_texts == "dropped":
        is_single = (src.copies[pairs.src] == 1) & (tgt.copies[pairs.tgt] == 1)
        pairs = pairs.subset(is_single)
    else:
        places = np.unique(places, axis=0)
    keys = pairs.src * len(tgt.texts) + pairs.tgt
    is_gold = np.isin(keys, places[:, 0] * len(tgt.texts) + places[:, 1])
    return MinedSplit(split, src, tgt, pairs, is_gold, places)


def _values(mined: MinedSplit, extracted: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """Outcomes of every distinct src text, whose means are the metrics."""
    count = len(mined.src.texts)
    pairs = mined.pairs.src[extracted]
    n_mined = np.bincount(pairs, minlength=count)
    n_correct = np.bincount(mined.pairs.src[extracted & mined.is_gold], minlength=count)
    n_gold = np.bincount(mined.gold[:, 0], minlength=count)
    return {
        "mining_f1": influence_values(n_correct, n_mined, n_gold),
        "mining_precision": share_values(n_correct, n_mined),
        "mining_recall": share_values(n_correct, n_gold),
    }


def _curve(mined: MinedSplit) -> tuple[tuple[float, float, float], ...]:
    curve = precision_recall_curve(mined.pairs.score, mined.is_gold, len(mined.gold))
    count = len(curve.threshold)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _CURVE_POINTS)).astype(np.int64))
    columns = (curve.threshold[chosen], curve.precision[chosen], curve.recall[chosen])
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def _outcomes(
    protocol: Protocol,
    mined: MinedSplit,
    extracted: NDArray[np.bool_],
    values: Mapping[str, NDArray[np.float64]],
) -> Outcomes:
    retrieved = [""] * len(mined.src.texts)
    for src, tgt in zip(mined.pairs.src[extracted], mined.pairs.tgt[extracted], strict=True):
        retrieved[src] = mined.split.tgt_ids[mined.tgt.first[tgt]]
    items = tuple(mined.split.src_ids[i] for i in mined.src.first)
    return Outcomes(mined.split.language, protocol.id, items, values, tuple(retrieved))
