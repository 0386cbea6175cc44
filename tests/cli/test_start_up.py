"""What a command loads before it says that something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "peft", "matplotlib", "sentence_transformers", "datasets")
ABSENT = """
name: x
question: Is it there?
seeds: [1]
starts: {plain: {encoder: embedded}}
start: plain
arms: {baseline: {}}
targets: [{name: tatoeba, data: nowhere}]
"""
CODE = """
import sys
from crosslift.cli.main import main
sys.argv = ["crosslift", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    print(end.code, *sorted(n for n in sys.modules if n in {HEAVY!r}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["tasks"], 0),
        (["targets"], 0),
        (["run", "nowhere.yaml"], 2),
        (["plan", "nowhere.yaml"], 2),
        (["run", "broken.yaml"], 2),
        (["plan", "wrong.yaml"], 2),
        (["register", "wrong.yaml"], 2),
        (["report", "nowhere"], 2),
        (["claims", "nowhere"], 2),
        (["export", "nowhere", "arm", "to"], 2),
        (["power", "nowhere", "--effect", "1"], 2),
        (["evaluate", "embedded", "--target", "tatoba"], 2),
        (["evaluate", "embedded", "--target", "xnli"], 2),
        (["evaluate", "embedded", "--target", "tatoeba", "--data", "nowhere"], 2),
        (["evaluate", "embedded", "--target", "tatoeba", "--data", "."], 2),
        (["evaluate", "someone/nothing", "--target", "bitext", "--data", "."], 2),
        (["tasks", "snly"], 2),
        (["targets", "tatoba"], 2),
        (["plan", "absent.yaml"], 2),
        (["run", "absent.yaml"], 2),
        (["init", "nowhere.csv"], 2),
        (["improve", "embedded", "--pairs", "nowhere.csv", "--out", "better"], 2),
        (["sweep", "embedded", "--target", "tatoba"], 2),
        (["explore", "nowhere", "--serve"], 2),
        (["explore", "nowhere", "--serve", "--corpus", "nowhere.txt"], 2),
        (["explore", "nowhere", "--port", "1"], 2),
    ],
)
def test_mistakes_are_found_before_anything_heavy_is_loaded(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "broken.yaml").write_text("name: x\narms: {a: {}\n", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text("name: x\nseeds: 3\n", encoding="utf-8")
    (tmp_path / "absent.yaml").write_text(ABSENT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("{HEAVY!r}", repr(HEAVY)), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == str(code), done.stderr
