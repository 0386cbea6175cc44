"""Every command, path and line of Python in the README exists and works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import small_study

from crosslift.studies import reading
from crosslift.studies.reading import study_of
from crosslift.training.stage_settings import StageSettings

README = Path("README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_command_exists() -> None:
    from typer.main import get_command

    from crosslift.cli.main import app

    known: Any = get_command(app)
    used = set(re.findall(r"crosslift (demo|[a-z-]+)(?= |`|\n)", README)) - {"needs"}
    assert used == set(known.commands)
    for command, text in re.findall(r"crosslift ([a-z-]+) ([^`#\n]*)", README):
        options = {o for p in known.commands[command].params for o in p.opts}
        assert set(re.findall(r"--[a-z-]+", text)) <= options, (command, text)


def test_every_make_target_exists() -> None:
    makefile = Path("Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert subprocess.run(["make", "--dry-run", "test"], capture_output=True, check=True).stdout


def test_every_linked_path_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    for link in links:
        assert Path(link).exists(), link


def test_the_stages_shown_are_valid() -> None:
    documents = [yaml.safe_load(block) for block in blocks("yaml")]
    alone = [raw["stages"] for raw in documents if "stages" in raw]
    stages = [
        StageSettings.model_validate(stage)
        for stages_of_block in alone
        for stage in stages_of_block
    ]
    assert [stage.title for stage in stages] == ["text-pairs", "image-text"]
    start = {"starts": {"s": {"encoder": "embedded"}}, "start": "s", "budget": {"updates": 1}}
    rest = {"name": "x", "question": "y", "targets": ["names"]}
    titles = []
    for study in (raw for raw in documents if "arms" in raw):
        whole = study_of({**start, **rest, "baseline": next(iter(study["arms"])), **study})
        titles.append([arm.stages[0].title for arm in whole.arms.values()])
    assert titles == [["mnli + gettext-mlm", "mnli"], ["mnli", "word-pairs"]]


def test_the_python_shown_runs_in_ten_lines(
    tmp_path: Path,
    xlm_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (code,) = blocks("python")
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 10
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    small = small_study(xlm_folder, arms=arms, comparisons=[], start="plain")
    monkeypatch.setattr(reading, "read_study", lambda _: small)
    monkeypatch.chdir(tmp_path)
    # The README's encoder is the embedded one; a tiny one takes its place here.
    exec(code.replace('"embedded"', repr(str(xlm_folder))), {})
    printed = capsys.readouterr().out.splitlines()
    assert "baseline" in printed[0]
    assert 0 <= float(printed[-1]) <= 1
    assert (tmp_path / "runs" / "mine" / "report.html").is_file()
