"""The lines that a run prints where it has no terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from crosslift.cli import live_progress
from crosslift.cli.live_progress import LiveProgress


def step(label: str, key: str, group: str = "") -> Any:
    return SimpleNamespace(kind="train", label=label, key=key, group=group)


def log_of(steps: list[Any], owners: dict[str, list[str]], *notes: str) -> list[str]:
    """The lines of a run in which every step reports these notes, a tenth of it at a time."""
    estimates: Any = SimpleNamespace(total=lambda steps: 60.0)
    file = io.StringIO()
    with LiveProgress(Console(file=file, width=80), steps, estimates, owners) as progress:
        for each in steps:
            progress.begin(each)
            for number, note in enumerate(notes, 1):
                progress.note(note)
                progress.advance(number / 10)
            progress.end(each, 90.0)
    return file.getvalue().splitlines()


def test_a_line_names_number_arm_seed_update_and_loss() -> None:
    steps = [step("name-alias, seed 1", "a"), step("gettext-mlm, seed 0", "b")]
    owners = {"a": ["text, seed 1"], "b": ["baseline, seed 0", "text, seed 1", "text, seed 2"]}
    assert log_of(steps, owners, "update 3, loss 1.25") == [
        "done [1/2] text, seed 1: train: name-alias, seed 1, update 3, loss 1.25 1 min 30 s",
        "done [2/2] baseline, seed 0 (and 2 more): train: gettext-mlm, seed 0, update 3, loss 1.25 "
        "1 min 30 s",
    ]


def test_a_long_step_prints_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_progress, "_SECONDS_BETWEEN_LINES", 0.0)
    lines = log_of([step("qa", "a")], {"a": ["qa, seed 1"]}, "update 1, loss 2", "update 2, loss 1")
    assert [line.rpartition(", ")[0] for line in lines[1:3]] == [
        "[1/1] qa, seed 1: train: qa, update 1, loss 2, 10%",
        "[1/1] qa, seed 1: train: qa, update 2, loss 1, 20%",
    ]
    assert all(line.endswith(" left") for line in lines[:3])


def test_a_short_step_prints_no_line_before_its_end() -> None:
    assert len(log_of([step("qa", "a")], {}, "update 1, loss 2", "update 2, loss 1")) == 1


def test_notes_of_one_step_are_not_those_of_the_next() -> None:
    steps = [step("qa", "a"), step("encode", "b")]
    estimates: Any = SimpleNamespace(total=lambda steps: 60.0)
    file = io.StringIO()
    with LiveProgress(Console(file=file, width=80), steps, estimates, {}) as progress:
        progress.begin(steps[0])
        progress.note("update 1, loss 2")
        progress.end(steps[0], 1.0)
        progress.begin(steps[1])
        progress.end(steps[1], 1.0)
    assert "loss" not in file.getvalue().splitlines()[1]


def test_steps_of_one_group_share_a_line() -> None:
    steps = [step(f"tatoeba, {code}", code, "tatoeba") for code in ("ar", "de", "fr")]
    steps += [
        step("tatoeba, hi", "hi", "tatoeba"),
        step("qa", "qa"),
        step("names, de", "x", "names"),
    ]
    owners = {code: ["text, seed 1"] for code in ("ar", "de", "fr", "qa", "x")}
    assert log_of(steps, owners | {"hi": ["text, seed 2"]}) == [
        "done [1-3/6] text, seed 1: train: tatoeba (3 parts) 4 min 30 s",
        "done [4/6] text, seed 2: train: tatoeba, hi 1 min 30 s",
        "done [5/6] text, seed 1: train: qa 1 min 30 s",
        "done [6/6] text, seed 1: train: names, de 1 min 30 s",
    ]


def test_a_group_of_short_steps_prints_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_progress, "_SECONDS_BETWEEN_LINES", 0.0)
    lines = log_of([step("tatoeba, ar", "a", "tatoeba"), step("tatoeba, de", "b", "tatoeba")], {})
    assert [line.partition(",")[0] for line in lines] == [
        "[1/2] train: tatoeba",
        "[2/2] train: tatoeba",
        "done [1-2/2] train: tatoeba (2 parts) 3 min 00 s",
    ]
