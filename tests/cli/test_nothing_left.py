"""A run with nothing left, and a plan: what they print, load and write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crosslift.artifacts.store import Store
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import size_of_step
from crosslift.studies.reading import read_study

NOT_FOR_DOCTOR = ("numpy", "pyarrow", "jinja2", "crosslift.planning")
NOT_FOR_REPORT = ("jinja2", "crosslift.planning", "crosslift.making", "crosslift.training.train")
HEAVY = ("torch", "transformers", "peft", "matplotlib", "scipy", "datasets", "accelerate")
CODE = f"""
import sys
from crosslift.cli.main import main
sys.argv = ["crosslift", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    if end.code:
        raise
watched = {HEAVY + NOT_FOR_DOCTOR + NOT_FOR_REPORT!r}
print(*sorted(name for name in set(watched) if name in sys.modules), "are loaded", file=sys.stderr)
"""
COMMAND = ("run", "study.json", "--store", "store", "--out", "out")


def study_of(encoder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "name": "tiny",
        "question": "Does it run?",
        "seeds": [1, 2],
        "starts": {"plain": {"encoder": str(encoder)}},
        "start": "plain",
        "budget": {"updates": 2, "batch_size": 8},
        "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        "targets": [{"name": "names", "languages": ["de"]}],
    } | changes


def write_study(folder: Path, name: str, content: dict[str, Any]) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def give(folder: Path, *arguments: str) -> tuple[str, str]:
    """What a command prints, and the heavy modules that it loads."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        cwd=folder,
        env={**os.environ, "CROSSLIFT_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout, done.stderr.splitlines()[-1].removesuffix("are loaded").strip()


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, xlm_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    write_study(folder, "study.json", study_of(xlm_folder))
    give(folder, *COMMAND)
    return folder


def test_a_run_with_nothing_left_loads_nothing_and_writes_nothing(finished: Path) -> None:
    before = times(finished / "out")
    printed, loaded = give(finished, *COMMAND)
    assert "all up to date" in printed
    assert "Report: out/report.html" in printed.replace("\n", "")
    assert not set(loaded.split()) & set(HEAVY)
    assert times(finished / "out") == before


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (("doctor",), {*HEAVY, *NOT_FOR_DOCTOR}),
        (("report", "out"), {*HEAVY, *NOT_FOR_REPORT}),
        (("plan", "study.json", "--store", "store"), {*HEAVY} - {"scipy"}),
    ],
)
def test_commands_that_compute_nothing_load_little(
    finished: Path, arguments: tuple[str, ...], unneeded: set[str]
) -> None:
    give(finished, *arguments)  # doctor asks torch about the machine once
    _, loaded = give(finished, *arguments)
    assert not set(loaded.split()) & unneeded


def test_what_is_missing_in_a_folder_is_written_again(
    finished: Path, crosslift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    page = finished / "out" / "report.html"
    content = page.read_bytes()
    for damage in (page.unlink, lambda: page.write_bytes(content[:-1])):
        damage()
        assert crosslift("report", "out").code == 0
        assert page.read_bytes() == content
    (finished / "out" / "diagnostics.json").unlink()
    assert crosslift(*COMMAND).code == 0
    assert (finished / "out" / "diagnostics.json").is_file()


def test_a_new_question_is_written_into_the_folder(
    finished: Path, crosslift: Any, monkeypatch: pytest.MonkeyPatch, xlm_folder: Path
) -> None:
    monkeypatch.chdir(finished)
    write_study(finished, "other.json", study_of(xlm_folder, question="Does it run again?"))
    assert "all up to date" in crosslift("run", "other.json", *COMMAND[2:]).out
    assert "Does it run again?" in (finished / "out" / "report.html").read_text(encoding="utf-8")


def test_plan_prints_a_row_for_each_arm_and_the_tree_on_request(
    finished: Path, crosslift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    plan = ("plan", "study.json", "--store")
    done = crosslift(*plan, "store", "--json", "plan.json")
    assert "arm baseline, seed 1" not in done.out
    content = json.loads((finished / "plan.json").read_text(encoding="utf-8"))
    assert [arm["arm"] for arm in content["arms"]] == ["", "baseline", "text"]
    assert sum(arm["steps_up_to_date"] for arm in content["arms"]) == len(content["steps"])
    assert not any(arm["steps_to_run"] or arm["disk_bytes"] for arm in content["arms"])
    new = crosslift(*plan, "empty", "--tree", "--json", "plan.json")
    assert "arm text, seed 2" in new.out
    assert "are estimates" in new.out
    content = json.loads((finished / "plan.json").read_text(encoding="utf-8"))
    assert sum(arm["steps_to_run"] for arm in content["arms"]) == len(content["steps"])
    assert all(arm["memory_bytes"] > 2**28 for arm in content["arms"])


def test_the_estimated_disk_is_that_of_the_artifacts(finished: Path) -> None:
    steps = plan_study(read_study(finished / "study.json")).steps()
    store = Store(finished / "store")
    for kind, file in (("encode", "vectors.npy"), ("train", "encoder.safetensors")):
        for step in (step for step in steps if step.kind == kind):
            disk = (store.place(step.kind, step.key) / file).stat().st_size
            estimated = size_of_step(step).disk
            assert estimated is not None
            # a file has a header, and a training step trained rows of the token table, too
            assert 0.5 * disk < estimated < 1.1 * disk, kind
