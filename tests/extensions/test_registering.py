"""Declarations from Python: in a module, and in a script that is run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from installed_package import forget, use

import crosslift
from crosslift.errors import StudyError
from crosslift.extensions.origin import followed_packages
from crosslift.metrics.table import METRICS, Metric
from crosslift.steps.code_behind import modules_behind
from crosslift.targets.all_targets import TARGETS, find_target
from crosslift.targets.bitext import BITEXT
from crosslift.targets.target import Target
from crosslift.tasks.all_tasks import find_task

MODULE = """
import crosslift
from crosslift.metrics.table import Metric
from own_ranks import {function}

def declare():
    crosslift.register_metric(Metric("own_metric", "own", "own_metric", of_rank={function}))
"""


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = [dict(registry._registered) for registry in (TARGETS, METRICS)]
    yield
    for registry, names in zip((TARGETS, METRICS), before, strict=True):
        registry._registered.clear()
        registry._registered.update(names)  # type: ignore[arg-type]


def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    (tmp_path / f"{name}.py").write_text(MODULE.format(function="squared"))
    (tmp_path / "own_ranks.py").write_text("def squared(ranks):\n    return 1 / ranks**2\n")
    use(tmp_path, monkeypatch, name, "own_ranks")
    return __import__(name)


def test_a_module_declares_and_its_code_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_module(tmp_path, monkeypatch, "own_metrics").declare()
    metric = METRICS["own_metric"]
    origin = METRICS.origin("own_metric")
    assert origin is not None and (origin.words, origin.version) == ("module own_metrics", "")
    assert {"own_metrics", "own_ranks"} <= followed_packages()
    protocols = [replace(p, metric=metric.name) for p in BITEXT.protocols]
    assert "own_ranks" in modules_behind(protocols, skip=Path)


def test_the_same_module_may_declare_again_and_another_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = own_module(tmp_path, monkeypatch, "own_metrics")
    first.declare()
    first.declare()
    second = own_module(tmp_path, monkeypatch, "more_metrics")
    with pytest.raises(StudyError, match="by module own_metrics and by module more_metrics"):
        second.declare()
    with pytest.raises(StudyError, match="declared by crosslift itself and by module"):
        crosslift.register_target(replace(BITEXT, title="other"))
    with pytest.raises(StudyError, match="is a BitextTarget"):
        crosslift.register_task(BITEXT)
    forget("own_metrics", "more_metrics", "own_ranks")


def test_what_is_declared_outside_of_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    with pytest.raises(StudyError, match="declared in __main__, which is no file"):
        TARGETS.register(replace(BITEXT, name="mine"), "__main__")


def test_metrics_of_ranks_are_checked() -> None:
    with pytest.raises(StudyError, match="a function"):
        Metric("x", "x", "x", of_rank=partial(max, 1))
    with pytest.raises(StudyError, match="no outcome"):
        Metric("x", "x", of_rank=lambda ranks: ranks)


def test_tasks_that_bring_their_data_say_so() -> None:
    with pytest.raises(StudyError, match=r"task 'name-alias' brings its own data.*x\.tsv"):
        find_task("name-alias", Path("x.tsv"))
    with pytest.raises(StudyError, match="knows its columns"):
        find_task("name-alias", columns={"anchor": "a"})


SCRIPT = """
import json
import sys
from dataclasses import replace

import crosslift
from crosslift.targets.bitext import BITEXT

def within_2(ranks):
    return (ranks <= {most}) * 1.0

crosslift.register_metric(
    crosslift.Metric("within_2", "within 2", "within_2", answers="candidates", of_rank=within_2)
)
protocols = tuple(replace(p, metric="within_2") for p in BITEXT.protocols)
crosslift.register_target(replace(BITEXT, name="mine", metric="within_2", protocols=protocols))
target = crosslift.TargetSettings(name="mine", data=sys.argv[1])
scores = crosslift.evaluate(sys.argv[2], target, store=crosslift.Store(sys.argv[3]))
print(json.dumps(scores.macro))
"""


def test_a_script_declares_a_metric_and_a_target(xlm_folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "bitexts"
    data.mkdir()
    (data / "x.de-en.tsv").write_text("eins\tone\nzwei\ttwo\ndrei\tthree\nvier\tfour\n")
    script = tmp_path / "script.py"
    command = [sys.executable, str(script), str(data), str(xlm_folder), str(tmp_path / "store")]
    values = []
    for most in (2, 4):
        script.write_text(SCRIPT.format(most=most))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        values.append(json.loads(done.stdout.splitlines()[-1]))
    assert values[1]["within_2"] == 1.0 >= values[0]["within_2"] >= values[0]["top1_accuracy"]
    assert values[0]["top1_accuracy"] == values[1]["top1_accuracy"]


def test_ours_are_of_crosslift() -> None:
    assert TARGETS.origin("names") is None and TARGETS.origin("nothing") is None
    assert isinstance(find_target("names"), Target)
