"""`crosslift tasks` and `targets`: lists, and all facts of one."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crosslift.cli.main import app
from crosslift.errors import UnknownNameError
from crosslift.targets.all_targets import TARGETS
from crosslift.tasks.all_tasks import task_names


def shown(*arguments: str, width: int = 80) -> str:
    result = CliRunner().invoke(app, [*arguments], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(("command", "names"), [("tasks", task_names()), ("targets", TARGETS)])
def test_names_are_never_cut(command: str, names: list[str]) -> None:
    text = shown(command)
    for name in names:
        assert f"│ {name} " in text, name


def test_all_facts_of_a_target() -> None:
    text = shown("targets", "sts")
    assert "files: NAME.de.tsv or NAME.en-de.tsv" in text and "crosslift/graded" in text
    entry = json.loads(shown("targets", "tatoeba", "--json", "-"))
    assert entry["name"] == "tatoeba" and "NAME.de-en.de" in entry["files"]
    every = json.loads(shown("targets", "--json", "-"))
    assert all(bool(each["files"]) == each["needs_data"] for each in every)


def test_all_facts_of_a_task() -> None:
    text = " ".join(shown("tasks", "mnli").split())
    assert "files: multinli_1.0_train.jsonl" in text and "link: https://" in text
    assert json.loads(shown("tasks", "text-pairs", "--json", "-"))["needs_data"] is True


@pytest.mark.parametrize("command", ["tasks", "targets"])
def test_an_unknown_name_is_refused_with_the_nearest(command: str) -> None:
    result = CliRunner().invoke(app, [command, "tatoba" if command == "targets" else "mnly"])
    assert isinstance(result.exception, UnknownNameError)
    assert "did you mean" in str(result.exception)
