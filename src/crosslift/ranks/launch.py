"""Starts ranks, receives their messages, and ends all of them if one is lost.

Each rank is a new Python process. `multiprocessing` would run the user's script again in each of them,
and torch's elastic launcher restarts ranks, which a training step must not. The process that starts the
ranks is not a rank: it can end the others and report it, whichever rank is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

import cloudpickle

from crosslift.artifacts.device import device
from crosslift.errors import TrainingError
from crosslift.ranks import rank_process
from crosslift.ranks.ranks import RESUMES

_GRACE = 2.0
"""Seconds for the other ranks to report why they ended, before they are killed."""
_LOOK = 1.0
"""Seconds between checks for a stop, while no rank sends a message."""
_OF_OTHER_LAUNCHERS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
STOPPING = "\nstopping after this update; Ctrl-C again to stop now\n"
_STOPPING_ALL = (
    "\nstopping after this update, batch of texts or language; Ctrl-C again to stop now\n"
)

Work = Callable[..., Any]
"""Called on each rank as ``work(ranks, say, *arguments)``; defined in a module, so that ranks find it.
``say`` sends a message to the process that started them."""


def run_ranks(
    count: int, work: Work, arguments: tuple[Any, ...], hear: Callable[[Any], None]
) -> Any:
    """Does some work on several ranks of this machine.

    Args:
        count: number of ranks.
        work: the function that each rank runs.
        arguments: arguments of the work; they are pickled, as are functions of the user's script.
        hear: called with each message of the first rank.

    Returns:
        The result of the work on the first rank.

    Raises:
        TrainingError: there are too few devices, a rank is lost, or the arguments cannot be sent.
        Exception: the work raised it on a rank.
        KeyboardInterrupt: Ctrl-C; all ranks have stopped together after an update.
    """
    with contextlib.closing(KeptRanks()) as ranks:
        return ranks.run(count, work, arguments, hear)


class KeptRanks:
    """Ranks that do one piece of work after another, so that they keep what they have loaded.

    They end when their work fails or is stopped, when another number is wanted, when this object is
    deleted, and at the latest with this process.
    """

    def __init__(self) -> None:
        self._ranks: list[_Rank] = []
        self._end: Callable[[], object] = lambda: None

    def run(
        self, count: int, work: Work, arguments: tuple[Any, ...], hear: Callable[[Any], None]
    ) -> Any:
        """Does some work on them; see `run_ranks`."""
        message = _pickled((work, arguments))
        if len(self._ranks) != count or any(rank.ended for rank in self._ranks):
            self._start(count)
        try:
            for rank in self._ranks:
                rank.begin(message)
            return _hear_out(self._ranks, hear)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends them."""
        self._end()
        self._ranks = []

    def _start(self, count: int) -> None:
        self.close()
        threads = _threads_of_each(count)
        folder = Path(tempfile.mkdtemp(prefix="crosslift-ranks-"))
        ranks = self._ranks
        self._end = weakref.finalize(self, _end_all, ranks, folder)
        for number in range(count):
            ranks.append(_start(number, threads))
        for rank in ranks:
            rank.send(pickle.dumps((count, folder / "meeting")))


def _end_all(ranks: list[_Rank], folder: Path) -> None:
    for rank in ranks:
        rank.end()
    shutil.rmtree(folder, ignore_errors=True)


def _threads_of_each(count: int) -> int:
    import torch

    devices = torch.cuda.device_count()
    if device().type == "cuda" and count > devices:
        raise TrainingError(
            f"devices: {count} on a machine with {devices}",
            f"at most {devices}",
            "lower `devices`, or make more of them visible (CUDA_VISIBLE_DEVICES)",
        )
    return max(1, torch.get_num_threads() // count)


def _pickled(message: tuple[Any, ...]) -> bytes:
    try:
        return bytes(cloudpickle.dumps(message))
    except Exception as error:  # pickle raises anything
        raise TrainingError(
            f"the work cannot be sent to several devices: {error}",
            "data and tasks that can be pickled, without open files, locks or generators",
            "write `devices: 1` into the stage, or leave out what cannot be pickled",
        ) from error


class _Rank:
    """A rank, as the process that started it sees it."""

    def __init__(
        self, number: int, process: subprocess.Popen[bytes], connection: Connection
    ) -> None:
        self.number = number
        self.process = process
        self.connection = connection
        self.result: Any = None
        self.error: tuple[BaseException, str, bool] | None = None
        self.done = False
        self.stopped = False

    @property
    def ended(self) -> bool:
        """Whether its process does no more work."""
        return self.stopped or self.process.poll() is not None

    def begin(self, message: bytes) -> None:
        """Sends it work."""
        self.result, self.done = None, False
        self.send(message)

    def send(self, message: bytes) -> None:
        """Sends a pickled message; a rank that has ended is detected later, when it sends nothing."""
        with contextlib.suppress(BrokenPipeError):
            self.connection.send_bytes(message)

    def read(self, hear: Callable[[Any], None]) -> bool:
        """Processes the next message; returns whether more may come."""
        try:
            kind, content = self.connection.recv()
        except (EOFError, OSError):
            self.process.wait()
            return False
        if kind == "said":
            hear(content)
        elif kind == "failed":
            self.error = content
        else:
            self.result, self.done, self.stopped = content, True, kind == "stopped"
        return True

    @property
    def lost(self) -> bool:
        """Whether it ended without a message."""
        return not self.done and self.error is None

    def end(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait()
        self.connection.close()


def _start(number: int, threads: int) -> _Rank:
    ours, theirs = Pipe()
    path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    environment = {k: v for k, v in os.environ.items() if k not in _OF_OTHER_LAUNCHERS}
    environment |= {"PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-P", "-m", rank_process.__name__]
    with theirs, _interrupts_blocked():
        process = subprocess.Popen(
            [*command, str(number), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            env=environment,
            pass_fds=[theirs.fileno()],
        )
    return _Rank(number, process, ours)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started in this block do not get the Ctrl-C of the terminal: they stop on request, all
    after the same update."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


class _Interrupts:
    """Ctrl-C while ranks work: the first one is noted, so that messages are read whole; a second one
    ends everything at once. Only the main thread receives it."""

    def __init__(self) -> None:
        self.came = 0

    def _note(self, number: int, frame: object) -> None:
        del number, frame
        self.came += 1
        if self.came > 1:
            raise KeyboardInterrupt
        sys.stderr.write(_STOPPING_ALL)
        sys.stderr.flush()

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Notes those that come in the block."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.SIG_DFL if former is None else former)


def _hear_out(ranks: list[_Rank], hear: Callable[[Any], None]) -> Any:
    """Hears the ranks until they have ended."""
    interrupts = _Interrupts()
    with interrupts.noted():
        if _hear_until_one_fails(ranks, hear, interrupts):
            _hear_the_rest(ranks, hear)
            _raise_cause(ranks)
    if interrupts.came:
        raise KeyboardInterrupt
    return ranks[0].result


def _hear_until_one_fails(
    ranks: list[_Rank], hear: Callable[[Any], None], interrupts: _Interrupts
) -> bool:
    """Whether one failed; else all have done their work."""
    pending = {rank.connection: rank for rank in ranks}
    asked = False
    while pending:
        if interrupts.came and not asked:
            asked = True
            for rank in ranks:
                rank.send(rank_process.STOP)
        for connection in wait(list(pending), _LOOK):
            rank = pending[connection]  # type: ignore[index]
            more = rank.read(hear)
            if rank.error is not None or (not more and rank.lost):
                return True
            if rank.done:
                del pending[rank.connection]
    return False


def _hear_the_rest(ranks: list[_Rank], hear: Callable[[Any], None]) -> None:
    """Reads the messages of the other ranks: the first error is not always the cause of the others."""
    until = time.monotonic() + _GRACE
    pending = {r.connection: r for r in ranks if r.lost and r.process.returncode is None}
    while pending and (left := until - time.monotonic()) > 0:
        for connection in wait(list(pending), left):
            rank = pending[connection]  # type: ignore[index]
            if not rank.read(hear) or not rank.lost:
                del pending[rank.connection]


def _raise_cause(ranks: list[_Rank]) -> None:
    """Raises the error of the rank whose end was not the consequence of another's."""
    for rank in ranks:
        if rank.lost and rank.process.returncode is not None:
            raise TrainingError(
                f"rank {rank.number} of {len(ranks)} was lost: {_end_of(rank.process.returncode)}; the "
                "other ranks have ended",
                "ranks that stay until their work ends",
                f"{RESUMES}; if memory was short, lower `devices` or set `cached_texts`",
            )
    failures = [(rank.number, *rank.error) for rank in ranks if rank.error is not None]
    causes = [failure for failure in failures if not failure[3]] or failures
    number, error, text, _ = causes[0]
    error.add_note(f"on rank {number} of {len(ranks)}" + (f":\n{text}" if text else ""))
    raise error


def _end_of(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    return f"its process was ended by {signal.Signals(-code).name}"
