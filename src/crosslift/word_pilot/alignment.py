"""How far the vectors of translated words are aligned, as opposed to anisotropic.

A high cosine of translated words shows nothing by itself: if all vectors of an encoder lie in a
narrow cone (anisotropy, Ethayarajh 2019, arXiv 1909.00512), two random words have it too. So every
cosine here is compared with that of random pairs, and with retrieval, which a direction that all
words share cannot help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.results.word_alignments import AlignmentFigures, Estimate
from crosslift.retrieval.directions import both_directions
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.retrieval.postprocess import SHORTEST
from crosslift.retrieval.similarity import FloatArray, check_vectors
from crosslift.statistics.differences import Difference, group_differences

LEVEL = 0.95
"""Level of the intervals."""

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WordAlignment:
    """How far N pairs of words are aligned in one set of vectors.

    Args:
        words: N.
        chance: retrieval without alignment, 1/N.
        level: level of the intervals.
        as_is: figures of the vectors as they are.
        centred: figures after subtracting each side's mean. None: the result is zero.
        not_centred: reason if ``centred`` is None; else empty.
        hits: float64 [N], how often each word's pair is retrieved, mean of both ways, after
            centring if that is possible.
    """

    words: int
    chance: float
    level: float
    as_is: AlignmentFigures
    centred: AlignmentFigures | None
    not_centred: str
    hits: Float64Array = field(repr=False, compare=False)

    @property
    def retrieval(self) -> Estimate:
        """Mean retrieval of both ways, after centring if that is possible."""
        return (self.centred or self.as_is).both


def alignment_of(src: FloatArray, tgt: FloatArray, *, level: float = LEVEL) -> WordAlignment:
    """Measure how far paired vectors are aligned, compared with random pairs.

    The margin is computed as ``sum of (s_i - mean s)(t_i - mean t) / (N - 1)``, from differences to the
    mean, which is the same number and loses no digits if all cosines are near 1. The intervals are over
    words, by each word's share of the margin, or by its retrieval (`paired_difference`; for the margin,
    to first order).

    Ties count as ties. Cosines are ranked in float32: without centring, those closer than 6e-8 tie.

    Centring subtracts from the vectors of length one the mean of their own side. The mean is that
    of these same words (transductive), but of each side by itself: it does not depend on which
    words belong together, so retrieval of unaligned words stays at chance.

    Example, three pairs on the plane::

        src  ( 1, 0)  (0, 1)  (-1, 0)     cosines of pairs 1, 1, 0: mean 2/3
        tgt  ( 1, 0)  (0, 1)  ( 0, -1)    of the six others 0, 0, 0, -1, -1, 0: mean -1/3
        margin 2/3 - -1/3 = 1
        src to tgt: the third word's cosines are -1, 0, 0, a tie: (1 + 1 + 1/2) / 3

    Args:
        src: floats [N, D].
        tgt: floats [N, D]; ``tgt[i]`` translates ``src[i]``. No word appears twice (`one_to_one`).
        level: level of the intervals.

    Returns:
        The figures, as the vectors are and after centring.

    Raises:
        DataError: fewer than two pairs; vectors that are not finite, zero or of unequal width;
            sides of unequal length; ``level`` out of range.
    """
    _check_sides(src, tgt)
    sides = (_units(src), _units(tgt))
    spaces = [_Space(*sides)]
    not_centred = _nothing_left(sides)
    if not not_centred:
        spaces.append(_Space(*(_units(rows - rows.mean(axis=0)) for rows in sides)))
    differences = _differences(spaces, level)
    figures = [
        space.figures(differences[4 * place : 4 * place + 4]) for place, space in enumerate(spaces)
    ]
    centred = None if not_centred else figures[1]
    hits = spaces[-1].outcomes[:, 1:].mean(axis=1)
    return WordAlignment(len(src), 1 / len(src), level, figures[0], centred, not_centred, hits)


class _Space:
    """One set of unit vectors with each word's contribution to the figures.

    Args:
        src: unit rows [N, D].
        tgt: unit rows [N, D].
    """

    def __init__(self, src: Float64Array, tgt: Float64Array) -> None:
        self.count = len(src)
        cosines = np.einsum("ij,ij->i", src, tgt)
        self.pairs = float(cosines.mean())
        total = float(src.sum(axis=0) @ tgt.sum(axis=0))
        self.random = (total - float(cosines.sum())) / (self.count * (self.count - 1))
        apart = np.einsum("ij,ij->i", src - src.mean(axis=0), tgt - tgt.mean(axis=0))
        margins = apart * self.count / (self.count - 1)
        ranks = both_directions(src, tgt)
        hits = [top1_accuracy(ranks.src_to_tgt), top1_accuracy(ranks.tgt_to_src)]
        self.outcomes: Float64Array = np.stack([margins, *hits], axis=1)

    def figures(self, differences: Sequence[Difference]) -> AlignmentFigures:
        """The figures, from the differences of margin, retrievals and their mean to the nulls."""
        margin, forward, backward, both = differences
        src_to_tgt, tgt_to_src = (float(value) for value in self.outcomes[:, 1:].mean(axis=0))
        return AlignmentFigures(
            pairs=self.pairs,
            random=self.random,
            margin=Estimate(value=margin.effect, low=margin.low, high=margin.high, p=margin.p),
            src_to_tgt=self._share(src_to_tgt, forward),
            tgt_to_src=self._share(tgt_to_src, backward),
            both=self._share((src_to_tgt + tgt_to_src) / 2, both),
        )

    def _share(self, value: float, above: Difference) -> Estimate:
        low, high = (min(1.0, max(0.0, end + 1 / self.count)) for end in (above.low, above.high))
        return Estimate(value=value, low=low, high=high, p=above.p)


def _differences(spaces: Sequence[_Space], level: float) -> list[Difference]:
    """Margin, retrieval each way and their mean, of each space, against no alignment."""
    outcomes = np.concatenate([space.outcomes for space in spaces], axis=1)[None]
    nulls = np.zeros_like(outcomes)
    groups: list[list[int]] = []
    for first in range(0, outcomes.shape[2], 3):
        nulls[:, :, first + 1 : first + 3] = 1 / outcomes.shape[1]
        groups += [[first], [first + 1], [first + 2], [first + 1, first + 2]]
    strata = np.zeros(outcomes.shape[1], np.int64)
    return group_differences(outcomes, nulls, strata, groups, level=level)


def _check_sides(src: FloatArray, tgt: FloatArray) -> None:
    check_vectors(src, "src")
    check_vectors(tgt, "tgt")
    if src.shape != tgt.shape:
        raise DataError(
            f"src vectors of shape {src.shape}, tgt vectors of shape {tgt.shape}",
            "the same number of vectors of the same width on both sides",
        )
    if len(src) < 2:
        raise DataError("1 pair of words", "2 or more: one pair has no random pair beside it")


def _units(rows: FloatArray) -> Float64Array:
    """Rows of length one in float64; the digits matter if all cosines are near 1."""
    wide = rows.astype(np.float64)
    wide /= np.abs(wide).max(axis=1, keepdims=True)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return wide


def _nothing_left(sides: Sequence[Float64Array]) -> str:
    """Why the sides cannot be centred; empty if they can."""
    for name, rows in zip(("src", "tgt"), sides, strict=True):
        short = int((np.linalg.norm(rows - rows.mean(axis=0), axis=1) < SHORTEST).sum())
        if short:
            return f"without their mean nothing is left of {short} of {len(rows)} {name} vectors"
    return ""
