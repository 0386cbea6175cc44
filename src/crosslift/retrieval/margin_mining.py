"""Mining: pairs of sentences of two sides that may be translations of each other, with a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import UnknownNameError
from crosslift.retrieval.margin import Margin, RatioOver, margin_scores
from crosslift.retrieval.similarity import IntArray

if TYPE_CHECKING:
    from crosslift.retrieval.search import BothNeighbours, Neighbours

Retrieval = Literal["forward", "backward", "intersection", "max"]
"""The side whose best candidates become pairs; see `mine`."""


@dataclass(frozen=True, slots=True)
class MinedPairs:
    """Mined pairs: score descending, then ``src`` ascending, then ``tgt`` ascending.

    Args:
        src: int64 [P], rows of the src side.
        tgt: int64 [P], rows of the tgt side.
        score: float64 [P], margin scores.
    """

    src: IntArray
    tgt: IntArray
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.score)

    def subset(self, rows: NDArray[np.bool_] | IntArray) -> MinedPairs:
        """Some of the pairs: bool [P], or their indices."""
        return MinedPairs(self.src[rows], self.tgt[rows], self.score[rows])


@dataclass(frozen=True, slots=True)
class DistinctTexts:
    """The distinct texts of a list, in the order of their first appearance.

    Args:
        texts: U texts, no two of them equal.
        place: int64 [N], for each text of the list its index in ``texts``.
        first: int64 [U], index in the list of each text's first appearance; ascending.
        copies: int64 [U], number of appearances of each text.
    """

    texts: tuple[str, ...]
    place: IntArray
    first: IntArray
    copies: IntArray


def distinct_texts(texts: Sequence[str]) -> DistinctTexts:
    """Reduces a list of texts to its distinct ones, so that each is encoded and mined once.

    Two copies of a text on one side would compete with each other: both have the same neighbours,
    each takes one of the k nearest places of the other side, and only one of them can be in a pair.
    LASER and XTREME reduce both sides in the same way before they mine.

    Example::

        ["b", "a", "b"]  ->  texts ("b", "a"), place [0, 1, 0], first [0, 1], copies [2, 1]

    Args:
        texts: N texts; two are equal if every character is.

    Returns:
        U distinct texts, U at most N.
    """
    numbers: dict[str, int] = {}
    place = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
    _, first, copies = np.unique(place, return_index=True, return_counts=True)
    return DistinctTexts(tuple(numbers), place, first.astype(np.int64), copies.astype(np.int64))


def mine(
    both: BothNeighbours,
    margin: Margin = "ratio",
    retrieval: Retrieval = "max",
    ratio_over: RatioOver = "means above 0",
) -> MinedPairs:
    """Pairs the rows of two sides by the margin score of their nearest neighbours.

    The best candidate of a row is the one of its k neighbours with the highest margin score, the
    nearest one among ties. The four ways of Artetxe and Schwenk 2019, arXiv 1811.01136, section
    3.2, and of LASER's mining program:

    - `forward`: every src row with its best candidate; a tgt row may be taken many times.
    - `backward`: every tgt row with its best candidate.
    - `intersection`: the pairs that are in both.
    - `max`: the pairs of both, from the highest score on; a pair is left out if its src or its tgt
      row is already in a pair. Equal scores: the lower src row first, then the lower tgt.

    Example, one neighbour each way, `margin="absolute"`; src 0 and src 1 both have tgt 0 nearest
    with 0.9 and 0.8, tgt 0 has src 0 (0.9), tgt 1 has src 1 (0.5)::

        forward        (0, 0) 0.9   (1, 0) 0.8
        backward       (0, 0) 0.9   (1, 1) 0.5
        intersection   (0, 0) 0.9
        max            (0, 0) 0.9   (1, 1) 0.5

    Args:
        both: k neighbours of each src and of each tgt row, as `nearest_both` returns them.
        margin: see `margin_scores`.
        retrieval: the way in which best candidates become pairs.
        ratio_over: which mean cosines the margin `ratio` divides by, see `margin_scores`.

    Returns:
        P pairs: as many as src rows for `forward`, as tgt rows for `backward`, at most the fewer
        of both otherwise.

    Raises:
        UnknownNameError: another margin or retrieval.
        DataError: the margin `ratio` over a mean cosine that it does not divide by.
    """
    if retrieval not in get_args(Retrieval):
        raise UnknownNameError("retrieval", retrieval, get_args(Retrieval))
    scores = margin_scores(both, margin, ratio_over)
    tgt, forward_score = _best(both.src_to_tgt, scores.src_to_tgt)
    src, backward_score = _best(both.tgt_to_src, scores.tgt_to_src)
    forward = _in_order(np.arange(len(tgt)), tgt, forward_score)
    backward = _in_order(src, np.arange(len(src)), backward_score)
    if retrieval == "forward":
        return forward
    if retrieval == "backward":
        return backward
    if retrieval == "intersection":
        return forward.subset(src[forward.tgt] == forward.src)
    return _each_once(forward, backward)


def _best(
    neighbours: Neighbours, scores: NDArray[np.float64]
) -> tuple[IntArray, NDArray[np.float64]]:
    """The best candidate of each row [N] and its score [N]; the first column among ties."""
    column = scores.argmax(axis=1)[:, None]
    best = np.take_along_axis(neighbours.indices, column, axis=1)[:, 0]
    return best, np.take_along_axis(scores, column, axis=1)[:, 0]


def _in_order(src: IntArray, tgt: IntArray, score: NDArray[np.float64]) -> MinedPairs:
    order = np.lexsort((tgt, src, -score))
    return MinedPairs(src[order], tgt[order], score[order])


def _each_once(forward: MinedPairs, backward: MinedPairs) -> MinedPairs:
    """The pairs of both lists from the highest score on, every src and every tgt once.

    ``forward`` contains every src row and ``backward`` every tgt row.
    """
    union = _in_order(
        np.concatenate([forward.src, backward.src]),
        np.concatenate([forward.tgt, backward.tgt]),
        np.concatenate([forward.score, backward.score]),
    )
    free_src, free_tgt = bytearray(b"\1") * len(forward), bytearray(b"\1") * len(backward)
    places = []
    for place, (src, tgt) in enumerate(zip(union.src.tolist(), union.tgt.tolist(), strict=True)):
        if free_src[src] and free_tgt[tgt]:
            free_src[src] = free_tgt[tgt] = 0
            places.append(place)
    return union.subset(np.array(places, np.int64))
