"""From vectors to the outcome of every query of a target, and from outcomes to scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.table import metric_named, outcome_of
from crosslift.retrieval.best_answers import BestAnswers
from crosslift.retrieval.directions import Directions, both_directions
from crosslift.retrieval.margin import csls_scores, local_scaling
from crosslift.retrieval.metrics import (
    expected_outcome,
    f1_of_answers,
    recall_at,
    reciprocal_rank,
    top1_accuracy,
)
from crosslift.retrieval.postprocess import Postprocessing, postprocess, transforms
from crosslift.retrieval.ranks import Ranks, join_ranks, ranks_of_scores
from crosslift.retrieval.similarity import cosine_block, rows_per_block, unit_rows
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocol import OURS, Direction, Protocol

Vectors = NDArray[np.float32]
Scaling = NDArray[np.float64]
Lookup = Callable[[Sequence[str]], Vectors]
"""From N texts (or item ids of pictures) to their vectors, float32 [N, D]."""


class SideLookups(NamedTuple):
    """The vectors of texts in pairs: one lookup for both sides if they are read alike."""

    src: Lookup
    tgt: Lookup

    @classmethod
    def of_both(cls, lookup: Lookup) -> SideLookups:
        """One lookup for both sides."""
        return cls(lookup, lookup)


class Found(NamedTuple):
    """The answers that N queries found, the best first.

    Args:
        answers: item ids of candidates, [N, k]; candidates with byte-identical vectors are one.
        scores: float32 [N, k], their scores.
    """

    answers: NDArray[np.object_]
    scores: NDArray[np.float32]

    @classmethod
    def of(cls, best: BestAnswers, candidates: Sequence[str]) -> Found:
        """The answers among candidates with these ids."""
        return cls(np.array(candidates, object)[best.places], best.scores)

    @property
    def first(self) -> tuple[str, ...]:
        """The best answer of each query."""
        return tuple(self.answers[:, 0])


CSLS_NEIGHBOURS = 10
"""As in Conneau et al. 2018, arXiv 1710.04087, section 2.3."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of the queries of one language under one protocol.

    Args:
        language: BCP-47 code of the language that is not English (or of the texts, for pictures).
        protocol: id of the protocol.
        items: ids of the N queries.
        values: outcome -> float64 [N]; its mean, or median, is the metric's value.
        retrieved: item id of each query's best candidate; empty if none was retrieved.
        clusters: the cluster of each query, such as the picture of a caption: queries of one cluster
            are resampled together. None: every query is a separate cluster.
        found: the best answers of each query, of which ``retrieved`` is the first; None: queries are
            not answered one by one, or only the first answer is known.
    """

    language: str
    protocol: str
    items: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    retrieved: tuple[str, ...]
    clusters: tuple[str, ...] | None = None
    found: Found | None = None

    def score(self, metric: str) -> float:
        """A metric's value over all queries."""
        return score_of(metric, self.values[outcome_of(metric)])


def score_of(metric: str, values: NDArray[np.floating]) -> float:
    """A metric's value over queries: the mean or the median of their outcomes.

    Args:
        metric: its name.
        values: floats [N], N at least 1.

    Raises:
        UnknownNameError: there is no such metric.
    """
    if metric_named(metric).aggregation == "median":
        return float(np.median(values))
    return float(values.mean(dtype=np.float64))


class _SideVectors(NamedTuple):
    src: Vectors
    tgt: Vectors


def evaluate_bitexts(
    lookups: Mapping[Protocol, SideLookups],
    data: BitextData,
    postprocessing: Sequence[Postprocessing] = (),
) -> Iterator[Outcomes]:
    """Retrieval between texts, in each language under each protocol.

    Candidates are the other side of the same language's bitext.

    Args:
        lookups: protocol -> vectors as it reads them; protocols that read alike share their lookups.
        data: the bitexts.
        postprocessing: changes of the vectors, fitted on each bitext's own texts, and of the scores
            (csls).
    """
    for language, bitext in data.bitexts.items():
        ranked: dict[SideLookups, Directions] = {}
        for protocol, sides in lookups.items():
            if sides not in ranked:
                ranked[sides] = rank_bitext(sides, bitext, postprocessing)
            values, best = outcomes_of(protocol, ranked[sides])
            if data.words and protocol.name == OURS and not postprocessing:
                values |= _pair_values(sides, bitext, protocol.direction)
            found = Found.of(best, bitext.items)
            yield Outcomes(language, protocol.id, bitext.items, values, found.first, found=found)


def _pair_values(
    lookups: SideLookups, bitext: Bitext, direction: Direction
) -> dict[str, NDArray[np.float64]]:
    """The cosine of each pair, and its margin above random pairs: above the mean cosine of the query
    with every other candidate (for ``both``, the mean over the two directions). float64 [N] each, of
    vectors without post-processing."""
    sides = _SideVectors(lookups.src(bitext.src), lookups.tgt(bitext.tgt))
    src, tgt = (unit_rows(side).astype(np.float64) for side in sides)
    if direction == "both":
        return _means(_margins(src, tgt), _margins(tgt, src))
    return _margins(tgt, src) if direction == "en->xx" else _margins(src, tgt)


def _margins(
    queries: NDArray[np.float64], answers: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    cosines = (queries * answers).sum(axis=1)
    others = (queries @ answers.sum(axis=0) - cosines) / max(1, len(cosines) - 1)
    return {"pair_cosine": cosines, "pair_margin": cosines - others}


def rank_bitext(
    lookups: SideLookups, bitext: Bitext, postprocessing: Sequence[Postprocessing] = ()
) -> Directions:
    """The ranks of a bitext's pairs in both directions."""
    sides = _SideVectors(lookups.src(bitext.src), lookups.tgt(bitext.tgt))
    vector_steps = transforms(postprocessing)
    if vector_steps:
        done = postprocess({"src": sides.src, "tgt": sides.tgt}, vector_steps)
        sides = _SideVectors(done["src"], done["tgt"])
    return _csls(sides) if "csls" in postprocessing else both_directions(*sides)


def _csls(sides: _SideVectors) -> Directions:
    from crosslift.retrieval.search import nearest_both  # loads torch

    neighbours = nearest_both(*sides, CSLS_NEIGHBOURS)
    src, tgt = (unit_rows(side) for side in sides)
    src_scaling, tgt_scaling = (
        local_scaling(neighbours.src_to_tgt),
        local_scaling(neighbours.tgt_to_src),
    )
    return Directions(
        _csls_ranks(src, tgt, src_scaling, tgt_scaling),
        _csls_ranks(tgt, src, tgt_scaling, src_scaling),
    )


def _csls_ranks(
    queries: Vectors, candidates: Vectors, query_scaling: Scaling, candidate_scaling: Scaling
) -> Ranks:
    candidates64, step = candidates.astype(np.float64), rows_per_block(len(candidates), None)
    indices, blocks = np.arange(len(queries)), []
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        cosines = cosine_block(queries[part], candidates64)
        scores = csls_scores(cosines, query_scaling[part], candidate_scaling)
        blocks.append(ranks_of_scores(scores, indices[part]))
    return join_ranks(blocks)


def outcomes_of(
    protocol: Protocol, ranked: Directions
) -> tuple[dict[str, NDArray[np.float64]], BestAnswers]:
    """The outcomes of N pairs under a protocol, in the direction that it names.

    Args:
        protocol: a protocol for pairs of texts.
        ranked: the ranks of the pairs in both directions.

    Returns:
        Outcome -> float64 [N], and the best candidates of each query.
    """
    forward, backward = ranked
    if protocol.name == OURS and protocol.direction == "both":
        values = [own_values(ranks, protocol) for ranks in (forward, backward)]
        return _means(*values), forward.best_answers
    if protocol.name == OURS:
        ranks = forward if protocol.direction in ("xx->en", "xx->yy") else backward
        return own_values(ranks, protocol), ranks.best_answers
    indices = np.arange(len(forward))
    right = {"xx->en": forward.retrieved == indices, "en->xx": backward.retrieved == indices}
    right["both"] = (right["xx->en"].astype(np.float64) + right["en->xx"]) / 2
    ranks = backward if protocol.direction == "en->xx" else forward
    if protocol.metric == "weighted_f1":
        return {"weighted_f1": f1_of_answers(ranks.retrieved, indices)}, ranks.best_answers
    return {"top1_accuracy": right[protocol.direction].astype(np.float64)}, ranks.best_answers


def _means(
    one: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    return {name: (values + other[name]) / 2 for name, values in one.items()}


def own_values(ranks: Ranks, protocol: Protocol) -> dict[str, NDArray[np.float64]]:
    """The outcomes of one of our own protocols, float64 [N] each: the four of every such protocol, and
    that of its metric, if the metric computes it."""
    of_rank = metric_named(protocol.metric).of_rank
    more = {outcome_of(protocol.metric): expected_outcome(ranks, of_rank)} if of_rank else {}
    return {
        "top1_accuracy": top1_accuracy(ranks),
        "reciprocal_rank": reciprocal_rank(ranks),
        "recall_at_5": recall_at(ranks, 5),
        "recall_at_10": recall_at(ranks, 10),
        **more,
    }
