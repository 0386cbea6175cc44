"""The tutorial: its files and commands work in the order in which they are shown, from an empty folder.

Everything trains for two updates with two seeds here; files and commands are otherwise as shown.
"""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosslift.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
_NAMED = re.compile(r"[Ss]ave (?:this|it) as\s+`([\w.]+)`")


def test_every_step_works_from_an_empty_folder(
    tmp_path: Path, converted_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    before, ran = 0, []
    for block in re.finditer(r"```(\w+)\n(.*?)```", text, re.DOTALL):
        named = _NAMED.search(text, before, block.start())
        before = block.end()
        if named is not None:
            Path(named[1]).write_text(_shorter(block[2]), encoding="utf-8")
        elif block[1] == "python":
            exec(block[2], {})
        else:
            assert block[1] == "sh", f"the block has no file name: {block[2]}"
            for line in block[2].splitlines():
                _run(line)
                ran.append(line.split()[1])
    assert {"make_data.py", "plan", "run", "compare", "export", "improve"} <= set(ran)
    assert all(
        (tmp_path / "runs" / name / "report.html").is_file()
        for name in ("pairs", "pictures", "better")
    )


def test_its_figures_are_those_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of files says how many pairs, names and drawings the script writes."""
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("make_data.py").write_text(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], "utf-8")
    runpy.run_path("make_data.py")
    rows = dict(re.findall(r"^\| `([\w./-]+)` \| (\d+) ", text, re.MULTILINE))
    assert {path: int(count) for path, count in rows.items()} == {
        "pairs.csv": _lines("pairs.csv") - 1,
        "bitexts/": _lines("bitexts/names.de-en.tsv"),
        "dev-bitexts/": _lines("dev-bitexts/names.tr-en.tsv"),
        "pictures/": len(list(Path("pictures").glob("*.png"))),
    }


def _shorter(content: str) -> str:
    return content.replace("seeds: [1, 2, 3]", "seeds: [1, 2]").replace("updates: 20", "updates: 2")


def _run(line: str) -> None:
    program, *arguments = shlex.split(line)
    if program == "python":
        runpy.run_path(arguments[0])
        return
    assert program == "crosslift", line
    if arguments[0] == "improve":
        arguments += ["--updates", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"


def _lines(path: str) -> int:
    return len(Path(path).read_text(encoding="utf-8").splitlines())
