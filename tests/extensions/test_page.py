"""The page docs/extending.md: its package is that of the tests, and all that it shows runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from installed_package import PROVERBS, install, use

import crosslift
from crosslift.artifacts.store import Store

PAGE = Path("docs/extending.md").read_text(encoding="utf-8")


def test_the_page_shows_the_whole_package() -> None:
    shown = dict(re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL))
    files = [path for path in PROVERBS.rglob("*") if path.suffix in (".py", ".toml")]
    for path in files:
        name = path.relative_to(PROVERBS).as_posix()
        if path.name != "__init__.py":
            assert shown.pop(name) == path.read_text(encoding="utf-8"), name
    assert not shown


def test_the_study_of_the_page_runs(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(PROVERBS, tmp_path / "site")
    use(tmp_path / "site", monkeypatch, "crosslift_proverbs")
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    text = text.replace("encoder: embedded", f"encoder: {xlm_folder}").replace("20", "2")
    study = crosslift.parse_study(text.replace("[1, 2]", "[1]"))
    run = crosslift.run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    assert {score.target for score in run.scores} == {"proverbs", "names"}
    metrics = {score.metric for score in run.scores if score.target == "names"}
    assert "recall_at_3" not in metrics, "it is the metric of the other target"
    assert [each.name for each in run.run.extensions if each.what == "form"] == ["align-uniform"]


def test_the_script_of_the_page_runs(xlm_folder: Path, tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
    script = tmp_path / "script.py"
    script.write_text(code.replace('"embedded"', repr(str(xlm_folder))), encoding="utf-8")
    environment = os.environ | {"CROSSLIFT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert 0 <= float(done.stdout.splitlines()[-1]) <= 1
