"""Workers that are processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from crosslift.engines.crew import Ended, Start
from crosslift.engines.job import JobFolder
from crosslift.engines.machine import machine_memory, usable_processors
from crosslift.engines.needs import Needs, Room
from crosslift.engines.work import REFUSED
from crosslift.errors import StudyError

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_LONGEST_WORDS = 600


def thread_variables(threads: int) -> dict[str, str]:
    """Variables of the environment that limit the threads of a worker."""
    return dict.fromkeys(_THREAD_VARIABLES, str(threads))


@dataclass(frozen=True, slots=True)
class Processes:
    """Workers on this machine.

    Args:
        workers: number of workers.
        threads: threads of each worker; 0: the processors shared among the workers.
        devices: accelerators of each worker; 0: all workers see what this process sees.

    Raises:
        StudyError: fewer than one worker or thread.
    """

    workers: int
    threads: int = 0
    devices: int = 0

    def __post_init__(self) -> None:
        if self.workers < 1 or self.threads < 0:
            raise StudyError(f"{self.workers} workers of {self.threads} threads", "at least one")
        if self.threads == 0:
            share = max(1, usable_processors() // self.workers)
            object.__setattr__(self, "threads", share)

    @contextlib.contextmanager
    def open(self, folder: JobFolder, needs: Needs) -> Iterator[Start]:
        """See `crosslift.engines.crew.Engine`."""
        devices = _visible_devices() if self.devices else []
        room = Room(
            usable_processors(), machine_memory() / self.workers, len(devices) // self.workers
        )
        needs.check("this machine", self.threads, self.devices, room)
        path = os.pathsep.join(filter(None, sys.path))  # own modules that this process finds
        variables = {**os.environ, "PYTHONPATH": path, **thread_variables(self.threads)}

        places: list[_Process | None] = [None] * self.workers

        def start(name: str) -> _Process:
            place = next(n for n, each in enumerate(places) if each is None or not each.runs)
            own = devices[place * self.devices : (place + 1) * self.devices]
            seen = {"CUDA_VISIBLE_DEVICES": ",".join(own)} if own else {}
            process = places[place] = _Process(str(folder.root), name, variables | seen)
            return process

        yield start


def _visible_devices() -> list[str]:
    """The accelerators that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch  # seconds

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named:
        return named.split(",")
    return [str(number) for number in range(torch.cuda.device_count())]


class _Process:
    """A worker in its own session: Ctrl-C of the terminal does not reach it. It ends when its input is
    closed, so none outlives the process that started it."""

    def __init__(self, folder: str, name: str, variables: dict[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `_close`)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crosslift.engines.work", folder, name],
            stdin=subprocess.PIPE,
            stdout=self._errors,
            stderr=self._errors,
            env=variables,
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def ended(self) -> Ended | None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        code = self._process.poll()
        if code is None:
            return None
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-_LONGEST_WORDS:]
        self._close()
        if code in (0, REFUSED):
            return Ended(said if code else "", refused=code == REFUSED)
        cause = signal.Signals(-code).name if code < 0 else f"status {code}"
        return Ended(f"{cause}{f': {said}' if said else ''}")

    def kill(self) -> None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._errors.close()
