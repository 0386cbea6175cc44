"""A whole study on workers: byte-equal results, and a worker that is killed in training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import yaml
from small_study import SCRATCH, small_study

from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines.processes import Processes
from crosslift.planning.plan_study import plan_study
from crosslift.steps.step import Step

ARMS = {
    "baseline": {},
    "text": {"stages": [{"task": "name-alias"}]},
    "image": {"stages": [{"task": "picture-name", **SCRATCH}]},
}


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def study(encoder: Path, **changes: Any) -> Any:
    targets = [{"name": "names", "languages": ["de", "fr"], "pairs": 20}]
    settings = {"seeds": [1, 2], "arms": ARMS, "targets": targets, "comparisons": []}
    return small_study(encoder, **(settings | changes))


def digests(asked: Any, store: Store) -> dict[str, str]:
    steps = plan_study(asked).steps()
    return {s.key: store.manifest(s.kind, s.key).digest for s in steps}


def test_workers_give_the_same_bytes_as_this_process(xlm_folder: Path, tmp_path: Path) -> None:
    asked = study(xlm_folder)
    alone, crew = Store(tmp_path / "alone"), Store(tmp_path / "crew")
    run_study(asked, tmp_path / "one", alone)
    run = run_study(asked, tmp_path / "two", crew, engine=Processes(2, threads=1))
    assert digests(asked, crew) == digests(asked, alone)
    assert (tmp_path / "two" / "results.csv").read_bytes() == (
        tmp_path / "one" / "results.csv"
    ).read_bytes()
    assert not any(each.reused for each in run.run.steps)
    again = run_study(asked, tmp_path / "two", crew, engine=Processes(2, threads=1))
    assert all(each.reused for each in again.run.steps)


class Killing(Silent[Step]):
    """Kills a worker in the middle of a training."""

    def __init__(self) -> None:
        self.label = ""
        self.killed = False
        self.warnings: list[str] = []

    def begin(self, work: Step) -> None:
        self.label = f"{work.kind}: {work.label}"

    def advance(self, done: float) -> None:
        if "train: name-alias" in self.label and not self.killed and 0 < done < 1:
            self.killed = True
            for child in psutil.Process().children():
                if "crosslift.engines.work" in child.cmdline():
                    child.kill()

    def warn(self, words: str) -> None:
        self.warnings.append(words)


def test_a_worker_that_is_killed_in_training(xlm_folder: Path, tmp_path: Path) -> None:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    asked = study(xlm_folder, arms=arms, seeds=[1], budget={"updates": 400, "batch_size": 4})
    alone, crew = Store(tmp_path / "alone"), Store(tmp_path / "crew")
    run_study(asked, tmp_path / "one", alone)
    listener = Killing()
    run_study(asked, tmp_path / "two", crew, listener, engine=Processes(1, threads=1))
    assert listener.killed
    assert any("died at train" in words for words in listener.warnings)
    assert digests(asked, crew) == digests(asked, alone)


def test_the_command_line_runs_workers(crosslift: Any, xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study(xlm_folder, seeds=[1]).model_dump(mode="json")))
    command = ("run", path, "--out", tmp_path / "run", "--store", tmp_path / "store")
    told = crosslift(*command, "--engine", "processes", "--workers", 2, "--threads", 1)
    assert told.code == 0, told.out
    assert (tmp_path / "run" / "report.html").is_file()
    for options, message in (
        (("--engine", "prozesses"), "unknown engine 'prozesses'"),
        (("--workers", 2), "the engine `local` makes one step after another"),
        (("--engine", "processes", "--address", "x"), "has no --address"),
        (("--engine", "processes", "--engine-option", "a=1"), "has no --engine-option a"),
        (("--engine", "slurm", "--engine-option", "a"), "NAME=VALUE"),
    ):
        refused = crosslift(*command, *options)
        assert refused.code == 2 and message in refused.out + refused.err, refused
