"""Workers that are jobs of submitit: its local executor runs them here as Slurm would elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import engine_steps
import pytest
from engine_steps import step

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines.all_engines import EngineOptions, engine_named
from crosslift.engines.crew import Crew
from crosslift.engines.slurm import Slurm
from crosslift.errors import StudyError
from crosslift.steps.step import Step

SAMPLES = str(Path(engine_steps.__file__).parent)
LOCAL = {"cluster": "local", "timeout_min": 5}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.pathsep.join(filter(None, [SAMPLES, os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


class Warnings(Silent[Step]):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def warn(self, words: str) -> None:
        self.heard.append(words)


def test_jobs_make_the_steps_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="needs the extra `slurm`")
    store = Store(tmp_path / "store")
    first = step("first")
    steps = [first, step("dies", [first], make=engine_steps.die_once), step("last", [first])]
    listener = Warnings()
    made = Crew(Slurm(2, 1, LOCAL)).make(steps, store, listener, keep_going=False, trust_code=False)
    assert made.keys == {each.key for each in steps}
    assert (steps[1].open(store) / "text").read_text() == "resumed from half"
    (warning,) = listener.heard
    assert "died at evaluate: dies: job " in warning


def test_a_machine_without_slurm_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="needs the extra `slurm`")
    monkeypatch.setenv("PATH", str(tmp_path))
    for options, words in (({}, "sbatch"), ({**LOCAL, "no_such_option": 1}, "no_such_option")):
        with pytest.raises(StudyError, match="Slurm's jobs cannot be described") as caught:
            Crew(Slurm(1, 1, options)).make(
                [step("a")], Store(tmp_path / "store"), Silent(), keep_going=False, trust_code=False
            )
        assert words in str(caught.value)


def test_without_submitit_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(StudyError, match="which is not installed") as caught:
        Crew(Slurm(1)).make(
            [step("a")], Store(tmp_path), Silent(), keep_going=False, trust_code=False
        )
    assert "crosslift[slurm]" in str(caught.value.remedy)


def test_options_of_the_command_line_are_numbers_where_they_can_be() -> None:
    jobs = {"timeout_min": "60", "slurm_partition": "cpu"}
    engine = engine_named("slurm", EngineOptions(3, 2, 1, jobs=jobs))
    assert engine == Slurm(3, 2, {"timeout_min": 60, "slurm_partition": "cpu"}, devices=1)
    with pytest.raises(StudyError, match="without --workers"):
        engine_named("slurm", EngineOptions())
