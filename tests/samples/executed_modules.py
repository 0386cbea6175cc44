"""Which modules the making of steps executes that are no part of the steps' code."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from crosslift.steps import make_step as making
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

LISTENING = {"crosslift.artifacts.progress", "crosslift.steps.run"}
"""Reports how far a step is: whoever listens is no part of what is made."""


@contextmanager
def modules_outside_their_code() -> Iterator[dict[str, set[str]]]:
    """Gives kind of step -> modules of the package that the steps made in the block executed, and that
    are not in their code."""
    outside: dict[str, set[str]] = {}
    make_step = making.make_step

    def traced(
        step: Step, workplace: Workplace, status: Status | None = None, kept: bool = True
    ) -> Path:
        executed: set[str] = set()

        def profile(frame: FrameType, event: str, argument: object) -> None:
            executed.add(frame.f_globals.get("__name__", ""))

        def make(step: Step, workplace: Workplace, folder: Path) -> None:
            threading.setprofile(profile)
            sys.setprofile(profile)
            try:
                original(step, workplace, folder)
            finally:
                sys.setprofile(None)
                threading.setprofile(None)  # type: ignore[arg-type]

        original, known = step.make, set(step.code)
        step.__dict__["make"] = make
        try:
            return make_step(step, workplace, status, kept)
        finally:
            step.__dict__["make"] = original
            own = {name for name in executed if name.startswith("crosslift.")}
            outside.setdefault(step.kind, set()).update(own - known - LISTENING)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "make_step", traced)
        yield outside
