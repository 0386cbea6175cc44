"""How long steps are expected to take, and the speed of the machine that decides it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosslift.artifacts import matrix_speed as speeds
from crosslift.artifacts.store import Store
from crosslift.steps.estimates import Estimates

MEASURED = speeds._measured  # before the fixture of all tests puts a fixed speed in its place


def step(kind: str, work: float = 100.0) -> Any:
    settings = {"encoder": {"files": "embedded:1"}}
    return SimpleNamespace(kind=kind, work=work, settings=settings)


def seconds(store: Path, kind: str) -> float:
    value = Estimates(Store(store)).seconds(step(kind))
    assert value is not None
    return value


def test_a_slower_machine_takes_longer_for_products_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("train", "encode", "overlap")
    fast = {kind: seconds(tmp_path, kind) for kind in kinds}
    monkeypatch.setattr("crosslift.steps.estimates.matrix_speed", lambda: 0.2e12)
    slow = {kind: seconds(tmp_path, kind) for kind in kinds}
    assert slow["overlap"] == fast["overlap"]
    for kind in ("train", "encode"):
        assert slow[kind] / fast[kind] == pytest.approx(0.55 + 0.45 * 5)


def test_the_speed_is_measured_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[float] = []

    def measure() -> float:
        measured.append(5e11)
        return 5e11

    monkeypatch.setattr(speeds, "_measured", measure)
    monkeypatch.setattr(speeds, "remembered", lambda question, ask: ask())
    speeds.matrix_speed.cache_clear()
    assert speeds.matrix_speed() == speeds.matrix_speed() == 5e11
    assert len(measured) == 1
    speeds.matrix_speed.cache_clear()


def test_the_measured_speed_is_that_of_a_processor() -> None:
    assert 1e8 < MEASURED() < 1e16
