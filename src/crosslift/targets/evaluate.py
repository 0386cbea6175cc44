"""From vectors to the outcome of every query of a target, and from outcomes to scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.directions import both_directions
from crosslift.retrieval.metrics import recall_at, reciprocal_rank, top1_accuracy
from crosslift.retrieval.ranks import Ranks, gold_ranks
from crosslift.targets.target import BitextData, Direction, PictureData, Target

Vectors = NDArray[np.float32]
Lookup = Callable[[Sequence[str]], Vectors]
"""From N texts (or item ids of pictures) to their vectors, float32 [N, D]."""

OUTCOME_OF_METRIC = {
    "top1_accuracy": "top1_accuracy",
    "mrr": "reciprocal_rank",
    "recall_at_5": "recall_at_5",
    "recall_at_10": "recall_at_10",
}
"""Metric -> the outcome of single queries whose mean it is."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the queries of one language under one protocol.

    Args:
        language: BCP-47 code of the language that is not English (or of the texts, for pictures).
        protocol: id of the protocol.
        items: ids of the N queries.
        values: outcome -> float64 [N], in [0, 1].
        retrieved: item id of each query's best candidate.
    """

    language: str
    protocol: str
    items: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    retrieved: tuple[str, ...]

    def score(self, metric: str) -> float:
        """A metric's value over all queries."""
        return float(self.values[OUTCOME_OF_METRIC[metric]].mean())


def evaluate_bitexts(target: Target, data: BitextData, vectors: Lookup) -> Iterator[Outcomes]:
    """Retrieval in both directions, language by language.

    Candidates are the other side of the same language's bitext.
    """
    for language, bitext in data.bitexts.items():
        ranks = both_directions(vectors(bitext.src), vectors(bitext.tgt))
        by_direction = {"xx->en": ranks.src_to_tgt, "en->xx": ranks.tgt_to_src}
        for protocol in target.protocols:
            found = by_direction[protocol.direction]
            yield _outcomes(language, protocol.id, bitext.items, bitext.items, found)


def evaluate_pictures(
    target: Target, data: PictureData, texts: Lookup, pictures: Lookup
) -> Iterator[Outcomes]:
    """Retrieval between texts and pictures in both directions, language by language.

    Candidates are all pictures of the target for a text, and all texts of the language for a
    picture.
    """
    items = tuple(data.pictures)
    place = {item: i for i, item in enumerate(items)}
    shown = pictures(items)
    for language, named in data.texts.items():
        asked = tuple(named)
        told = texts(list(named.values()))
        gold = np.array([place[item] for item in asked])
        ranks: dict[Direction, tuple[Ranks, tuple[str, ...]]] = {
            "text->picture": (gold_ranks(told, shown, gold), items),
            "picture->text": (gold_ranks(shown[gold], told, np.arange(len(asked))), asked),
        }
        for protocol in target.protocols:
            found, candidates = ranks[protocol.direction]
            yield _outcomes(language, protocol.id, asked, candidates, found)


def _outcomes(
    language: str, protocol: str, items: Sequence[str], candidates: Sequence[str], ranks: Ranks
) -> Outcomes:
    values = {
        "top1_accuracy": top1_accuracy(ranks),
        "reciprocal_rank": reciprocal_rank(ranks),
        "recall_at_5": recall_at(ranks, 5),
        "recall_at_10": recall_at(ranks, 10),
    }
    retrieved = tuple(candidates[i] for i in ranks.retrieved)
    return Outcomes(language, protocol, tuple(items), values, retrieved)
