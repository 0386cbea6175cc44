"""Copies of pictures: which pictures of one set are in another one, even if they are cut, mirrored,
bordered, grey, scaled or compressed again.

Sketches of all pictures give a few candidates for each (`sketches`). The candidates are aligned, and
the part that both show is compared cell by cell. This comparison decides. It is the same for
photographs and for drawings, as every part of the picture must agree: drawings of one style differ in
some part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosslift.images.picture_alignment import align, correlations
from crosslift.images.picture_views import Floats, cells_of, check_pictures, local_contrast
from crosslift.images.sketches import Candidates, Views, candidates, views_of

Integers = NDArray[np.int64]

_FINE_CELLS, _BLOCKS = 32, 8
_ROUNDS, _STEPS = 3, 3  # of alignment; each round cuts out the common part again
_TRAIN_AT_ONCE = 65_536
_CHECKED_AT_ONCE = 512

_LEAST_ON_THE_WAY = 0.8  # correlation of local contrast after the first round
_LEAST_COMMON = 0.5  # of either view's area
_LEAST_AGREEMENT = 0.75  # correlation of local contrast
_MOST_APART = 0.3  # squared difference of contrast in the worst block, over its energy
_MOST_GREY_APART = 40.0  # levels, of blocks: a picture may be brighter by a fifth
_MOST_COLOUR_APART = 0.4  # of the colour of blocks, as a share of its size
_LEAST_COLOUR = 2.0  # levels; a picture with less is grey
_NO_COLOUR = 5.0  # levels


@dataclass(frozen=True, slots=True)
class Copies:
    """For each of N test pictures, the train picture that it is a copy of.

    Args:
        train: its index, int64 [N]; -1: no copy.
        agreement: correlation of the local contrast of both after alignment, 0.75 to 1, float32 [N];
            0: no copy.
        mirrored: whether one is the mirror image of the other, bool [N].
    """

    train: Integers
    agreement: Floats
    mirrored: NDArray[np.bool_]


def find_copies(train: NDArray[np.uint8], test: NDArray[np.uint8]) -> Copies:
    """Finds for each test picture the train picture that it is a copy of, if there is one.

    docs/leaks.md has the measurements: how often each kind of change is found, and the number of
    pictures that are falsely called copies.

    Args:
        train: uint8 [M, S, S, 3], S at least 32: pictures stretched to a square whatever their shape.
        test: uint8 [N, S, S, 3].

    Returns:
        The copies. If a test picture has several, an equal one, else the one that agrees best;
        among equally good ones the first.

    Raises:
        DataError: pictures of another shape or type.
    """
    for pictures in (train, test):
        check_pictures(pictures)
    copies = _equal(train, test)
    tests = views_of(test)
    for start in range(0, len(train), _TRAIN_AT_ONCE):
        some = train[start : start + _TRAIN_AT_ONCE]
        trains = views_of(some)
        pairs = candidates(trains, tests)
        for first in range(0, len(pairs.test), _CHECKED_AT_ONCE):
            part = slice(first, first + _CHECKED_AT_ONCE)
            overlays = _align(_overlays(pairs, part, (some, trains), (test, tests)))
            _keep_better(copies, overlays, start)
    return copies


def _equal(train: NDArray[np.uint8], test: NDArray[np.uint8]) -> Copies:
    """The test pictures that equal a train picture in every pixel, also those of one colour."""
    numbers: dict[bytes, list[int]] = {}
    for number, picture in enumerate(train):
        numbers.setdefault(_some_pixels(picture), []).append(number)
    at = np.full(len(test), -1, np.int64)
    for row, picture in enumerate(test):
        same = numbers.get(_some_pixels(picture), [])
        at[row] = next((n for n in same if np.array_equal(train[n], picture)), -1)
    return Copies(at, (at >= 0).astype(np.float32), np.zeros(len(test), np.bool_))


def _some_pixels(picture: NDArray[np.uint8]) -> bytes:
    return picture.reshape(-1)[::61].tobytes()


@dataclass(frozen=True, slots=True)
class _Overlays:
    """Pairs of pictures laid on one another.

    Args:
        tests, trains: indices of the pictures, int64 [C].
        mirrored: whether the test picture is mirrored, bool [C].
        pictures: pictures of test and train, uint8 [C, S, S, 3] both; test pictures are mirrored
            already.
        boxes: the part of each that is compared, float32 [C, 4] both.
        frames: frames of the test's part in the train's, float32 [C, 2, 2]; see `moved`.
        common: share of the views' area that both show, float32 [C].
    """

    tests: Integers
    trains: Integers
    mirrored: NDArray[np.bool_]
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    boxes: tuple[Floats, Floats]
    frames: Floats
    common: Floats

    def __getitem__(self, rows: Integers) -> _Overlays:
        test, train = (each[rows] for each in self.pictures)
        boxes, others = (each[rows] for each in self.boxes)
        return _Overlays(
            self.tests[rows],
            self.trains[rows],
            self.mirrored[rows],
            (test, train),
            (boxes, others),
            self.frames[rows],
            self.common[rows],
        )

    def cells(self, channels: int) -> tuple[Floats, Floats]:
        """The compared parts of test and train, float32 [C, channels, 32, 32] both."""
        test, train = (
            cells_of(pictures, boxes, _FINE_CELLS, channels=channels)
            for pictures, boxes in zip(self.pictures, self.boxes, strict=True)
        )
        return test, train


def _overlays(
    pairs: Candidates,
    part: slice,
    train: tuple[NDArray[np.uint8], Views],
    test: tuple[NDArray[np.uint8], Views],
) -> _Overlays:
    mirrored = pairs.mirrored[part]
    rows = []
    for (pictures, views), views_rows in ((test, pairs.test[part]), (train, pairs.train[part])):
        numbers = views.pictures[views_rows]
        rows.append((numbers, pictures[numbers], views.boxes[views_rows]))
    (tests, test_pictures, test_boxes), (trains, train_pictures, train_boxes) = rows
    test_pictures[mirrored] = test_pictures[mirrored, :, ::-1]
    test_boxes[mirrored, 2:] = 1 - test_boxes[mirrored, :1:-1]
    whole = np.ones(len(tests), np.float32)
    start = _Overlays(
        tests,
        trains,
        mirrored,
        (test_pictures, train_pictures),
        (test_boxes, train_boxes),
        pairs.frames[part],
        whole,
    )
    return _cut_to_common(start, pairs.frames[part])


def _align(overlays: _Overlays) -> _Overlays:
    """The overlays aligned, without those that disagree strongly after the first round."""
    for number in range(_ROUNDS):
        test, train = (local_contrast(cells[:, 0], 4) for cells in overlays.cells(1))
        if number:
            alike = np.flatnonzero(correlations(test, train) > _LEAST_ON_THE_WAY)
            overlays, test, train = overlays[alike], test[alike], train[alike]
        overlays = _cut_to_common(overlays, align(test, train, overlays.frames, _STEPS))
    return overlays


def _cut_to_common(overlays: _Overlays, frames: Floats) -> _Overlays:
    """The same with the boxes cut to the part that both show in these frames."""
    scales, shifts = frames[..., 0], frames[..., 1]
    low = np.maximum(-1, (-1 - shifts) / scales)
    high = np.maximum(np.minimum(1, (1 - shifts) / scales), low + 0.1)
    ends = np.stack([low, high], 2)
    test, train = overlays.boxes
    boxes = _part(test, ends), _part(train, ends * scales[..., None] + shifts[..., None])
    common = overlays.common * np.prod((high - low) / 2 * np.minimum(1, scales), 1)
    unmoved = np.tile(np.array([1, 0], np.float32), (len(frames), 2, 1))
    return replace(overlays, boxes=boxes, frames=unmoved, common=common)


def _part(boxes: Floats, ends: Floats) -> Floats:
    """The part of boxes [C, 4] between ends [C, 2, 2] down and across; -1 to 1 is a side."""
    sides = boxes.reshape(-1, 2, 2)
    part = sides[..., :1] + (ends + 1) / 2 * (sides[..., 1:] - sides[..., :1])
    return np.asarray(np.clip(part, 0, 1).reshape(-1, 4), np.float32)


def _keep_better(copies: Copies, overlays: _Overlays, start: int) -> None:
    """Updates ``copies`` in place; ``start`` is the index of the first train picture."""
    agreement = _agreements(overlays)
    for row in np.flatnonzero(agreement):
        at, number = overlays.tests[row], start + overlays.trains[row]
        before = (-copies.agreement[at], copies.train[at])
        if copies.train[at] < 0 or (-agreement[row], number) < before:
            copies.train[at], copies.agreement[at] = number, agreement[row]
            copies.mirrored[at] = overlays.mirrored[row]


def _agreements(overlays: _Overlays) -> Floats:
    """Agreement of pairs, float32 [C]; 0: they are no copies."""
    test, train = overlays.cells(3)
    contrasts = [local_contrast(cells[:, 0], 2) for cells in (test, train)]
    agreement = np.clip(correlations(*contrasts), 0, 0.99999)  # equal pictures come first
    same = (agreement >= _LEAST_AGREEMENT) & (overlays.common >= _LEAST_COMMON)
    same &= _worst_block(*contrasts) <= _MOST_APART
    blocks = _blocks(test), _blocks(train)
    same &= _grey_apart(*(each[:, 0] for each in blocks)) <= _MOST_GREY_APART
    same &= _colour_apart(*(each[:, 1:] for each in blocks)) <= _MOST_COLOUR_APART
    return np.where(same, agreement, 0).astype(np.float32)


def _blocks(cells: Floats) -> Floats:
    """Means [..., 8, 8] over blocks of cells [..., 32, 32]."""
    side = _FINE_CELLS // _BLOCKS
    means: Floats = cells.reshape(*cells.shape[:-2], _BLOCKS, side, _BLOCKS, side).mean((-3, -1))
    return means


def _worst_block(first: Floats, second: Floats) -> Floats:
    """The largest difference of contrasts in a block; 0: equal, 2: unlike.

    A block's squared difference counts as a share of its own energy and that of the mean block.
    """
    energy = _blocks(np.square(first) + np.square(second)) / 2
    apart = _blocks(np.square(first - second))
    shares = apart / (energy + energy.mean((1, 2), keepdims=True) + 1e-6)
    return np.asarray(shares.max((1, 2)), np.float32)


def _grey_apart(first: Floats, second: Floats) -> Floats:
    """Difference of blocks in grey levels: the root of the mean square."""
    return np.asarray(np.sqrt(np.square(first - second).mean((1, 2))), np.float32)


def _colour_apart(first: Floats, second: Floats) -> Floats:
    """Difference of colours, as a share of their strength; 0 if either is grey."""
    apart = np.square(first - second).mean((1, 2, 3))
    strength = (np.square(first) + np.square(second)).mean((1, 2, 3)) / 2
    shares = np.sqrt(apart / np.maximum(strength, _NO_COLOUR**2))
    weakest = np.minimum(*(np.abs(each).mean((1, 2, 3)) for each in (first, second)))
    return np.where(weakest < _LEAST_COLOUR, 0, shares).astype(np.float32)
