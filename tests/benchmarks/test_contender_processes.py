"""Contenders in other processes: requests, answers, and a process that stops."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measuring.processes import peak_bytes, running

ROOT = Path(__file__).parents[2]
CONTENDER = """
import sys
from benchmarks.measuring.processes import Answers

answers = Answers()
while True:
    request = answers.next_request()
    if request.first == 99:
        sys.exit(1)
    if request.kind == "shares":
        answers.answer({"Python": 1.0})
    else:
        answers.answer({"name": sys.argv[1], "first": request.first, "steps": request.steps})
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "small_contender.py").write_text(CONTENDER, encoding="utf-8")
    paths = [str(tmp_path), str(ROOT), *sys.path]
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in paths if path))
    return "small_contender"


def test_contenders_do_what_is_requested(module: str) -> None:
    with running([[module, "ours"], [module, "theirs"]], steps=4) as contenders:
        for contender, name in zip(contenders, ("ours", "theirs"), strict=True):
            turn = contender.turn()
            assert contender.facts == {"name": name, "first": 0, "steps": 4}
            assert turn.seconds > 0
            assert turn.elsewhere >= 0
            assert turn.peak_bytes > 1e6
        later = contenders[0].of_steps(8, 2)
        later.turn()
        assert later.facts == {"name": "ours", "first": 8, "steps": 2}
        assert later.shares() == {"Python": 1.0}


def test_a_contender_that_stops_is_an_error(module: str) -> None:
    stopped = pytest.raises(RuntimeError, match="a contender stopped")
    with running([[module, "ours"]], steps=1) as (contender,), stopped:
        contender.of_steps(99, 1).turn()


def test_peak_memory_of_this_process_is_in_bytes() -> None:
    assert 10e6 < peak_bytes() < 1e12
