"""A run whose ranks are killed, fail or stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rank_work import divide_by_zero, refuse, train_and_be_hit

from crosslift.errors import TrainingError, UnknownNameError
from crosslift.ranks.launch import run_ranks
from crosslift.training import loop
from crosslift.training.checkpoint import load_tensors

SETTINGS = {"cases": ["groups"], "accumulation": 2, "updates": 8, "dropout": 0.1}
SAMPLES = Path(__file__).parents[1] / "samples"


def run(
    folders: dict[str, Path], checkpoint: Path, hit: tuple[int, int, str] | None, ranks: int = 2
) -> tuple[Any, list[Any]]:
    """What a run gives, and what its first rank says."""
    said: list[Any] = []
    arguments = (folders, checkpoint, SETTINGS, hit)
    return run_ranks(ranks, train_and_be_hit, arguments, said.append), said


def updates_in(checkpoint: Path) -> int:
    import json

    return int(json.loads(load_tensors(checkpoint)[1]["progress"])["updates"])


def test_stopped_and_killed_and_resumed_is_unbroken_bit_for_bit(
    tiny_folders: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also the order of the data (transformers issue 46628), and dropout."""
    (weights, facts), said = run(tiny_folders, tmp_path / "a", None)
    assert [content for kind, content in said if kind == "done"] == list(range(1, 9))

    place = tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        run(tiny_folders, place, (0, 2, "interrupt"))
    stopped_after = updates_in(place)
    assert 2 <= stopped_after < 8
    assert "stopping after this update" in capfd.readouterr().err

    with pytest.raises(TrainingError, match="rank 1 of 2 was lost") as caught:
        run(tiny_folders, place, (1, 2, "kill"))
    assert "SIGKILL" in caught.value.what
    assert caught.value.remedy is not None
    assert "resumes from its last checkpoint" in caught.value.remedy
    assert stopped_after < updates_in(place) <= stopped_after + 2

    (again, facts_again), said = run(tiny_folders, place, None)
    assert [content for kind, content in said if kind == "done"] == list(
        range(1, 9 - said_before(facts_again, said))
    )
    assert facts_again == facts
    for name, value in weights.items():
        assert np.array_equal(again[name], value), name


def said_before(facts: dict[str, Any], said: list[Any]) -> int:
    """Updates that were done before a run resumed."""
    return int(facts["updates"]) - sum(kind == "done" for kind, _ in said)


def test_resumed_on_another_number_of_devices_says_so(
    tiny_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosslift.ranks.ranks import ALONE

    for name in ("SECONDS_BETWEEN_CHECKPOINTS", "SHARE_OF_CHECKPOINTS"):  # the work sets them here
        monkeypatch.setattr(loop, name, getattr(loop, name))

    with pytest.raises(ZeroDivisionError):
        train_and_be_hit(
            ALONE, lambda _: None, tiny_folders, tmp_path / "a", SETTINGS, (0, 5, "raise")
        )
    (_, facts), said = run(tiny_folders, tmp_path / "a", None)
    assert facts["devices"] == [1, 2]
    assert facts["taken"] == {"text-pairs": 40}
    notes = [content for kind, content in said if kind == "note"]
    assert len(notes) == 4, "from the checkpoint after update 4"
    assert all("resumed on 2 devices, begun on 1" in note for note in notes)


def test_an_error_of_one_rank_is_the_error_of_the_run() -> None:
    with pytest.raises(ZeroDivisionError, match="rank 1 divides") as caught:
        run_ranks(2, divide_by_zero, (1,), lambda _: None)
    (note,) = caught.value.__notes__
    assert note.startswith("on rank 1 of 2")
    assert "in divide_by_zero" in note


def test_an_error_for_users_keeps_its_parts() -> None:
    with pytest.raises(UnknownNameError) as caught:
        run_ranks(1, refuse, (), lambda _: None)
    assert caught.value.what == "unknown arm 'txet'"
    assert caught.value.remedy == "did you mean 'text'?"


def test_work_that_cannot_be_sent() -> None:
    with pytest.raises(TrainingError, match="cannot be sent to several devices") as caught:
        run_ranks(2, divide_by_zero, (threading.Lock(),), lambda _: None)
    assert caught.value.remedy is not None
    assert "devices: 1" in caught.value.remedy


def test_a_killed_starter_leaves_no_rank_running() -> None:
    driver = (
        "from rank_work import say_process_and_wait\n"
        "from crosslift.ranks.launch import run_ranks\n"
        "run_ranks(2, say_process_and_wait, (), lambda pids: print(*pids, flush=True))\n"
    )
    path = os.pathsep.join([str(SAMPLES), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, "-c", driver],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        ranks = [int(word) for word in process.stdout.readline().split()]
        assert len(ranks) == 2
        assert all(map(lives, ranks))
        process.send_signal(signal.SIGKILL)
        process.wait()
    until = time.monotonic() + 20
    while any(map(lives, ranks)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(lives, ranks))


def lives(number: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
