"""Runs that are broken off: kills, signals, several processes on one store, full disks.

    python -m benchmarks.broken_runs kills --count 200
    python -m benchmarks.broken_runs signals
    python -m benchmarks.broken_runs processes
    python -m benchmarks.broken_runs disk       (mounts a tmpfs, so it needs root)

Each part breaks a tiny study off, lets it end, and compares its numbers, bit for bit, with those of
an unbroken run.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.api import session
from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import CrossLiftError
from crosslift.planning.plan_study import plan_study
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step
from crosslift.studies.schema import Study
from crosslift.training import loop
from tests.samples.small_study import small_study
from tests.samples.tiny_encoder import make_tiny_encoder

_REFUSED, _INTERRUPTED, _FAULT = 3, 130, 1
_NUMBERS = (".safetensors", ".npy", ".parquet", ".npz")
_DISKS = (100, 300, 600, 1000, 2000, 4000)  # KB


def main() -> None:
    """Runs one part and prints its figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broken_runs", description=__doc__)
    parser.add_argument("part", choices=["kills", "signals", "processes", "disk"])
    parser.add_argument("--count", type=int, default=200, help="kills, default: 200")
    parser.add_argument("--seed", type=int, default=0, help="of the moments, default: 0")
    options = parser.parse_args()
    loop.SECONDS_BETWEEN_CHECKPOINTS = 0.0
    loop.SHARE_OF_CHECKPOINTS = math.inf
    with tempfile.TemporaryDirectory() as place:
        bench = _Bench(Path(place), random.Random(options.seed))
        parts = {
            "kills": lambda: _kills(bench, options.count),
            "signals": lambda: _signals(bench),
            "processes": lambda: _processes(bench),
            "disk": lambda: _disk(bench),
        }
        for line in parts[options.part]():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        sys.stdout.write(f"{bench.compared} runs compared, {bench.different} different\n")
    sys.exit(1 if bench.different else 0)


@dataclass
class _Bench:
    """A study, what an unbroken run of it leaves, and the comparison with that.

    Args:
        folder: for everything.
        chance: of the moments.
    """

    folder: Path
    chance: random.Random
    compared: int = 0
    different: int = 0
    study: Study = field(init=False)
    seconds: float = field(init=False)
    whole: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        torch.set_num_threads(1)  # further threads would be lost in the processes that are forked
        encoder = make_tiny_encoder(self.folder / "encoder")
        self.study = small_study(
            encoder,
            arms={"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
            targets=[{"name": "gettext", "languages": ["de", "he"]}],
            start="plain",
            budget={"updates": 12, "batch_size": 6},
            seeds=[1],
            comparisons=[],
        )
        whole = self.folder / "whole"
        session.run_study(self.study, whole / "out", Store(whole / "store"))  # reads what is cached
        began = time.monotonic()
        run = _Run(self.study, self.folder / "forked" / "store", self.folder / "forked" / "out")
        run.end()
        self.seconds = time.monotonic() - began
        self.whole = _numbers(whole / "store", whole / "out")
        if (words := self.compare(run)) != "same numbers":
            raise SystemExit(f"an unbroken run in a process of its own: {words}")

    def run(self, place: Path) -> _Run:
        """Starts the study in a store and a folder below a place."""
        return _Run(self.study, place / "store", place / "out")

    def compare(self, run: _Run) -> str:
        """Whether a run that ended well left the numbers of the unbroken one, and what else."""
        self.compared += 1
        numbers = _numbers(run.store, run.out)
        left = [p.name for p in (*run.store.rglob("*"), *run.out.rglob("*")) if ".draft" in p.name]
        left += [p.name for p in run.store.glob("unfinished/*")]
        if numbers != self.whole:
            self.different += 1
            names = {n for n in numbers | self.whole if numbers.get(n) != self.whole.get(n)}
            return f"DIFFERENT: {', '.join(sorted(names)[:5])}"
        return "same numbers" + (f", left over: {', '.join(left)}" if left else "")


class _Run:
    """A process that runs a study; it notes its phases in a pipe."""

    def __init__(self, study: Study, store: Path, out: Path) -> None:
        self.store, self.out = store, out
        self._phases, note = os.pipe()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._status: int | None = None
        with _child() as process:
            if process is None:
                os.dup2(self._words.fileno(), 2)
                os._exit(_carry_out(study, store, out, note))
        os.close(note)
        os.set_blocking(self._phases, False)
        self.process = process or 0

    def end(self, seconds: float | None = None) -> int | None:
        """The exit status, negative for a signal; None: it still runs after so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        while self._status is None and (until is None or time.monotonic() < until):
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.005)
        return self._status

    def send(self, *signals: signal.Signals) -> None:
        """Sends signals, unless it ended."""
        if self._status is None:
            for each in signals:
                os.kill(self.process, each)

    def phase(self) -> str:
        """What it did last."""
        with contextlib.suppress(BlockingIOError):
            noted = os.read(self._phases, 1_000_000).decode().split("\n")
            return noted[-2] if len(noted) > 1 else "start"
        return "start"

    def said(self) -> str:
        """The last line of its standard error."""
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").strip().split("\n")
        return lines[-1]

    def first_words(self) -> str:
        """The first line of its standard error."""
        self._words.seek(0)
        return self._words.read().decode(errors="replace").strip().split("\n")[0]


class _Noting(Silent[Step]):
    """Notes the kind of each step."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def note(self, phase: str) -> None:
        """Writes a phase down."""
        os.write(self._handle, f"{phase}\n".encode())

    def begin(self, step: Step) -> None:
        """A step begins."""
        self.note(step.kind)


@contextlib.contextmanager
def _child() -> Iterator[int | None]:
    """Forks: None in the child, which ends with the block, its number in the parent."""
    process = os.fork()
    if process:
        yield process
        return
    yield None
    os._exit(0)


def _carry_out(study: Study, store: Path, out: Path, handle: int) -> int:
    heard = _Noting(handle)
    try:
        kept = Store(store)
        heard.note("planning")
        plan = plan_study(study)
        plan, records = run_plan(plan, kept, heard)
        heard.note("run folder")
        write_run_folder(plan, kept, records, out)
        RunFolder.read(out)
    except CrossLiftError as error:
        os.write(2, str(error).encode())
        return _REFUSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BaseException:  # noqa: BLE001 - its traceback is the finding
        os.write(2, traceback.format_exc().encode())
        return _FAULT
    return 0


def _numbers(store: Path, out: Path) -> dict[str, str]:
    """File of an artifact, or results.csv -> SHA-256."""
    paths = [p for p in store.glob("*/*/**/*") if p.suffix in _NUMBERS]
    numbers = {p.relative_to(store).as_posix(): sha256_of_file(p) for p in paths}
    return numbers | {"results.csv": sha256_of_file(out / "results.csv")}


def _kills(bench: _Bench, count: int) -> Iterator[str]:
    """Kills at moments spread over planning, every kind of step and the run's folder."""
    yield f"an unbroken run takes {bench.seconds:.1f} s"
    phases: collections.Counter[str] = collections.Counter()
    kinds: collections.Counter[str] = collections.Counter()
    place, fresh = bench.folder / "broken", True
    while phases.total() < count:
        run = bench.run(place)
        # the first try of a study is killed anywhere in it, those that resume it sooner
        status = run.end(bench.chance.uniform(0, bench.seconds * (1.0 if fresh else 0.5)))
        fresh = False
        if status is None:
            phases[run.phase()] += 1
            run.send(signal.SIGKILL)
            status = run.end()
        if status == 0:
            kinds[bench.compare(run)] += 1
            shutil.rmtree(place)
            fresh = True
        elif status != -signal.SIGKILL:
            kinds[f"ended with {status}: {run.first_words()}"] += 1
    run = bench.run(place)
    run.end()
    kinds[bench.compare(run)] += 1
    yield f"{phases.total()} kills: " + ", ".join(f"{n} in {p}" for p, n in phases.most_common())
    yield from (f"{number} x {kind}" for kind, number in kinds.most_common())


def _signals(bench: _Bench) -> Iterator[str]:
    """Each signal three times, early, in the middle and late; then the same command again."""
    for name, signals in {
        "TERM": (signal.SIGTERM,),
        "HUP": (signal.SIGHUP,),
        "INT": (signal.SIGINT,),
        "INT twice": (signal.SIGINT, signal.SIGINT),
        "STOP, CONT": (signal.SIGSTOP, signal.SIGCONT),
    }.items():
        for share in (0.2, 0.5, 0.8):
            place = bench.folder / f"{name}-{share}"
            run = bench.run(place)
            run.end(share * bench.seconds)
            phase = run.phase()
            for number, each in enumerate(signals):
                if number:
                    time.sleep(0.02 if each == signal.SIGINT else 1.0)
                run.send(each)
            status = run.end()
            again = bench.run(place)
            words = bench.compare(again) if again.end() == 0 else again.first_words()
            yield f"{name} in {phase}: ended with {status}; again: {words}"


def _processes(bench: _Bench) -> Iterator[str]:
    """Two and four processes on one store, each with its folder; then one of them is killed."""
    for count in (2, 4):
        for killed in (False, True):
            place = bench.folder / f"{count}-{killed}"
            runs = [
                _Run(bench.study, place / "store", place / f"out-{number}")
                for number in range(count)
            ]
            words = ""
            if killed:
                words = f", one killed in {_kill_a_holder(runs, bench)}"
                runs = runs[1:]
            for run in runs:
                run.end()
            found = [bench.compare(run) if run.end() == 0 else run.first_words() for run in runs]
            yield f"{count} processes{words}: {'; '.join(found)}"


def _kill_a_holder(runs: Sequence[_Run], bench: _Bench) -> str:
    """Kills the first process while it trains, which it does under the lock of the step."""
    phase = ""
    for _ in range(int(bench.seconds * 400)):
        phase = phase if (now := runs[0].phase()) == "start" else now
        if phase == "train" or runs[0].end(0.005) is not None:
            break
    runs[0].send(signal.SIGKILL)
    runs[0].end()
    return phase


def _disk(bench: _Bench) -> Iterator[str]:
    """Disks that are full at one point after another, then enlarged."""
    place = bench.folder / "disk"
    place.mkdir()
    for which in ("store", "out"):
        for size in _DISKS:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", place], check=True
            )
            try:
                other = bench.folder / f"{which}-{size}"
                store = place / "store" if which == "store" else other / "store"
                out = place / "out" if which == "out" else other / "out"
                run = _Run(bench.study, store, out)
                status, words = run.end(), run.first_words() or "ended well"
                subprocess.run(["mount", "-o", "remount,size=1g", place], check=True)
                again = _Run(bench.study, store, out)
                found = bench.compare(again) if again.end() == 0 else again.first_words()
                yield f"{which} on {size} KB: {status}, {words[:90]}; enlarged: {found}"
            finally:
                subprocess.run(["umount", place], check=True)


if __name__ == "__main__":
    main()
