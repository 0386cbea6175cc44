"""The time limit of `python -m benchmarks.gpu` holds in the middle of an item."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu import within

ITEMS = ("one", "two", "three")


def run(
    script: str, seconds: float, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]]]:
    code = within(seconds, [sys.executable, "-c", script], ITEMS)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def stuck(tmp_path: Path) -> str:
    """Prints the first item, notes its temporary folder, and hangs in the second."""
    return (
        "import json, tempfile, time\n"
        "print(json.dumps({'item': 'one', 'ok': False}), flush=True)\n"
        f"open({str(tmp_path / 'place')!r}, 'w').write(tempfile.mkdtemp())\n"
        "time.sleep(600)"
    )


def test_an_item_that_takes_too_long_is_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = run(stuck(tmp_path), 10.0, capsys)
    assert code == 1, "a check had failed before"
    assert lines == [
        {"item": "one", "ok": False},
        {"item": "two", "ended": "no time left after 10 s"},
        {"item": "three", "left out": "no time left after 10 s"},
    ]
    assert not Path((tmp_path / "place").read_text()).exists()


def test_a_command_that_ends_in_time_decides(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import sys; print('{}'); sys.exit(3)", 600, capsys) == (3, [{}])
