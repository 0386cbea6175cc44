"""Margin scores and CSLS: cosines relative to the neighbourhoods of both sides.

Some sentences are near to all others and some are far from all, so that one threshold of the plain
cosine accepts too many pairs of the former and too few of the latter. Both scores compare a pair's
cosine with the mean cosine of each of its sides to its nearest neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, UnknownNameError
from crosslift.retrieval.similarity import FloatArray

if TYPE_CHECKING:
    from crosslift.retrieval.search import BothNeighbours, Neighbours

Margin = Literal["ratio", "distance", "absolute"]
"""How a pair's cosine is compared with its neighbourhood; see `margin_scores`."""

RatioOver = Literal["means above 0", "any mean"]
"""Which mean cosines the margin `ratio` divides by; other means raise an error."""


class MarginScores(NamedTuple):
    """Margin scores of the candidates of a search, in the same places.

    Args:
        src_to_tgt: float64 [N, k], of the candidates of each src row.
        tgt_to_src: float64 [M, k], of the candidates of each tgt row.
    """

    src_to_tgt: NDArray[np.float64]
    tgt_to_src: NDArray[np.float64]


def local_scaling(neighbours: Neighbours) -> NDArray[np.float64]:
    """Mean cosine of each row to its k nearest neighbours on the other side.

    It is the r of CSLS (Conneau et al. 2018, arXiv 1710.04087, section 2.3) and, for both sides,
    the denominator of the margin. It is high for rows that are near to many.

    Args:
        neighbours: k neighbours of each of N rows; k is the number of columns.

    Returns:
        float64 [N].

    Raises:
        DataError: no row, or rows without neighbours.
    """
    if 0 in neighbours.scores.shape:
        raise DataError(
            f"neighbours of shape {neighbours.scores.shape}", "at least one neighbour of each row"
        )
    means: NDArray[np.float64] = neighbours.scores.mean(axis=1, dtype=np.float64)
    return means


def margin_scores(
    both: BothNeighbours, margin: Margin = "ratio", ratio_over: RatioOver = "means above 0"
) -> MarginScores:
    """Margin scores of every candidate of every row, both ways.

    Artetxe and Schwenk 2019, arXiv 1811.01136, section 3.1. With ``a`` the cosine of a src row
    and a tgt row, and ``b`` half of the src row's mean cosine to its k neighbours plus half of
    the tgt row's, `ratio` is a / b, `distance` is a - b and `absolute` is a. A pair has the same
    score from both sides.

    A ratio over a negative mean has no meaning: it reverses the order of the candidates. It occurs
    for vectors whose common mean is subtracted. LASER and XTREME divide nevertheless; ``any mean``
    reproduces them.

    Example with k = 2; the src row's neighbours have cosines 0.9 and 0.5, the tgt row's 0.9 and
    0.3, so that b = (0.7 + 0.6) / 2 = 0.65::

        ratio      0.9 / 0.65 = 1.385
        distance   0.9 - 0.65 = 0.25
        absolute   0.9

    Example with k = 1, where the src row and the tgt row have each other at -0.2, ``any mean``::

        ratio      -0.2 / -0.2 = 1

    Args:
        both: k neighbours of each src and of each tgt row, as `nearest_both` returns them. The k
            of the two sides differ if one side has fewer than k rows.
        margin: `ratio`, `distance` or `absolute`.
        ratio_over: which means a ratio divides by: only those above 0, or negative ones too.

    Returns:
        The scores, in the shapes of ``both``.

    Raises:
        UnknownNameError: another margin.
        DataError: a ratio over a mean of exactly 0 or, without ``any mean``, over a negative one.
    """
    if margin not in get_args(Margin):
        raise UnknownNameError("margin", margin, get_args(Margin))
    src_means, tgt_means = local_scaling(both.src_to_tgt), local_scaling(both.tgt_to_src)
    check_indices(both.src_to_tgt, len(tgt_means), "tgt")
    check_indices(both.tgt_to_src, len(src_means), "src")
    return MarginScores(
        _scores(both.src_to_tgt, src_means, tgt_means, margin, ratio_over),
        _scores(both.tgt_to_src, tgt_means, src_means, margin, ratio_over),
    )


def csls_scores(
    cosines: FloatArray, src_scaling: NDArray[np.float64], tgt_scaling: NDArray[np.float64]
) -> NDArray[np.float64]:
    """CSLS of a block of queries with all candidates: 2 cos(x, y) - r(x) - r(y).

    Conneau et al. 2018, arXiv 1710.04087, section 2.3. It is twice the margin `distance`, here
    for all candidates and not only the nearest. The paper takes 10 neighbours.

    Example, two queries and two candidates with one neighbour each::

        cosines 0.9 0.8   r of the queries 0.9 0.7    ->  0.0 -0.1
                0.7 0.1   r of the candidates 0.9 0.8     -0.2 -1.3

    Args:
        cosines: floats [B, M], a row per query of the block.
        src_scaling: float64 [B], `local_scaling` of the queries of the block.
        tgt_scaling: float64 [M], `local_scaling` of all candidates.

    Returns:
        float64 [B, M].

    Raises:
        DataError: lengths that do not fit the block.
    """
    expected = (len(src_scaling), len(tgt_scaling))
    if cosines.shape != expected:
        raise DataError(
            f"cosines of shape {cosines.shape}", f"{expected}, the lengths of the two means"
        )
    scores = cosines.astype(np.float64)
    scores *= 2
    scores -= src_scaling[:, None]
    scores -= tgt_scaling
    return scores


def check_indices(neighbours: Neighbours, candidates: int, side: str) -> None:
    """Raises an error unless every neighbour is a row of the other side.

    Args:
        neighbours: neighbours of one side.
        candidates: rows of the other side.
        side: name of the other side, for the message.

    Raises:
        DataError: an index below 0 or past the last row; the two searches are not of one corpus.
    """
    bad = np.argwhere((neighbours.indices < 0) | (neighbours.indices >= candidates))
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(
            f"neighbour {column} of row {row} is {side} row {neighbours.indices[row, column]}",
            f"an index from 0 to {candidates - 1}",
            "search both directions over the same two sides",
        )


def _scores(
    neighbours: Neighbours,
    row_means: NDArray[np.float64],
    candidate_means: NDArray[np.float64],
    margin: Margin,
    ratio_over: RatioOver,
) -> NDArray[np.float64]:
    """Margin scores [N, k] of one direction."""
    cosines = neighbours.scores.astype(np.float64)
    if margin == "absolute":
        return cosines
    means = (row_means[:, None] + candidate_means[neighbours.indices]) / 2
    if margin == "distance":
        return cosines - means
    _refuse_means(means, ratio_over)
    return cosines / means


def _refuse_means(means: NDArray[np.float64], ratio_over: RatioOver) -> None:
    usable = means != 0 if ratio_over == "any mean" else means > 0
    bad = np.argwhere(~usable)
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(
            f"the neighbours of a pair have the mean cosine {means[row, column]:.6g} (row {row}, "
            f"candidate {column}; {len(bad)} of {means.size} pairs)",
            "a mean to divide by" + (" above 0" if ratio_over == "means above 0" else ""),
            "mine with the margin `distance` (`crosslift mine --margin distance`), or measure under "
            "the protocol `xtreme` or `laser` alone: they divide by negative means too",
        )
