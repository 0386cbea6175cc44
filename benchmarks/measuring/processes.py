"""Contenders in processes of their own: how this process directs them, and how they answer."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.measuring.rows import Shares
from benchmarks.measuring.turns import Turn


@dataclass(frozen=True, slots=True)
class Request:
    """What a contender is to do.

    Args:
        kind: ``turn`` is timed, ``shares`` is profiled.
        first: number of the first step.
        steps: how many.
    """

    kind: Literal["turn", "shares"]
    first: int
    steps: int


class ProcessContender:
    """A contender that runs as a module in another process.

    Args:
        process: which reads requests and writes answers, as `Answers` does.
        first: number of the first step of each turn.
        steps: of each turn.
    """

    def __init__(self, process: subprocess.Popen[str], first: int, steps: int) -> None:
        self._process, self._first, self._steps = process, first, steps
        self.facts: dict[str, Any] = {}

    def turn(self) -> Turn:
        """Does the steps once; ``facts`` is what the process reports beside their time."""
        answer = self._answer("turn")
        self.facts = answer["facts"]
        return Turn(answer["seconds"], answer["computed"], answer["peak_bytes"])

    def shares(self) -> Shares:
        """Where the time of the steps goes."""
        shares: Shares = self._answer("shares")["facts"]
        return shares

    def of_steps(self, first: int, steps: int) -> ProcessContender:
        """The same process with other steps."""
        return ProcessContender(self._process, first, steps)

    def wait_until_ready(self) -> None:
        """Returns when the process waits for requests."""
        _read(self._process)

    def _answer(self, kind: Literal["turn", "shares"]) -> dict[str, Any]:
        if self._process.stdin is None:
            raise RuntimeError("a contender without pipes")
        request = Request(kind, self._first, self._steps)
        self._process.stdin.write(json.dumps(asdict(request)) + "\n")
        self._process.stdin.flush()
        return _read(self._process)


@contextmanager
def running(commands: Sequence[Sequence[str]], steps: int) -> Iterator[list[ProcessContender]]:
    """Contenders that are ready; their processes end with the context.

    Args:
        commands: module and arguments of each.
        steps: of a turn, from the first on.
    """
    with ExitStack() as stack:
        processes = [stack.enter_context(_started(command)) for command in commands]
        contenders = [ProcessContender(process, 0, steps) for process in processes]
        for contender in contenders:
            contender.wait_until_ready()
        yield contenders


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    whole = [sys.executable, "-m", *command]
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    with subprocess.Popen(
        whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"a contender stopped: {process.args!r}")
    answer: dict[str, Any] = json.loads(line)
    return answer


class Answers:
    """The other end, in the process of a contender: reads requests, answers on standard output."""

    def __init__(self) -> None:
        _write({"ready": True})
        self._began = self._computed = 0.0

    def next_request(self) -> Request:
        """Waits for a request, and starts the clock.

        Raises:
            SystemExit: no more requests will come.
        """
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        self._began, self._computed = time.perf_counter(), time.process_time()
        return Request(**json.loads(line))

    def answer(self, facts: Any) -> None:
        """Stops the clock and answers.

        Args:
            facts: anything that JSON can hold.
        """
        seconds, computed = time.perf_counter() - self._began, time.process_time() - self._computed
        times = {"seconds": seconds, "computed": computed, "peak_bytes": peak_bytes()}
        _write({**times, "facts": facts})


def _write(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


def peak_bytes() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage includes the parent's memory at the fork
        line = next(v for v in status.read_text().splitlines() if v.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
