"""Listeners, and what the command line shows of progress."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from crosslift.artifacts.progress import Phase, Silent, in_phase
from crosslift.cli.live_progress import PhaseBar
from crosslift.cli.mining import MiningProgress


class RecordingListener(Silent[Phase]):
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def begin(self, work: Phase) -> None:
        self.calls.append(("begin", work))

    def advance(self, done: float) -> None:
        self.calls.append(("advance", done))

    def end(self, work: Phase, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append(("end", work))


def test_a_phase_begins_and_ends() -> None:
    listener, phase = RecordingListener(), Phase("searching", "pairs", 10.0, 4.0)
    with in_phase(listener, phase):
        listener.advance(7.0)
    assert listener.calls == [("begin", phase), ("advance", 7.0), ("end", phase)]


def test_a_phase_that_fails_does_not_end() -> None:
    listener, phase = RecordingListener(), Phase("reading", "lines")
    with pytest.raises(KeyError), in_phase(listener, phase):
        raise KeyError
    assert listener.calls == [("begin", phase)]


def test_mining_prints_a_line_for_each_phase_that_did_something() -> None:
    written = io.StringIO()
    progress = MiningProgress(Console(file=written, width=100))
    for phase, done in (
        (Phase("reading", "lines"), 9),
        (Phase("encoding", "sentences", 50, 20), 50),
        (Phase("searching", "queries", 40, 40), 40),
    ):
        with in_phase(progress, phase):
            progress.advance(done)
    (line,) = written.getvalue().splitlines()
    assert line.startswith("done encoding: 30 sentences in ")
    assert line.endswith(" sentences/s")


def test_the_bar_of_phases_shows_the_share_of_each() -> None:
    listener = PhaseBar(Console(file=io.StringIO(), force_terminal=True), "reading the words")
    with listener.bar:
        with in_phase(listener, Phase("encoding", "words", 80.0)):
            listener.advance(20)
            (task,) = listener.bar.tasks
            assert (task.description, task.percentage) == ("encoding", 25)
        with in_phase(listener, Phase("measuring", "hidden states", 4.0)):
            (task,) = listener.bar.tasks
            assert (task.description, task.percentage) == ("measuring", 0)
