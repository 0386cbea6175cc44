"""Sketches of pictures, and the pairs of pictures with similar sketches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.images.picture_alignment import align, correlations, moved
from crosslift.images.picture_views import WHOLE, Floats, boxes_in_borders, cells_of, local_contrast

Integers = NDArray[np.int64]

CELLS = 16
_SKETCH_CELLS = 8
_CUT = 0.07  # of a side; cuts from none to twice as much are near enough
_ALIKE = 0.45  # correlation of whole sketches; of different photographs 4 pairs in 1,000 have it
_ALIKE_CUT = 0.6  # of the cut sketch that fits best
_ALIKE_ALIGNED = 0.7  # of local contrast on 16 x 16 cells, after alignment
_STEPS = 2  # of that alignment; more steps go wrong where much is cut off
_MOST, _MOST_CUT = 64, 4  # for each view of a test picture; drawings have many similar ones
_PAIRS_AT_ONCE = 4_000_000
_SCORED_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Views:
    """Each picture whole and, if it has a border, once more without the border.

    Args:
        pictures: index of the picture of each view, int64 [V].
        boxes: the part that it shows, float32 [V, 4]; see `cells_of`.
        contrasts: its local contrast, float32 [V, 16, 16].
    """

    pictures: Integers
    boxes: Floats
    contrasts: Floats


def views_of(pictures: NDArray[np.uint8]) -> Views:
    """The views of pictures, uint8 [N, S, S, 3]."""
    inner = boxes_in_borders(pictures)
    bordered = np.flatnonzero((inner != WHOLE).any(1))
    whole = np.tile(WHOLE, (len(pictures), 1))
    parts = [cells_of(pictures, whole, CELLS)]
    parts.append(cells_of(pictures[bordered], inner[bordered], CELLS))
    return Views(
        np.append(np.arange(len(pictures)), bordered),
        np.concatenate([whole, inner[bordered]]),
        local_contrast(np.concatenate(parts)[:, 0], 2),
    )


@dataclass(frozen=True, slots=True)
class Candidates:
    """C pairs of views that may be copies.

    Args:
        test, train: rows of views, int64 [C].
        mirrored: whether the test's view is mirrored, bool [C].
        frames: frames of the test's view in the train's, float32 [C, 2, 2]; see `moved`.
    """

    test: Integers
    train: Integers
    mirrored: NDArray[np.bool_]
    frames: Floats


def candidates(train: Views, test: Views) -> Candidates:
    """The pairs of views with similar sketches.

    A sketch is the local contrast of 8 x 8 cells, at length one. The sketches of test views, and of
    their mirror images, are compared whole first. For similar pairs the test view is then cut, or
    widened, at all sides or at one. At most four pairs remain for each view and its mirror image.
    """
    sketches = _sketches(train.contrasts, _CUTTERS[:1])[:, 0]
    rows = max(1, _PAIRS_AT_ONCE // max(1, len(sketches)))
    parts = []
    for mirrored in (False, True):
        contrasts = test.contrasts[:, :, ::-1] if mirrored else test.contrasts
        for first in range(0, max(1, len(contrasts)), rows):
            some = contrasts[first : first + rows]
            tests, trains, way = _alike(_sketches(some, _CUTTERS), sketches)
            frames, aligned = _aligned(some[tests], train.contrasts[trains], _STARTS[way])
            sides = np.full(len(aligned), mirrored)
            parts.append(
                Candidates(tests[aligned] + first, trains[aligned], sides, frames[aligned])
            )
    return _joined(parts)


def _joined(parts: Sequence[Candidates]) -> Candidates:
    return Candidates(
        np.concatenate([part.test for part in parts]),
        np.concatenate([part.train for part in parts]),
        np.concatenate([part.mirrored for part in parts]),
        np.concatenate([part.frames for part in parts]),
    )


def _cuts() -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Parts of a picture: start and end, down and across; 0 to 1 is the whole."""
    sides: list[tuple[tuple[float, float], tuple[float, float]]] = [((0, 1), (0, 1))]
    for cut in (_CUT, -_CUT):
        sides.append(((cut, 1 - cut), (cut, 1 - cut)))
        sides += [((cut, 1), (0, 1)), ((0, 1 - cut), (0, 1))]
        sides += [((0, 1), (cut, 1)), ((0, 1), (0, 1 - cut))]
    return sides


def _cutter(part: tuple[tuple[float, float], tuple[float, float]]) -> Floats:
    """The matrix [256, 64] from flattened contrasts to the sketch of a part."""
    pixels = np.arange(CELLS)
    shares = []
    for low, high in part:
        edges = np.linspace(low, high, _SKETCH_CELLS + 1) * CELLS
        inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        shares.append(np.clip(inside, 0, 1))
    return np.ascontiguousarray(np.kron(shares[0], shares[1]).T.astype(np.float32))


_CUTTERS = [_cutter(part) for part in _cuts()]
_STARTS: Floats = np.array(  # the frames of the parts: ``low`` of a part is -1 of the whole
    [
        [(1 / (high - low), (1 - low - high) / (high - low)) for low, high in part]
        for part in _cuts()
    ],
    np.float32,
)


def _sketches(contrasts: Floats, cutters: Sequence[Floats]) -> Floats:
    """Sketches [V, K, 64] of contrasts [V, 16, 16] cut in K ways; of length one, flat ones 0."""
    flat = contrasts.reshape(len(contrasts), CELLS**2)
    sketches = np.stack([flat @ cutter for cutter in cutters], 1)
    lengths = np.linalg.norm(sketches, axis=2, keepdims=True)
    return np.asarray(sketches / np.maximum(lengths, 1e-6), np.float32)


def _alike(cut: Floats, sketches: Floats) -> tuple[Integers, Integers, Integers]:
    """Rows of similar test and train views, and the way in which the test view is cut.

    Args:
        cut: sketches of test views, [T, K, 64], cut in K ways; the first is the whole view.
        sketches: sketches of train views, [M, 64].
    """
    alike = cut[:, 0] @ sketches.T
    tests, trains = np.divmod(np.flatnonzero(alike > _ALIKE), len(sketches) or 1)
    best = _best_of_each(tests, alike[tests, trains], _MOST)
    tests, trains = tests[best], trains[best]
    scores, ways = np.empty(len(tests), np.float32), np.empty(len(tests), np.int64)
    for first in range(0, len(tests), _SCORED_AT_ONCE):
        part = slice(first, first + _SCORED_AT_ONCE)
        each = (cut[tests[part]] @ sketches[trains[part], :, None])[..., 0]
        scores[part], ways[part] = each.max(1), each.argmax(1)
    similar = np.flatnonzero(scores > _ALIKE_CUT)
    similar = similar[_best_of_each(tests[similar], scores[similar], _MOST_CUT)]
    return tests[similar], trains[similar], ways[similar]


def _best_of_each(groups: Integers, scores: Floats, most: int) -> Integers:
    """Indices of the best scores of each group, in their order; of equal scores the first.

    Args:
        groups: group of each score, ascending.
        scores: scores to compare.
        most: at most this many of a group.
    """
    if not len(groups) or np.bincount(groups).max() <= most:
        return np.arange(len(groups))
    order = np.lexsort((-scores, groups))
    rank = np.arange(len(order)) - np.searchsorted(groups, groups)
    return np.sort(order[rank < most])


def _aligned(tests: Floats, trains: Floats, frames: Floats) -> tuple[Floats, Integers]:
    """Frames after alignment, and the rows that are then similar."""
    frames = align(tests, trains, frames, _STEPS)
    cut, inside = moved(trains[:, None], frames)
    return frames, np.flatnonzero(correlations(tests * inside, cut[:, 0] * inside) > _ALIKE_ALIGNED)
