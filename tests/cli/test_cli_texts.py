"""Texts of users are printed literally: no markup, no emoji, no unprintable bytes."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from report_sample import write_sample
from rich.console import Console

from crosslift.cli.listing import _print
from crosslift.cli.live_progress import LiveProgress, StatusLine
from crosslift.cli.output import bar_for, console_for, write_json
from crosslift.errors import DataError
from crosslift.results.result_record import ResultRecord

HOSTILE = "[/b] [red]x[/red] :cat: [link=a"


class Named(ResultRecord):
    name: str
    package: str = ""


def terminal() -> Console:
    """A console as `console_for` makes it, on a terminal that is kept as text."""
    console = console_for(None)
    console.file = io.StringIO()
    console._force_terminal = True
    return console


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_strings_tables_and_bars_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console = terminal()
    console.print(HOSTILE)
    assert HOSTILE in printed(console)
    for chosen in (None, HOSTILE):
        _print([Named(name=HOSTILE)], ("name",), None, "target", chosen)
        assert HOSTILE in capsys.readouterr().out
    with bar_for(console) as bar:
        bar.update(bar.add_task(HOSTILE), advance=1)
        bar.refresh()
    assert printed(console).count(HOSTILE) >= 2


def test_labels_of_steps_are_no_markup() -> None:
    step: Any = SimpleNamespace(kind="train", label=HOSTILE, key="k", group="")
    console = terminal()
    line = StatusLine(console, "reading")
    with line.status:
        line.begin(step)
        line.advance(0.5)
    estimates: Any = SimpleNamespace(total=lambda steps: 1.0)
    with LiveProgress(console, [step], estimates, {}) as progress:
        progress.begin(step)
        progress.advance(0.5)
        progress.fail(step, DataError(HOSTILE))
        progress.end(step, 1.0)
    assert printed(console).count(HOSTILE) >= 3


def test_a_hostile_question_is_printed_as_it_is(crosslift: Any, tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "[run]", remark=HOSTILE)
    result = crosslift("report", folder)
    assert result.code == 0, result.err
    assert HOSTILE in result.out
    assert "[run]" in result.out.replace("\n", "")


def test_what_is_no_plain_file_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        write_json({"a": 1}, str(pipe))
        assert json.loads(os.read(reader, 100)) == {"a": 1}
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_name_of_a_file_that_is_no_utf_8_is_written_with_escapes(tmp_path: Path) -> None:
    write_json({"path": "a\udcff"}, str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"path": "a\udcff"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("evaluate", "", "--target", "names"), "name: '': String should have at least 1"),
        (
            ("evaluate", "embedded", "--target", "names", "--languages", "de,de"),
            "languages: ('de', 'de'): each entry once; 'de' appears twice",
        ),
        (("evaluate", "~nouser/x", "--target", "names"), "'~nouser/x' begins with the home"),
        (("report", "x" * 300), "File name too long"),
        (("plan", "x" * 300), "cannot be read"),
        (("plan", "\udcff.yaml"), "cannot be read"),
        (("plan", "[/b].yaml"), "the study [/b].yaml cannot be read"),
    ],
)
def test_odd_arguments_end_in_one_error(
    crosslift: Any, arguments: tuple[str, ...], says: str
) -> None:
    result = crosslift(*arguments)
    assert result.code == 2
    assert says in result.err
    assert "Traceback" not in result.err
