"""Every command, path, study and line of Python in the README and the pages works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import small_study

import crosslift
from crosslift.artifacts.store import Store
from crosslift.studies import reading
from crosslift.studies.reading import study_of
from crosslift.training.stage_settings import StageSettings

README = Path("README.md").read_text(encoding="utf-8")
PAGES = [
    *(Path(f"{name}.md") for name in ("README", "CONTRIBUTING", "DEVELOPERS", "CHANGELOG")),
    *sorted(Path("docs").glob("*.md")),
    *sorted(Path("docs/findings").glob("*.md")),
]
LONGEST_README = 130


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = Path(page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands() -> Any:
    from typer.main import get_command

    from crosslift.cli.main import app

    return get_command(app)


def test_the_page_of_commands_has_all_of_them() -> None:
    text = Path("docs/commands.md").read_text(encoding="utf-8")
    used = set(re.findall(r"crosslift (demo|[a-z-]+)(?= |`|\n)", text)) - {"needs"}
    assert used == set(commands().commands)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_in_code_exists_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shell = [line for block in blocks("sh", str(page)) for line in block.splitlines()]
    for code in [*re.findall(r"`(crosslift [^`]+)`", text), *shell]:
        match = re.match(r"crosslift ([a-z][a-z-]*)(.*)", code.partition("#")[0])
        if match is None or match[1] not in commands().commands:
            assert match is None or match[1] == "needs", code
            continue
        options = {o for p in commands().commands[match[1]].params for o in p.opts}
        if not hasattr(commands().commands[match[1]], "commands"):
            assert set(re.findall(r"(?<!\S)--[a-z-]+", match[2])) <= options, code


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


def test_every_make_target_exists() -> None:
    makefile = Path("Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", README))
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert subprocess.run(["make", "--dry-run", "test"], capture_output=True, check=True).stdout


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_linked_path_exists(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        if "://" not in link and path:
            assert (page.parent / path).exists(), link
        if heading and path.endswith(".md"):
            headings = re.findall(
                r"^#+ (.*)$", (page.parent / path).read_text("utf-8"), re.MULTILINE
            )
            assert heading in {_anchor(each) for each in headings}, link


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_stages_shown_are_valid() -> None:
    documents = [yaml.safe_load(block) for block in blocks("yaml", "docs/studies.md")]
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


def test_the_study_of_five_minutes_is_valid_and_runs(xlm_folder: Path, tmp_path: Path) -> None:
    (text,) = [block for block in blocks("yaml", "docs/own-data.md") if block.startswith("name:")]
    (tmp_path / "my-bitexts").mkdir()
    for code, sentence in (("de", "Satz"), ("en", "sentence")):
        lines = "".join(f"{sentence} {number}\n" for number in range(12))
        (tmp_path / "my-bitexts" / f"web.de-en.{code}").write_text(lines, encoding="utf-8")
    rows = [f"what is in it {number}\tit is the one of {number}" for number in range(40)]
    (tmp_path / "pairs.tsv").write_text("question\tanswer\n" + "\n".join(rows), encoding="utf-8")
    small = text.replace("encoder: embedded", f"encoder: {xlm_folder}").replace(
        "updates: 50", "updates: 2"
    )
    (tmp_path / "mine.yaml").write_text(small, encoding="utf-8")
    run = crosslift.run_study(
        crosslift.read_study(tmp_path / "mine.yaml"), tmp_path / "run", Store(tmp_path / "store")
    )
    assert {arm.name for arm in run.run.arms} == {"baseline", "own", "own--placebo-labels"}


def test_the_python_on_own_data_runs(
    xlm_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (code,) = blocks("python", "docs/own-data.md")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    code = code.replace('"updates": 20', '"updates": 2')
    names: dict[str, Any] = {}
    exec(
        code.replace('"embedded"}', f"{str(xlm_folder)!r}}}").replace(
            'te("embedded"', f"te({str(xlm_folder)!r}"
        ),
        names,
    )
    printed = capsys.readouterr().out
    assert "own" in printed and "top1_accuracy" in printed
    run = names["run"]
    (stage,) = run.arm("own").stages
    assert stage.tasks[0].train == 4 and stage.tasks[0].english_share == 1.0
    german = {text for text, _ in names["bitexts"]["de"]}
    assert set(run.outcomes.to_arrow()["query_text"].to_pylist()) >= german
    assert [path.suffix for path in sorted((tmp_path / "home" / "rows").iterdir())].count(
        ".jsonl"
    ) == 1
