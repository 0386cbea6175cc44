"""Many pictures at once: decoded by several threads, and run through a frozen image tower."""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.artifacts.array_file import Rows
from crosslift.artifacts.read_once import reading_once
from crosslift.encoders.precision import resolve_precision
from crosslift.errors import DataError
from crosslift.images.decode import MAX_PIXELS, check_square, load_picture
from crosslift.images.framing import Fit, Framing
from crosslift.images.image_tower import ImageTower
from crosslift.sources.picture import Picture

LEAST_COSINE = 0.9999
"""The lowest cosine of a feature in lower precision and the same feature in float32."""

PICTURES_PER_BATCH = 32
ALL = slice(None)
"""Every batch."""
_PROBED = 8
_PICTURES_PER_TASK = 16

Report = Callable[[int], None]
"""Called with the number of pictures done since the last call."""

Features = NDArray[np.float32] | NDArray[np.float16]

_Run = Callable[[Tensor], Tensor]


def decode_all(
    pictures: Sequence[Picture],
    size: int,
    *,
    fit: Fit | Framing = "pad",
    background: int = 255,
    workers: int | None = None,
    report: Report | None = None,
    skip_broken: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Decodes N pictures into a new array, uint8 [N, S, S, 3].

    Args:
        pictures, size, fit, background, workers, report, skip_broken, max_pixels: see `decode_into`.

    Returns:
        The squares, and index -> reason of the pictures left out.

    Raises:
        DataError: as `decode_into`.
    """
    squares = np.empty((len(pictures), max(size, 0), max(size, 0), 3), np.uint8)
    skipped = decode_into(
        squares,
        pictures,
        size,
        fit=fit,
        background=background,
        workers=workers,
        report=report,
        skip_broken=skip_broken,
        max_pixels=max_pixels,
    )
    return squares, skipped


@reading_once()
def decode_into(
    squares: Rows,
    pictures: Sequence[Picture],
    size: int,
    *,
    fit: Fit | Framing = "pad",
    background: int = 255,
    workers: int | None = None,
    report: Report | None = None,
    skip_broken: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> dict[int, str]:
    """Decodes N pictures, in their order, by several threads, and writes each when it is decoded.

    Args:
        squares: receives them, uint8 [N, S, S, 3]: an array or an array file.
        pictures: N of them, as `load_picture` takes them.
        size: S, side of the squares in pixels.
        fit: how a picture becomes a square.
        background: grey level around a padded picture.
        workers: threads. None: as many as there are processors, at most 16.
        report: called with the number of pictures done since the last call. None: not called.
        skip_broken: a picture that cannot be read raises no error: its square has the background
            alone, and the reason is returned.
        max_pixels: most pixels that a picture may declare.

    Returns:
        Index -> reason of the pictures left out.

    Raises:
        DataError: a picture cannot be read (the first in their order), or the size, fit, background
            or ``squares`` is invalid.
    """
    framing = check_square(size, fit, background)
    shape = (len(pictures), size, size, 3)
    if squares.shape != shape or squares.dtype != np.uint8:
        raise DataError(
            f"an array {squares.dtype} {list(squares.shape)} for {len(pictures)} pictures",
            f"uint8 {list(shape)}",
        )

    def decode(first: int) -> dict[int, str]:
        skipped: dict[int, str] = {}
        for i in range(first, min(first + _PICTURES_PER_TASK, len(pictures))):
            try:
                squares[i] = load_picture(
                    pictures[i], size, fit=framing, background=background, max_pixels=max_pixels
                )
            except DataError as error:
                if not skip_broken:
                    raise
                squares[i] = background
                skipped[i] = error.what
        return skipped

    skipped: dict[int, str] = {}
    done = 0
    firsts = range(0, len(pictures), _PICTURES_PER_TASK)
    for skipped_of_task in _in_order(decode, firsts, workers or min(16, os.cpu_count() or 1)):
        skipped |= skipped_of_task
        count = min(_PICTURES_PER_TASK, len(pictures) - done)
        done += count
        if report is not None:
            report(count)
    return skipped


def _in_order(
    work: Callable[[int], dict[int, str]], firsts: Sequence[int], workers: int
) -> Iterator[dict[int, str]]:
    """Results in the order of the work; after an error, only the running work is finished."""
    waiting: deque[Future[dict[int, str]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for first in firsts:
                waiting.append(pool.submit(copy_context().run, work, first))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def extract_features(
    tower: ImageTower,
    pictures: NDArray[np.uint8],
    *,
    states: bool = False,
    report: Report | None = None,
    batch: int = PICTURES_PER_BATCH,
    turn: slice = ALL,
) -> Features:
    """A tower's features of pictures as a new array; see `FeatureRun`.

    Args:
        tower, pictures, states, batch: as in `FeatureRun`. report, turn: as in `FeatureRun.write_into`;
        the features of other batches are 0.

    Returns:
        float32 [N, E], or with ``states`` float16 [N, P, W].
    """
    run = FeatureRun(tower, pictures, states=states, batch=batch)
    features: Features = np.zeros(run.shape, run.dtype)
    run.write_into(features, report=report, turn=turn)
    return features


class FeatureRun:
    """Runs pictures through a tower, in evaluation mode and without gradient.

    Features are computed in bfloat16 if the processor multiplies it natively and those of some pictures
    have a cosine of at least 0.9999 to the same in float32. First all weights in bfloat16 are tried,
    then the matrix products alone; otherwise it is float32. The choice depends on tower and pictures,
    never on the clock, so the same pictures have the same features.

    Args:
        tower: an image tower.
        pictures: uint8 [N, S, S, 3], S being the tower's; may be a memory map.
        states: the features are the states, not one vector per picture.
        batch: pictures at a time, at least 1.

    Raises:
        DataError: the pictures have another size, or the batch is below 1.
    """

    def __init__(
        self,
        tower: ImageTower,
        pictures: NDArray[np.uint8],
        *,
        states: bool = False,
        batch: int = PICTURES_PER_BATCH,
    ) -> None:
        size = tower.picture_size
        if pictures.dtype != np.uint8 or pictures.shape[1:] != (size, size, 3):
            raise DataError(
                f"pictures {pictures.dtype} {list(pictures.shape)} for an image tower",
                f"uint8 [N, {size}, {size}, 3]",
            )
        if batch < 1:
            raise DataError(f"batch {batch}", "1 or more pictures")
        self._pictures, self._states, self._batch = pictures, states, batch
        self._device = next(tower.parameters()).device
        with torch.inference_mode():
            self._tower = tower.for_inference()
            self._run = _fastest(self._tower, pictures, self._device, states)
            blank = np.zeros((1, size, size, 3), np.uint8)
            one = self._run(self._tower.as_input(blank, self._device))
        self.shape: tuple[int, ...] = (len(pictures), *one.shape[1:])
        """Shape of the features: [N, E], or with ``states`` [N, P, W]."""
        self.dtype = np.dtype(np.float16 if states else np.float32)
        """Type of the features: float32, or with ``states`` float16."""

    def write_into(self, rows: Rows, *, report: Report | None = None, turn: slice = ALL) -> None:
        """Computes the features, batch by batch.

        Args:
            rows: receives them, of `shape` and `dtype`: an array or an array file.
            report: called with the number of pictures done since the last call. None: not called.
            turn: which of the batches are run; the rows of the others are not written.

        Raises:
            DataError: a feature is not finite in `dtype`.
        """
        for first in range(0, len(self._pictures), self._batch)[turn]:
            some = self._pictures[first : first + self._batch]
            with torch.inference_mode():
                features = self._run(self._tower.as_input(some, self._device))
            rows[list(range(first, first + len(some)))] = _checked(features, self._states, first)
            if report is not None:
                report(len(some))


def _checked(features: Tensor, states: bool, first: int) -> Features:
    converted = features.half() if states else features.float()
    finite = torch.isfinite(converted).flatten(1).all(1)
    if not finite.all():
        at = first + int(torch.nonzero(~finite)[0])
        dtype = str(converted.dtype).removeprefix("torch.")
        raise DataError(
            f"the features of picture {at} are not finite in {dtype}",
            "finite numbers",
        )
    array: Features = converted.cpu().numpy()
    return array


def _fastest(
    tower: ImageTower, pictures: NDArray[np.uint8], device: torch.device, states: bool
) -> _Run:
    """The fastest way of running the tower whose features are close enough to float32."""

    def exact(inputs: Tensor) -> Tensor:
        last = tower.states(inputs)
        return last if states else tower.pooled(last)

    if resolve_precision("auto") != "bfloat16" or not len(pictures):
        return exact
    chosen = np.unique(np.linspace(0, len(pictures) - 1, _PROBED).astype(int))
    inputs = tower.as_input(np.stack([pictures[i] for i in chosen]), device)
    expected = exact(inputs)
    for run in (_in_bfloat16(tower, states), _products_in_bfloat16(exact, device)):
        if _close(run(inputs), expected):
            return run
    return exact


def _in_bfloat16(tower: ImageTower, states: bool) -> _Run:
    low = copy.deepcopy(tower).to(torch.bfloat16)

    def run(inputs: Tensor) -> Tensor:
        last = low.states(inputs.to(torch.bfloat16))
        return last if states else low.pooled(last)

    return run


def _products_in_bfloat16(exact: _Run, device: torch.device) -> _Run:
    def run(inputs: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return exact(inputs)

    return run


def _close(features: Tensor, expected: Tensor) -> bool:
    cosines = torch.nn.functional.cosine_similarity(features.float(), expected.float(), dim=-1)
    both_zero = (features == 0).all(-1) & (expected == 0).all(-1)  # after a ReLU
    return bool(((cosines >= LEAST_COSINE) | both_zero).all())
