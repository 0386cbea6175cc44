"""Two processes that work in turn, a step at a time, so that both meet the same noise."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

Answers = list[dict[str, Any]]


def alternate(commands: Sequence[Sequence[str]], steps: int) -> list[Answers]:
    """Lets modules do steps in turn.

    Args:
        commands: module and arguments of each side; for each line it reads it does a step and answers
            with one line of JSON.
        steps: of each side.

    Returns:
        The answers of each side.
    """
    answers: list[Answers] = [[] for _ in commands]
    with ExitStack() as open_processes:
        sides = [open_processes.enter_context(_started(command)) for command in commands]
        for _ in range(steps):
            for side, kept in zip(sides, answers, strict=True):
                kept.append(_step(side))
    return answers


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    whole = [sys.executable, "-m", *command]
    with subprocess.Popen(
        whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _step(process: subprocess.Popen[str]) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a contender without pipes")
    process.stdin.write("step\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a contender stopped: {process.args!r}")
    answer: dict[str, Any] = json.loads(line)
    return answer
