"""How long commands take that compute nothing, beside loading the libraries that compute.

Seconds are of the processor, not of the clock: such commands wait for nothing.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs
from benchmarks.measuring.rows import Ratio, Row, Times, Work
from benchmarks.measuring.turns import Turn, take_turns
from tests.samples.tiny_encoder import make_tiny_encoder

_COMMAND = ("-c", "from crosslift.cli.main import main; main()")
_LIBRARIES = ("-c", "import torch, transformers")
_NOTHING = ("-c", "")


class ProcessorTime:
    """A contender that is a process of Python, timed by the processor seconds that it takes.

    Args:
        arguments: of Python.
        folder: in which it runs.
        code: with which it ends.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, code: int = 0) -> None:
        self._arguments, self._folder, self._code = arguments, folder, code

    def turn(self) -> Turn:
        """Runs the process once.

        Raises:
            RuntimeError: it ends with another code.
        """
        before = _children()
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, *self._arguments],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != self._code:
            raise RuntimeError(f"{self._arguments}: code {done.returncode}\n{done.stderr}")
        seconds = _children() - before
        return Turn(seconds, seconds)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_up_rows(bench: Bench) -> Iterator[Row]:
    """Rows of mistakes, lists, and a run with nothing left, each beside loading torch and transformers.

    The floor is an empty process of Python.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _write_studies(folder)
        run = ("run", "study.json", "--store", "store", "--out", "out")
        ProcessorTime((*_COMMAND, *run), folder).turn()
        commands: dict[str, tuple[tuple[str, ...], int]] = {
            "a mistake in a study": (("run", "mistake.json"), 2),
            "a plan with absent data": (("plan", "absent.json", "--store", "store"), 2),
            "tasks": (("tasks",), 0),
            "targets": (("targets",), 0),
            "doctor": (("doctor",), 0),
            "report": (("report", "out"), 0),
            "a run with nothing left": (run, 0),
        }
        ours = [ProcessorTime((*_COMMAND, *args), folder, code) for args, code in commands.values()]
        others = [ProcessorTime(_LIBRARIES, folder), ProcessorTime(_NOTHING, folder)]
        turns = take_turns([*ours, *others], 2 if bench.quick else 5)
    *of_ours, libraries, nothing = turns.seconds
    for name, seconds in zip(commands, of_ours, strict=True):
        yield Row(
            Work(f"start-up: {name}", "torch and transformers loaded", 1, "commands", _NO_NEEDS),
            Times.of(nothing).median,
            Times.of(seconds),
            Times.of(libraries),
            Ratio.of(seconds, libraries),
            turns.others,
            note="processor seconds",
        )


_NO_NEEDS = Needs(0.0, 0.0, "float32")


def _write_studies(folder: Path) -> None:
    encoder = make_tiny_encoder(folder / "encoder", "xlm-roberta")
    study: dict[str, Any] = {
        "name": "start-up",
        "question": "How long does nothing take?",
        "seeds": [1],
        "starts": {"plain": {"encoder": str(encoder)}},
        "start": "plain",
        "budget": {"updates": 2, "batch_size": 8},
        "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        "targets": [{"name": "names", "languages": ["de"]}],
    }
    absent = {**study, "targets": [{"name": "tatoeba", "data": "nowhere"}]}
    contents = {"study": study, "absent": absent, "mistake": {**study, "seeds": "three"}}
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
