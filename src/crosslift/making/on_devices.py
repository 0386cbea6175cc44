"""Makes a step on its number of devices."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import DTypeLike

from crosslift.artifacts.array_file import ArrayFile, array_file
from crosslift.artifacts.store import Store
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.steps.step import Step, Workplace

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

MakeTogether = Callable[..., None]
"""Function that each rank calls as ``make(ranks, step, workplace, folder, *more)``; defined in a
module."""


def make_on_devices(
    make: MakeTogether, step: Step, workplace: Workplace, folder: Path, *more: Any
) -> None:
    """Makes a step in this process or, on several devices, on ranks that stay for the next such step.

    Args:
        make: work of the step; each rank writes its part of the files.
        step: step, with its number of devices.
        workplace: workplace of this process, which receives the reports of the first rank.
        folder: folder of the files.
        more: further arguments of the work.

    Raises:
        CrossLiftError: the step cannot be made, there are too few devices, or a rank is lost.
    """
    if step.devices == 1:
        make(ALONE, step, workplace, folder, *more)
        return
    from crosslift.ranks.launch import KeptRanks

    def hear(said: tuple[str, Any]) -> None:
        getattr(workplace, said[0])(said[1])

    arguments = (make, step, workplace.store.root, workplace.tracker, folder, more)
    workplace.the(KeptRanks).run(step.devices, _make_on_rank, arguments, hear)


def _make_on_rank(
    ranks: Ranks,
    say: Callable[[tuple[str, Any]], None],
    make: MakeTogether,
    step: Step,
    store: Path,
    tracker: Tracker | None,
    folder: Path,
    more: tuple[Any, ...],
) -> None:
    workplace = Workplace(
        Store(store),
        lambda share: say(("report", share)),
        lambda note: say(("note", note)),
        ranks.shared,
        tracker,
    )
    make(ranks, step, workplace, folder, *more)


@contextlib.contextmanager
def shared_file(
    ranks: Ranks, path: Path, shape: tuple[int, ...], dtype: DTypeLike
) -> Iterator[ArrayFile]:
    """A new ``.npy`` file into which each rank writes its rows; rows that no rank writes are zero.

    Args:
        ranks: all ranks of this machine.
        path: path of the file.
        shape: shape of the array, rows first.
        dtype: type of the array's values.
    """
    ranks.once(lambda: _begin(path, shape, dtype))
    with array_file(path, shape, dtype, new=False) as file:
        yield file


def _begin(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    with array_file(path, shape, dtype):
        pass


def advancing(ranks: Ranks, workplace: Workplace, total: int) -> Callable[[int], None]:
    """A function that takes the number of items that this rank has done since the last call. It reports
    the progress of the first rank, and stops this rank if the run is to stop.

    Args:
        ranks: ranks that do the items; no rank waits for another until all items are done.
        workplace: workplace that receives the progress.
        total: number of all ranks' items.
    """
    advance = workplace.counting(math.ceil(total / ranks.count))

    def done(more: int) -> None:
        advance(more)
        ranks.stop_alone_if_asked()

    return done


def write_json(ranks: Ranks, path: Path, content: object) -> None:
    """Writes a file of JSON on the first rank."""
    if ranks.number == 0:
        path.write_text(json.dumps(content), encoding="utf-8")
